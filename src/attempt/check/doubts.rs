//! Why a test that passes with an attempt's work may pass for another reason than the code of it: files that no code names, the text or the
//! history of the code, a helper that no longer asks for anything. Runs of the same test without the rest of the work tell.

use bstr::ByteSlice as _;

use super::{
    doubt::{Doubt, quoted},
    held::Source,
    proof::Prover,
    room::Room,
    test_set::Tests,
};
use crate::{
    domain::{
        checks::Command,
        code_text::{changes_code, comment_mark},
        naming::{is_code_by_name, is_data, names},
        proof,
        test_path::Role,
        test_text::{may_be_code, role_by_text},
    },
    error::Result,
    git::{history, overlay},
    specs::base::Base,
};

/// Words by which a test looks for files that it does not name.
pub(super) const LISTS: [&str; 12] = [
    "listdir", "glob", "scandir", "readdir", "read_dir", "ReadDir", "WalkDir", "os.walk", "iterdir", "opendir",
    "find ", "ls ",
];

/// Words by which a test looks at code as a text, or at its history.
const LOOKS: [&str; 15] = [
    ".chant",
    "getsource",
    "__file__",
    "getsize",
    "st_size",
    "hashlib",
    "sha1",
    "sha256",
    "md5",
    "include_str",
    "readFile",
    "ReadFile",
    "\"git\"",
    "'git'",
    "git ",
];

/// Why a test passes that does so with the changes as comments.
const BY_TEXT: &str = "the test passes with the changes as comments: it looks at the text or the history of the code";

/// In how many files, and of which size in bytes, names are looked for.
const MOST_FILES: usize = 2000;
const LARGEST: usize = 1 << 20;

/// What an attempt changed besides tests.
struct Parts {
    /// Code that was there.
    code: Vec<String>,
    /// Code that was there and of which only comments or white space changed.
    comments: Vec<String>,
    /// What is new or no code.
    rest: Vec<String>,
}

impl Prover<'_> {
    /// Why the held tests may pass without the code that was changed; `None` if nothing says so. `before` is the run that shows the bug.
    pub(super) fn needs_no_code(
        &self,
        room: &mut Room<'_>,
        source: &Source<'_>,
        tests: &Tests,
        before: &Command,
    ) -> Result<Option<Doubt>> {
        let mut parts = self.parts(source, tests)?;
        let text = source.text_of(tests)?;
        // Of others it is not known what a comment is.
        let marked: Vec<String> = parts.comments.iter().filter(|path| comment_mark(path).is_some()).cloned().collect();
        if parts.code.is_empty() {
            // Comments that a tool reads do nothing where they are moved to the end of their file.
            if !marked.is_empty() && self.passes_by_comments(room, source, tests, &marked, before)? {
                let what = format!("only comments of code changed, in {}", quoted(&marked));
                return Ok(Some(Doubt::Waits(format!("{BY_TEXT}; {what}"))));
            }
            parts.rest.append(&mut parts.comments);
            // Where there is no code that the test names, what was there and changed is what it tests.
            let about = !source.names_code(&text, &parts.rest)? && !self.any_new(source, &parts.rest)?;
            if about || parts.rest.is_empty() {
                return Ok(None);
            }
            let what = format!("no code that was there is changed; the test passes by {}", quoted(&parts.rest));
            return self.weighed(source, &text, &parts.rest, what).map(Some);
        }
        let lists = LISTS.iter().any(|word| text.contains(word));
        let beside = parts.rest.iter().chain(&parts.comments);
        let suspects: Vec<String> = beside.filter(|path| lists || names(&text, path)).cloned().collect();
        if !suspects.is_empty() {
            let laid = tests.with_files_of(&self.project.repo, self.made, &suspects)?;
            if let Ok(laid) = laid.over(&self.project.repo, source.base)?
                && self.proves(room, laid, source.command, before)?
            {
                let what = format!("the test passes with {} and without the changes of code", quoted(&suspects));
                return self.weighed(source, &text, &suspects, what).map(Some);
            }
        }
        let looks = LOOKS.iter().any(|word| text.contains(word));
        parts.code.extend(marked);
        if (looks || parts.code.iter().any(|path| text.contains(last(path))))
            && self.passes_by_comments(room, source, tests, &parts.code, before)?
        {
            return Ok(Some(Doubt::Waits(BY_TEXT.to_owned())));
        }
        Ok(None)
    }

    /// Whether the test passes where the changes of these files stand as comments.
    fn passes_by_comments(
        &self,
        room: &mut Room<'_>,
        source: &Source<'_>,
        tests: &Tests,
        paths: &[String],
        before: &Command,
    ) -> Result<bool> {
        match self.in_comments(source, tests, paths)? {
            Some(laid) => self.proves(room, laid, source.command, before),
            None => Ok(false),
        }
    }

    /// What the attempt changed besides the tests that are held, and other tests.
    fn parts(&self, source: &Source<'_>, tests: &Tests) -> Result<Parts> {
        let (held, since) = (tests.paths(), source.since()?);
        let mut parts = Parts { code: Vec::new(), comments: Vec::new(), rest: Vec::new() };
        for path in source.changed(|_| true)? {
            if held.contains(&path) || source.role(&path)? == Role::Test {
                continue;
            }
            let (before, after) = (source.text(since, &path)?, source.text(self.made, &path)?);
            let list = match before.as_deref().filter(|before| !is_data(&path, before)) {
                None => &mut parts.rest,
                Some(before) if after.as_deref().is_none_or(|after| changes_code(&path, before, after)) => {
                    &mut parts.code
                }
                Some(_) => &mut parts.comments,
            };
            list.push(path);
        }
        Ok(parts)
    }

    /// Whether the test passes at `commit`, which it does not where the bug is.
    fn proves(&self, room: &mut Room<'_>, commit: gix::ObjectId, command: &str, before: &Command) -> Result<bool> {
        Ok(proof::fix_fault_after(before, &room.run_to_pass(commit, command)?).is_none())
    }

    /// Whether one of the files was not there.
    fn any_new(&self, source: &Source<'_>, paths: &[String]) -> Result<bool> {
        let since = source.since()?;
        for path in paths {
            if source.text(since, path)?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The doubt that `what` says: it waits where tests with this `text` name code, and all of `paths` are data that no code names, so that
    /// only a test looks at them.
    fn weighed(&self, source: &Source<'_>, text: &str, paths: &[String], what: String) -> Result<Doubt> {
        if !source.names_code(text, paths)? {
            return Ok(Doubt::Note(what));
        }
        for path in paths {
            let is_code = is_code_by_name(path) && source.text(source.since()?, path)?.is_none();
            if is_code || self.code_names(path, &[])? {
                return Ok(Doubt::Note(what));
            }
        }
        Ok(Doubt::Waits(format!("{what}, which no code names")))
    }

    /// Whether code of the work besides tests, and besides the files `apart`, names the file at `path`, or the directory that holds it. More
    /// code than is read may name it.
    pub(super) fn code_names(&self, path: &str, apart: &[String]) -> Result<bool> {
        let files = Base::new(self.project, Some(self.made));
        let is_code = |other: &&String| {
            may_be_code(other) && other.as_str() != path && !other.starts_with(".chant/") && !apart.contains(other)
        };
        if files.files()?.iter().filter(is_code).count() > MOST_FILES {
            return Ok(true);
        }
        for other in files.files()?.iter().filter(is_code) {
            let Some((_, bytes)) = self.project.blob_in(self.made, other)? else { continue };
            if bytes.len() > LARGEST || is_data(other, &bytes[..bytes.len().min(2)].to_str_lossy()) {
                continue;
            }
            let text = bytes.to_str_lossy();
            if role_by_text(other, &[Some(&text)]) == Role::Test {
                continue;
            }
            let holds_it = path.rsplit_once('/').is_some_and(|(directory, _)| names(&text, directory));
            if holds_it || names(&text, path) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A commit with the code of the base and the held tests, in which the attempt's changes of `code` stand as comments, with the
    /// attempt's history; `None` if a language has no comments that are known.
    fn in_comments(&self, source: &Source<'_>, tests: &Tests, code: &[String]) -> Result<Option<gix::ObjectId>> {
        let (project, repo) = (self.project, &self.project.repo);
        let mut commented = Vec::new();
        for path in code {
            let (Some(mark), Some(before)) = (comment_mark(path), source.text(source.base, path)?) else {
                return Ok(None);
            };
            let Some(file) = overlay::file_in(repo, source.base, path)? else { return Ok(None) };
            let after = source.text(self.made, path)?.unwrap_or_default();
            let known: std::collections::HashSet<&str> = before.lines().collect();
            let mut text = before.clone();
            if !text.ends_with('\n') {
                text.push('\n');
            }
            for line in after.lines().filter(|line| !known.contains(line)) {
                match line.trim_start().starts_with(mark) {
                    true => text.push_str(&format!("{line}\n")),
                    false => text.push_str(&format!("{mark} {line}\n")),
                }
            }
            commented.push(overlay::TreeEntry { blob: project.store()?.write_blob(text.as_bytes())?, ..file });
        }
        // A test may look at the specs, too.
        for change in history::changed_paths(repo, Some(source.base), self.made)? {
            if let Some(path) = change.path.to_str().ok().filter(|path| path.starts_with(".chant/")) {
                commented.extend(overlay::file_in(repo, self.made, path)?);
            }
        }
        let tests = tests.with(commented);
        let Ok(laid) = tests.over(repo, source.base)? else { return Ok(None) };
        overlay::with_tree_of(repo, self.made, laid).map(Some)
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
