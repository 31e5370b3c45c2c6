//! An impact map: the files that a fix has to change, as a document names them.

use super::{
    Finding,
    block::{Block, Kind, blocks},
};
use crate::domain::pattern::{PathSet, check_path};

/// The files of a repository, as far as a map is held against them.
pub(crate) trait Files {
    /// Whether there is a file of that name, or a directory that has files.
    fn has(&self, path: &str) -> bool;

    /// Whether an entry such as `src/**` matches a file.
    fn matches(&self, set: &PathSet) -> bool;

    /// Whether some file has that extension.
    fn has_extension(&self, extension: &str) -> bool;

    /// How many files there are, those of git-chant apart.
    fn count(&self) -> usize;
}

/// A file, directory or glob that a map names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MapEntry {
    /// What it names, as `target_files` would.
    pub(crate) path: String,
    /// The line of the document, from 1.
    pub(crate) line: usize,
}

/// Words by which a map says that a file is not there yet.
const NEW: [&str; 23] = [
    "become", "becomes", "new", "create", "created", "creates", "added", "rename", "renamed", "move", "moved", "neu",
    "neue", "neuer", "nouveau", "nouvelle", "nuevo", "nueva", "nieuw", "novo", "nova", "ny", "yet",
];

/// What a heading, or a part, begins with that names files which stay as they are.
const UNTOUCHED: [&str; 17] = [
    "not ",
    "untouched",
    "unaffected",
    "unchanged",
    "out of scope",
    "no change",
    "nicht ",
    "unverändert",
    "sans ",
    "must stay",
    "must not change",
    "do not touch",
    "do not change",
    "don t touch",
    "don t change",
    "i also looked",
    "also looked",
];

/// What a heading has anywhere, under which a map names files that stay as they are.
const FORBIDS: [&str; 9] = [
    "must not",
    "not be changed",
    "not to be changed",
    "not to change",
    "not change",
    "not affected",
    "not touch",
    "stay as",
    "remain as",
];

/// What a heading begins with that names what depends on the files that change: that stays, unless it is said what changes in it.
const DEPENDENTS: [&str; 6] = ["what depends", "depends on", "dependents", "dependants", "callers", "used by"];

/// Words by which a part says that a file changes.
const CHANGES: [&str; 13] = [
    "change", "changes", "changed", "update", "updates", "updated", "adapt", "adapted", "adjust", "adjusted", "edit",
    "extend", "replace",
];

/// The entries of the map that a fix may change: they are there or said to be new, and not in a part that says what stays.
pub(crate) fn map_entries(document: &str, files: &dyn Files) -> Vec<MapEntry> {
    let mut found: Vec<MapEntry> = Vec::new();
    for named in named(document) {
        let known = is_there(&named.path, files);
        if !named.stays
            && (known || (named.new && looks_like_a_path(&named.path)))
            && !found.iter().any(|entry| entry.path == named.path)
        {
            found.push(MapEntry { path: named.path, line: named.line });
        }
    }
    found
}

/// What is wrong with a map: it names no file, or one that is not there and not said to be new.
pub(crate) fn map_findings(document: &str, files: &dyn Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut any = false;
    for named in named(document) {
        if is_there(&named.path, files) || (named.new && looks_like_a_path(&named.path)) {
            any = true;
        } else if named.code && !named.new && is_meant_as_a_file(&named.path, files) {
            let what = format!("'{}' does not exist", named.path);
            findings.push(Finding::new(
                named.line,
                what,
                "correct the path, or write '(new)' beside it if the fix creates it",
            ));
        }
    }
    if !any && findings.is_empty() {
        let help = "list every file to change: '- `src/a.rs`: what changes'";
        findings.push(Finding::new(1, "it names no file in the repository", help));
    }
    if findings.is_empty() && is_listing(document, files) {
        let help = "keep the files that the fix changes, each with what changes in it";
        findings.push(Finding::new(1, "it lists the files of the repository and says of none what changes", help));
    }
    findings
}

/// So many files are no map of a small project.
const MANY: usize = 5;

/// Whether a map has nearly every file there is, and nothing beside their names.
fn is_listing(document: &str, files: &dyn Files) -> bool {
    let entries = map_entries(document, files).len();
    if entries < MANY || entries * 10 < files.count() * 9 {
        return false;
    }
    let is_name = |word: &str| path_of(word).is_some_and(|path| is_there(&path, files));
    let says = |word: &str| word.contains(char::is_alphanumeric) && !is_name(word);
    let names_files = |block: &&Block| !block.is_heading() && bare(block).any(is_name);
    !blocks(document).iter().filter(names_files).any(|block| bare(block).any(says))
}

/// What a person should know of a map that is in order: no file that it names is there yet.
pub(crate) fn map_remark(document: &str, files: &dyn Files) -> Option<&'static str> {
    let entries = map_entries(document, files);
    let is_new = |entry: &MapEntry| !is_there(&entry.path, files);
    (!entries.is_empty() && entries.iter().all(is_new)).then_some("it names only files that do not exist yet")
}

struct Named {
    path: String,
    line: usize,
    /// Whether it is written as code.
    code: bool,
    new: bool,
    stays: bool,
}

/// Everything in the document that may be a path.
fn named(document: &str) -> Vec<Named> {
    let mut found = Vec::new();
    let (mut stays, mut depends): (Option<u8>, Option<u8>) = (None, None);
    for block in blocks(document) {
        if let Kind::Heading(level) = block.kind {
            let forbids = FORBIDS.iter().any(|words| block.words.contains(words));
            if stays.is_none_or(|of| level <= of) {
                let title = format!("{} ", block.words);
                let ends = ["unchanged", "untouched", "unaffected"].iter().any(|end| block.words.ends_with(end));
                let begins = UNTOUCHED.iter().any(|start| title.starts_with(start));
                stays = (ends || begins || forbids).then_some(level);
            }
            if depends.is_none_or(|of| level <= of) {
                depends = DEPENDENTS.iter().any(|start| block.words.starts_with(start)).then_some(level);
            }
            continue;
        }
        let changes = block.words.split(' ').any(|word| CHANGES.contains(&word));
        let unchanged = stays.is_some()
            || depends.is_some() && !changes
            || UNTOUCHED.iter().any(|start| block.words.starts_with(start));
        let new = block.words.split(' ').any(|word| NEW.contains(&word)) || block.text.contains(['→', '新']);
        let mut add = |text: &str, code: bool| {
            if let Some(path) = path_of(text) {
                let stays = unchanged || is_said_to_stay(&block.text, text);
                found.push(Named { path, line: block.line, code, new, stays });
            }
        };
        block.code.iter().for_each(|code| add(code, block.kind == Kind::Words));
        bare(&block).for_each(|word| add(word, false));
    }
    found
}

/// What follows the name of a file that stays as it is.
const STAYS: [&str; 31] = [
    "do not touch",
    "do not change",
    "don't touch",
    "don't change",
    "nothing to do",
    "nothing to change",
    "must not be changed",
    "must not change",
    "should not be changed",
    "should not change",
    "is not changed",
    "is not touched",
    "stays as",
    "stays unchanged",
    "remains as",
    "remains unchanged",
    "unchanged",
    "untouched",
    "no change",
    "needs no change",
    "need no change",
    "no need to change",
    "unaffected",
    "not affected",
    "not changed",
    "not touched",
    "must stay",
    "fine",
    "correct as",
    "right as",
    "only reads",
];

/// Whether a part of a map says of the file that `written` names that it stays as it is.
fn is_said_to_stay(text: &str, written: &str) -> bool {
    let Some((_, after)) = text.split_once(written) else { return false };
    let mut after = after.trim_start_matches([' ', ':', '`', '–', '—', '-', '(', ',']).to_lowercase();
    // What stands between the name and that.
    while let Some(rest) = ["which ", "that ", "it ", "this ", "is ", "are ", "will be "].iter().find_map(|word| {
        let is_said = STAYS.iter().any(|words| after.starts_with(words));
        after.strip_prefix(word).filter(|_| !is_said)
    }) {
        after = rest.to_owned();
    }
    STAYS.iter().any(|words| after.starts_with(words))
}

/// The words of a part outside of inline code.
fn bare(block: &Block) -> impl Iterator<Item = &str> {
    block.text.split(|c: char| c.is_whitespace() || ",;|()\"'".contains(c)).filter(|word| !word.is_empty())
}

/// The path in a text that is nothing but that, without a line number behind it.
fn path_of(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("./");
    let text = text.split("#L").next().unwrap_or(text);
    let text = text.trim_end_matches(['.', ':', ',']);
    let lines = |tail: &str| !tail.is_empty() && tail.chars().all(|c| c.is_ascii_digit() || "-–:,".contains(c));
    let text = match text.split_once(':') {
        Some((path, tail)) if lines(tail) => path,
        _ => text,
    };
    let plain = !text.is_empty() && !text.contains(char::is_whitespace) && !text.contains(['<', '>', '=', '"', '`']);
    let says = text.contains(char::is_alphanumeric);
    (plain && says && check_path(text.trim_end_matches('/')).is_ok() && !text.starts_with(".chant/"))
        .then(|| text.to_owned())
}

fn is_there(path: &str, files: &dyn Files) -> bool {
    let glob = path.contains(['*', '?', '[']);
    files.has(path.trim_end_matches('/')) || (glob && PathSet::new(&[path]).is_ok_and(|set| files.matches(&set)))
}

fn looks_like_a_path(path: &str) -> bool {
    path.contains('/') || extension(path).is_some()
}

/// Whether a name that leads nowhere was meant as a file: its directory is there, or files of its kind are.
fn is_meant_as_a_file(path: &str, files: &dyn Files) -> bool {
    let top = path.split_once('/').map(|(top, _)| top);
    if path.contains(['(', '*', '?', '[', '{', '$', ':', '@']) {
        return false;
    }
    let known = extension(path).is_some_and(|extension| files.has_extension(extension));
    top.map_or(known, |top| known || files.has(top))
}

fn extension(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, extension) = name.rsplit_once('.')?;
    let short = (1..=8).contains(&extension.len()) && extension.chars().all(|c| c.is_ascii_alphanumeric());
    (!stem.is_empty() && short && extension.contains(|c: char| c.is_ascii_alphabetic())).then_some(extension)
}
