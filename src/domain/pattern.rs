//! Paths and globs as specs name them: which are safe, what an entry is, and which paths a set of entries covers.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use bstr::{BStr, BString, ByteSlice};
use gix::glob::wildmatch;
use gix::validate::path::component;

use super::id::SpecId;

/// The longest path or glob that is accepted, in bytes.
pub(crate) const MAX_PATH_LEN: usize = 4096;
/// The longest component of a path, in bytes: what the file systems take.
pub(crate) const MAX_COMPONENT_LEN: usize = 255;
/// The longest URL, in bytes.
pub(crate) const MAX_URL_LEN: usize = 2048;
/// Runs of `*` in one glob: matching goes back and forth between them, so that many cost exponential time.
const MAX_STARS: usize = 8;

/// What a string in `informed_by`, `target_files` and the like names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// `https://…`: recorded, never fetched.
    Url(String),
    /// `.chant/specs/<id>.md`, or a full id of this tool's form.
    Spec(SpecId),
    /// One file (or a directory that is written without its slash).
    Path(String),
    /// A pattern with `*`, `?` or `[`. A file of that very name goes before what the pattern matches.
    Glob(String),
    /// A path with a slash at its end, which is kept.
    Directory(String),
}

impl Entry {
    /// Tells what `text` names; the error is the rule that it breaks.
    pub(crate) fn parse(text: &str) -> Result<Entry, &'static str> {
        if is_url(text) {
            return check_url(text).map(|()| Entry::Url(text.to_owned()));
        }
        if let Some(id) = spec_of_path(text) {
            return Ok(Entry::Spec(id));
        }
        // Only an id of the tool's own form is told from a file name; any other is written as a path.
        if let Ok(id) = SpecId::new(text)
            && id.date().is_some()
        {
            return Ok(Entry::Spec(id));
        }
        let path = text.strip_suffix('/').unwrap_or(text);
        check_path(path)?;
        if is_glob(text) {
            check_glob(text)?;
            return Ok(Entry::Glob(text.to_owned()));
        }
        Ok(if path.len() < text.len() { Entry::Directory(text.to_owned()) } else { Entry::Path(text.to_owned()) })
    }

    /// The entry as it was written; for a spec its id.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Entry::Url(text) | Entry::Path(text) | Entry::Glob(text) | Entry::Directory(text) => text,
            Entry::Spec(id) => id.as_str(),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The spec whose file `path` is: `.chant/specs/<id>.md`.
pub(crate) fn spec_of_path(path: &str) -> Option<SpecId> {
    SpecId::new(path.strip_prefix(".chant/specs/")?.strip_suffix(".md")?).ok()
}

/// Whether `path` is a path that a spec may name: relative, inside the work tree, outside `.git`, the same on every
/// system; the error is the rule that it breaks. Globs pass if their components do.
pub(crate) fn check_path(path: &str) -> Result<(), &'static str> {
    check_path_bytes(path.as_bytes().as_bstr())?;
    if path.starts_with(':') {
        return Err("it starts with ':', which git reads as pathspec magic");
    }
    if path.starts_with('!') {
        return Err("it starts with '!': a spec cannot exclude paths");
    }
    if path.chars().any(super::character::is_unprintable) {
        return Err("it holds a control character");
    }
    Ok(())
}

/// [`check_path`] for a path that came from git and need not be UTF-8: the rules that keep it inside the work tree.
pub(crate) fn check_path_bytes(path: &BStr) -> Result<(), &'static str> {
    if path.is_empty() {
        return Err("it is empty");
    }
    if path.len() > MAX_PATH_LEN {
        return Err("it is longer than 4096 bytes");
    }
    if path.starts_with(b"/") {
        return Err("it is absolute: give it relative to the top of the work tree");
    }
    if path.find_byteset(b"\\").is_some() {
        return Err("it holds a backslash: separate directories with '/'");
    }
    if path.len() > 1 && path[0].is_ascii_alphabetic() && path[1] == b':' {
        return Err("it starts with a drive letter: give it relative to the top of the work tree");
    }
    if path.iter().any(|byte| *byte < 0x20 || *byte == 0x7f) {
        return Err("it holds a control character");
    }
    path.split(|byte| *byte == b'/').try_for_each(|part| check_component(part.as_bstr()))
}

fn check_component(part: &BStr) -> Result<(), &'static str> {
    if part.len() > MAX_COMPONENT_LEN {
        return Err("a component is longer than 255 bytes");
    }
    // `protect_windows` also bars names that git itself takes everywhere else (`aux.rs`, `a:b`): the drive letters and
    // backslashes that matter are barred above.
    let options = component::Options { protect_windows: false, protect_hfs: true, protect_ntfs: true };
    match gix::validate::path::component(part, None, options) {
        Ok(_) => Ok(()),
        Err(component::Error::Empty) => Err("it has an empty component"),
        Err(component::Error::Relative) => Err("it has a '.' or '..' component"),
        Err(component::Error::DotGitDir) => Err("it lies in '.git'"),
        Err(_) => Err("it has a component that git refuses"),
    }
}

/// Whether `name` can be part of a branch (`fix/<name>`) and of a file name on every system; the error is the rule that
/// it breaks.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("it is empty");
    }
    if name.len() > super::id::MAX_LEN {
        return Err("it is longer than 100 bytes");
    }
    if name.contains(['/', '\\']) {
        return Err("it holds a slash");
    }
    if name.starts_with('-') {
        return Err("it starts with '-'");
    }
    if name.chars().any(|c| c.is_whitespace() || super::character::is_unprintable(c)) {
        return Err("it holds white space or a control character");
    }
    if gix::validate::reference::name_partial(format!("fix/{name}").as_bytes().as_bstr()).is_err() {
        return Err("git takes no branch of that name");
    }
    match gix::validate::path::component(name.as_bytes().as_bstr(), None, component::Options::default()) {
        Ok(_) => Ok(()),
        Err(_) => Err("some systems take no file of that name"),
    }
}

/// Whether `text` begins as an address does.
pub(crate) fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

fn check_url(text: &str) -> Result<(), &'static str> {
    if text.len() > MAX_URL_LEN {
        return Err("it is longer than 2048 bytes");
    }
    if text.chars().any(|c| c.is_whitespace() || super::character::is_unprintable(c)) {
        return Err("it holds white space or a control character");
    }
    Ok(())
}

fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn check_glob(text: &str) -> Result<(), &'static str> {
    let runs = text.as_bytes().windows(2).filter(|pair| pair[0] != b'*' && pair[1] == b'*').count();
    if runs + usize::from(text.starts_with('*')) > MAX_STARS {
        return Err("it has more than eight '*'");
    }
    if !classes_end(text.as_bytes()) {
        return Err("it has a '[' without its ']': write '[[]' for the character");
    }
    Ok(())
}

/// Whether each `[` of a glob begins a class that ends: git matches nothing with another one.
fn classes_end(mut glob: &[u8]) -> bool {
    while let Some(at) = glob.find_byte(b'[') {
        let class = &glob[at + 1..];
        let class = class.strip_prefix(b"!").or_else(|| class.strip_prefix(b"^")).unwrap_or(class);
        let Some(end) = end_of_class(class) else { return false };
        glob = &class[end..];
    }
    true
}

/// Behind the `]` of a class: one at its beginning is a character of it, and so is that of `[:alpha:]`.
fn end_of_class(class: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = class.get(at..)?;
        let named = rest.strip_prefix(b"[:").and_then(|name| name.find(":]"));
        match (rest.first()?, named) {
            (b']', _) if at > 0 => return Some(at + 1),
            (b'[', Some(name)) => at += name + 4,
            _ => at += 1,
        }
    }
}

/// The paths that a list of entries (for example `target_files`) covers. A path is looked up, not compared with each entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathSet {
    /// The entries as they are written, each a file or the directory that files lie in.
    names: HashSet<Vec<u8>>,
    /// The entries that had a slash at their end, without it.
    directories: HashSet<Vec<u8>>,
    /// The globs by what every path begins with that they match, and then by what its last component begins with.
    globs: HashMap<Vec<u8>, HashMap<Vec<u8>, Vec<Glob>>>,
    /// The length of the longest of these beginnings of paths.
    longest: usize,
}

#[derive(Clone, Debug)]
struct Glob {
    /// Without a slash at its end.
    text: BString,
    /// What every path ends with that it matches.
    end: Vec<u8>,
    /// Whether it had a slash at its end: then it matches the directories that files lie in.
    directory: bool,
}

impl PathSet {
    /// Compiles entries; the error is the index of the first bad one and the rule that it breaks.
    ///
    /// A spec among them stands for its file; a URL covers no path.
    pub(crate) fn new<S: AsRef<str>>(entries: &[S]) -> Result<PathSet, (usize, &'static str)> {
        let mut set = PathSet::default();
        for (index, entry) in entries.iter().enumerate() {
            let (text, glob) = match Entry::parse(entry.as_ref()).map_err(|why| (index, why))? {
                Entry::Url(_) => continue,
                Entry::Spec(id) => (format!(".chant/specs/{id}.md"), false),
                Entry::Glob(text) => (text, true),
                Entry::Path(text) | Entry::Directory(text) => (text, false),
            };
            let directory = text.ends_with('/');
            let text = text.trim_end_matches('/');
            if glob {
                let begin = literal_start(text).as_bytes();
                let name = if directory { "" } else { start_of_name(text) };
                set.longest = set.longest.max(begin.len());
                let alike = set.globs.entry(begin.to_owned()).or_default();
                alike.entry(name.as_bytes().to_owned()).or_default().push(Glob::new(text, directory));
            }
            // The literal reading counts too, as in git: 'app/[id]/page.tsx' is a file as well as a pattern.
            let names = if directory { &mut set.directories } else { &mut set.names };
            names.insert(text.as_bytes().to_owned());
        }
        Ok(set)
    }

    /// Whether nothing is covered.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.directories.is_empty()
    }

    /// Whether `path`, a file relative to the top of the work tree, is covered: by its own name, by a directory that it lies
    /// in, or by a glob, where `*` and `?` stop at `/` and `**` does not (git's `:(glob)`).
    pub(crate) fn matches(&self, path: &BStr) -> bool {
        let above = || path.find_iter("/").map(|end| &path[..end]);
        let name = path.rsplit_once_str("/").map_or(path.as_bytes(), |(_, name)| name);
        let alike = (0..=path.len().min(self.longest)).filter_map(|end| self.globs.get(&path[..end]));
        let mut globs = alike.flat_map(|alike| (0..=name.len()).filter_map(|end| alike.get(&name[..end])).flatten());
        self.names.contains(path.as_bytes())
            || above().any(|dir| self.names.contains(dir.as_bytes()) || self.directories.contains(dir.as_bytes()))
            || globs.any(|glob| glob.matches(path))
    }
}

/// What stands before the first character of a glob that means more than itself.
fn literal_start(glob: &str) -> &str {
    &glob[..glob.find(['*', '?', '[', '\\']).unwrap_or(glob.len())]
}

/// What the last component of every path begins with that a glob matches, as far as that is easily seen.
fn start_of_name(glob: &str) -> &str {
    let name = glob.rsplit('/').next().unwrap_or_default();
    // A class may hold a slash.
    if glob.contains(['[', '\\']) || name.contains("**") { "" } else { literal_start(name) }
}

impl Glob {
    fn new(text: &str, directory: bool) -> Glob {
        let end = if directory { "" } else { text.rsplit(['*', '?', ']', '\\']).next().unwrap_or_default() };
        // `**/name` matches `name`, too.
        let end = end.trim_start_matches('/');
        Glob { text: text.into(), end: end.as_bytes().to_owned(), directory }
    }

    fn matches(&self, path: &BStr) -> bool {
        let matches = |path: &BStr| wildmatch(self.text.as_bstr(), path, wildmatch::Mode::NO_MATCH_SLASH_LITERAL);
        if self.directory {
            path.find_iter("/").any(|end| matches(path[..end].as_bstr()))
        } else {
            path.ends_with(&self.end) && matches(path)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::processor_time;

    #[test]
    fn entries_are_told_apart() {
        let id = |text| SpecId::new(text).expect("valid");
        for (text, entry) in [
            ("https://example.org/a?b=c", Entry::Url("https://example.org/a?b=c".into())),
            (".chant/specs/2026-02-08-010-v7b.md", Entry::Spec(id("2026-02-08-010-v7b"))),
            (".chant/specs/imported.md", Entry::Spec(id("imported"))),
            ("2026-02-08-010-v7b.2", Entry::Spec(id("2026-02-08-010-v7b.2"))),
            ("010-v7b", Entry::Path("010-v7b".into())),
            (".chant/specs/Not An Id.md", Entry::Path(".chant/specs/Not An Id.md".into())),
            (".chant/research/a.md", Entry::Path(".chant/research/a.md".into())),
            ("src/", Entry::Directory("src/".into())),
            ("src/**/*.rs", Entry::Glob("src/**/*.rs".into())),
            ("app/[id]/page.tsx", Entry::Glob("app/[id]/page.tsx".into())),
            ("aux.rs", Entry::Path("aux.rs".into())),
        ] {
            assert_eq!(Entry::parse(text), Ok(entry), "{text}");
        }
    }

    #[test]
    fn hostile_paths_are_refused() {
        let long = "a/".repeat(2500) + "a";
        let component = "a".repeat(256);
        for bad in [
            "",
            "/etc/passwd",
            "//x",
            "..",
            "a/../b",
            "./a",
            "a/./b",
            "a//b",
            ".git",
            ".git/config",
            "a/.GIT/x",
            "git~1",
            "GIT~1/x",
            ".g\u{200c}it/config",
            ".git /x",
            ".git./x",
            ".git::$INDEX_ALLOCATION/x",
            "C:/x",
            "c:x",
            "a\\b",
            "a\0b",
            "a\nb",
            "a\u{1b}[31mb",
            "a\u{7f}",
            "a\u{9b}",
            "a\u{202e}b",
            ":(exclude)a",
            "!a",
            &long,
            &component,
        ] {
            assert!(check_path(bad).is_err(), "{bad:?}");
            assert!(Entry::parse(bad).is_err(), "{bad:?}");
        }
        for good in
            ["a", "a/b", ".gitignore", ".github/x", "a b", "ä/ö", "...", "~a", "-a", "git~2", "a/b.c:d", "**/*.rs"]
        {
            assert_eq!(check_path(good), Ok(()), "{good:?}");
        }
        for endless in ["[", "src/[ab.rs", "[]", "[!]", "a*[", "[[:alpha:]", "[ab]/["] {
            assert!(Entry::parse(endless).is_err(), "{endless:?}");
        }
        assert!(Entry::parse("https://a\u{1b}").is_err() && Entry::parse("https://a b").is_err());
    }

    #[test]
    fn a_topic_is_a_branch_and_a_file_name() {
        for good in ["issue-1234", "x", "größe", "a.b"] {
            assert_eq!(check_name(good), Ok(()), "{good:?}");
        }
        for bad in [
            "", "a/b", "-a", ".a", "a..b", "a b", "a.lock", "a~1", "a:b", "@{u}", "a*", "nul", "a.", "a\n", "a\\b",
            "con",
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
        assert!(check_name(&"a".repeat(101)).is_err());
    }

    #[test]
    fn a_set_covers_names_directories_and_globs() {
        let set = |entries: &[&str]| PathSet::new(entries).expect("valid");
        for (entry, path, covered) in [
            ("src/a.rs", "src/a.rs", true),
            ("src/a.rs", "src/a.rss", false),
            ("src/a.rs", "x/src/a.rs", false),
            ("src", "src/a/b.rs", true),
            ("src", "srcs/a", false),
            ("src/", "src/a/b.rs", true),
            ("src/", "src", false),
            ("src/*.rs", "src/a.rs", true),
            ("src/*.rs", "src/a/b.rs", false),
            ("src/**/*.rs", "src/a/b/c.rs", true),
            ("src/**/*.rs", "src/a.rs", true),
            ("src/**", "src/a/b", true),
            ("*.rs", "src/a.rs", false),
            ("**/*.rs", "a.rs", true),
            ("**/Cargo.lock", "Cargo.lock", true),
            ("**/Cargo.lock", "a/Cargo.lock", true),
            ("a/**/b", "a/b", true),
            ("src/*/", "src/a/b/c", true),
            ("src/*/", "src/a", false),
            ("src/?.rs", "src/a.rs", true),
            ("src/[ab].rs", "src/b.rs", true),
            ("src/[ab].rs", "src/c.rs", false),
            ("[[]", "[", true),
            ("[]x]", "]", true),
            ("[^]x]", "]", false),
            ("[[:digit:]]", "7", true),
            ("src/a?/n*", "src/ab/name", true),
            ("src/a?/n*", "src/ab/mane", false),
            ("src/a**", "src/ab", true),
            ("a/**/b*/**", "a/x/bc/d/e", true),
            ("x[/]y", "x/y", false),
            ("src/n*/", "src/name/x/y", true),
            ("app/[id]/page.tsx", "app/[id]/page.tsx", true),
            ("2026-02-08-010-v7b", ".chant/specs/2026-02-08-010-v7b.md", true),
            ("https://a/b", "https://a/b", false),
        ] {
            assert_eq!(set(&[entry]).matches(path.into()), covered, "{entry} {path}");
        }
        assert!(!set(&[]).matches("a".into()) && set(&[]).is_empty());
        assert_eq!(PathSet::new(&["a", "../b"]).map(|_| ()).map_err(|(index, _)| index), Err(1));
    }

    #[test]
    fn thousands_of_globs_are_looked_up_not_tried() {
        let globs = |form: fn(usize) -> String| PathSet::new(&(0..4000).map(form).collect::<Vec<_>>()).expect("valid");
        let paths: Vec<String> = (0..4000).map(|number| format!("gen/p{number}/n{number}-x.txt")).collect();
        let forms: [fn(usize) -> String; 4] = [
            |number| format!("gen/**/n{number}-*.txt"),
            |number| format!("gen/p{number}/*-x.txt"),
            |number| format!("gen/p{number}*/**"),
            |number| format!("**/n{number}-?.txt"),
        ];
        for form in forms {
            let set = globs(form);
            let tried = |path: &str| {
                let path = path.as_bytes();
                let begun = (0..=path.len()).filter_map(|end| set.globs.get(&path[..end]));
                let name = path.rsplit_once_str("/").map_or(path, |(_, name)| name);
                begun.flat_map(|alike| (0..=name.len()).filter_map(|end| alike.get(&name[..end])).flatten()).count()
            };
            assert!(paths.iter().all(|path| set.matches(path.as_bytes().as_bstr()) && tried(path) < 10), "{}", form(1));
        }
    }

    #[test]
    fn globs_made_to_be_slow_are_refused_or_fast() {
        assert!(Entry::parse(&"*a".repeat(9)).is_err());
        let set = PathSet::new(&["*a".repeat(8) + "b"]).expect("eight stars are allowed");
        let (matches, took) = processor_time(|| set.matches("a".repeat(200).as_bytes().as_bstr()));
        assert!(!matches && took.as_secs() < 5, "{took:?}");
    }
}
