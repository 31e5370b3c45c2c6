//! What an attempt wrote: the text of its spec, its documents, its release notes. No command is run here.

use std::collections::BTreeSet;

use gix::bstr::ByteSlice;

use super::{Check, content};
use crate::{
    agent::prompt,
    answer::progress::Step,
    attempt::session,
    domain::{
        checks::{Checks, Criterion, Output},
        event::Pin,
        pattern::PathSet,
        phase::Phase,
        spec_file,
        spec_type::SpecType,
        text::{self, Known},
    },
    error::Result,
    git::{ignored, overlay, work_file},
    specs::{base::Base, documents, listing::Listing},
};

/// Where research goes.
const RESEARCH_DIR: &str = ".chant/research";

/// With how many documents of the repository a new one is compared, and how large one of them may be, in bytes.
const MOST_COMPARED: usize = 500;
const LARGEST_COMPARED: usize = 1 << 20;

impl Check<'_> {
    /// Everything but the ticks and the release notes counts as it was pinned.
    pub(super) fn spec_text(&self, checks: &mut Checks) -> Result<()> {
        let attempt = self.attempt;
        let Some(bytes) = self.tip_file(&attempt.spec_path)? else {
            checks.problems.push(format!("the spec file '{}' is missing", attempt.spec_path));
            return Ok(());
        };
        if spec_file::front_matter_bytes(&bytes) != spec_file::front_matter_bytes(&attempt.bytes) {
            checks.problems.push("the front matter of the spec was changed".to_owned());
        }
        checks.criteria = spec_file::compare_criteria(&attempt.spec.criteria, &spec_file::criteria_of(&bytes))
            .into_iter()
            .map(|criterion| Criterion { text: criterion.text, state: criterion.state })
            .collect();
        let notes = spec_file::release_notes_of(&bytes).unwrap_or_default();
        for line in notes.lines().filter_map(|line| line.trim_start().strip_prefix(['-', '*', '+'])) {
            let open = line.trim_start().strip_prefix("[ ]").map(str::trim);
            if let Some(text) = open.filter(|text| attempt.spec.criteria.iter().any(|one| one.text == *text)) {
                checks
                    .problems
                    .push(format!("the release notes contradict the criterion '{text}': its box is empty there"));
            }
        }
        if let Some((line, was)) = spec_file::changed_line(&attempt.bytes, &bytes) {
            let was = if was.is_empty() { "nothing".to_owned() } else { format!("'{was}'") };
            let problem = format!(
                "the text of the spec was changed at '{}:{line}', where it had {was}: only ticks and release notes may differ",
                attempt.spec_path
            );
            checks.problems.push(problem);
        }
        if attempt.spec.front.known_phase() == Some(Phase::ForkFix) {
            let known = self.known();
            let finding = text::notes_emptiness(spec_file::release_notes_of(&bytes).as_deref(), &known);
            checks.release_notes = Some(finding.is_none());
            checks.release_notes_lack = finding.map(|finding| format!("{}: {}", finding.what, finding.help));
        }
        Ok(())
    }

    /// The inputs of an attempt are what it was to follow, and no part of its work, unless its target files say so.
    pub(super) fn inputs(&self, checks: &mut Checks) -> Result<()> {
        let store = self.project.store()?;
        let Ok(start) = store.event(&self.attempt.id, self.attempt.start)? else { return Ok(()) };
        let targets = self.attempt.targets()?;
        let changed = self.changed_paths()?;
        for pin in start.facts.informed_by {
            let Pin::Path { path, blob } = pin else { continue };
            if targets.matches(path.as_bytes().as_bstr()) {
                continue;
            }
            let hidden = self.project.silent && path.starts_with(".chant/");
            let edited = hidden && self.tip_file(&path)?.is_some_and(|bytes| store.blob_id(&bytes) != blob);
            if edited || changed.contains(&path) {
                let problem =
                    format!("it changed its input '{path}': revert that, or list the file in the spec's target_files");
                checks.problems.push(problem);
            }
        }
        Ok(())
    }

    /// The declared outputs, with what is wrong with them.
    pub(super) fn outputs(&self) -> Result<Vec<Output>> {
        let front = &self.attempt.spec.front;
        let mut outputs = Vec::new();
        let mut add = |path: &str, why: Option<String>| -> Result<()> {
            let ok = why.is_none();
            let why = if ok { self.remark(path)? } else { why };
            outputs.push(Output { path: path.to_owned(), ok, why });
            Ok(())
        };
        let (plain, several): (Vec<_>, Vec<_>) = front.target_files.iter().partition(|entry| content::is_plain(entry));
        let mut documents = BTreeSet::new();
        let research = front.kind == SpecType::Research;
        // Other target files are what may change: they may be gone, or not needed.
        for path in plain.into_iter().filter(|path| research || path.starts_with(".chant/")) {
            add(path, self.unwritten(path)?)?;
            documents.insert(path.clone());
        }
        if !research {
            return Ok(outputs);
        }
        for entry in several {
            let Ok(set) = PathSet::new(&[entry]) else { continue };
            let written: Vec<String> =
                self.written()?.into_iter().filter(|path| set.matches(path.as_str().into())).collect();
            if written.is_empty() {
                add(entry, Some("none of its target_files was written".to_owned()))?;
            }
            for path in written.into_iter().filter(|path| documents.insert(path.clone())) {
                add(&path, self.unwritten(&path)?)?;
            }
        }
        Ok(outputs)
    }

    /// The declared outputs, found to be `outputs`, as they count where a person accepts that nothing changed.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(crate) fn outputs_as_accepted(&self, outputs: &[Output]) -> Result<Vec<Output>> {
        if self.may_be_empty || outputs.iter().all(|output| output.ok) {
            return Ok(outputs.to_vec());
        }
        Check { may_be_empty: true, ..*self }.outputs()
    }

    /// What the attempt wrote: the paths that it changed, in silent mode the research in its worktree that it was not given.
    fn written(&self) -> Result<Vec<String>> {
        let mut written = self.changed_paths()?;
        if self.project.silent
            && let Ok(entries) = work_file::list(self.worktree, RESEARCH_DIR.as_bytes().as_bstr())
        {
            let store = self.project.store()?;
            let given = store.evidence_files(self.attempt.start, "inputs")?;
            for path in entries.iter().map(|entry| format!("{RESEARCH_DIR}/{}", entry.name)) {
                let blob = self.tip_file(&path)?.map(|bytes| store.blob_id(&bytes));
                if blob.is_some() && !given.iter().any(|file| file.path == path && Some(file.blob) == blob) {
                    written.push(path);
                }
            }
        }
        Ok(written)
    }

    /// Why a declared output is none; `None` if it is one. Research is asked for more than that there is something: that this attempt
    /// wrote it, and that it says something.
    fn unwritten(&self, path: &str) -> Result<Option<String>> {
        let Some(bytes) = self.tip_file(path)? else {
            if overlay::file_in(&self.project.repo, self.tip, path)?.is_some() {
                return Ok(Some("it is a symbolic link, no text".to_owned()));
            }
            let rule = ignored::rule_for(&self.project.repo, path)?.filter(|_| self.worktree.join(path).is_file());
            return Ok(Some(rule.map_or_else(
                || "it is missing or empty".to_owned(),
                |rule| format!("it is written, but no commit has it: it is ignored by {rule}"),
            )));
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Some("it is missing or empty".to_owned()));
        }
        if self.attempt.spec.front.kind != SpecType::Research {
            return Ok(None);
        }
        let before = self.attempt.base.map(|base| self.project.blob_in(base, path)).transpose()?.flatten();
        if before.as_ref().is_some_and(|(_, before)| *before == bytes) {
            // Repeated research may find that it still holds.
            return Ok((!self.may_be_empty).then(|| "it is unchanged".to_owned()));
        }
        if !path.ends_with(".md") {
            return Ok(None);
        }
        let document = String::from_utf8_lossy(&bytes);
        if before.is_some_and(|(_, before)| text::same_words(&document, &String::from_utf8_lossy(&before))) {
            return Ok(Some("only its white space or comments changed".to_owned()));
        }
        let known = self.known();
        if let Some(finding) = documents::emptiness(&document, &known) {
            return Ok(Some(finding.words()));
        }
        if let Some(original) = self.original(path, &document, &known)? {
            return Ok(Some(format!("it is a copy of '{original}', or quotes only that; write what you found out")));
        }
        let files = || Listing::of(&Base::new(self.project, Some(self.tip)));
        let lacking = documents::unfit(&document, self.attempt.spec.front.known_phase(), &known, files)?;
        Ok(lacking.first().map(text::Finding::words))
    }

    /// What a person should know of a document that is in order.
    fn remark(&self, path: &str) -> Result<Option<String>> {
        if self.attempt.spec.front.known_phase() != Some(Phase::ImpactMap) || !path.ends_with(".md") {
            return Ok(None);
        }
        let Some(bytes) = self.tip_file(path)? else { return Ok(None) };
        let listing = Listing::of(&Base::new(self.project, Some(self.tip)))?;
        let remark = text::map_remark(&String::from_utf8_lossy(&bytes), &listing).map(str::to_owned);
        if let Some(remark) = &remark {
            self.progress.say(&Step::Warning(format!("'{path}': {remark}")));
        }
        Ok(remark)
    }

    /// What the spec says itself, which is no news in what it asks for.
    fn known(&self) -> Known {
        // Notes of an earlier attempt may hold again.
        let pinned = spec_file::begun_again(&self.attempt.bytes);
        let spec = String::from_utf8_lossy(&pinned);
        Known::of(self.attempt.spec.title.as_deref(), &spec)
    }

    /// The name of another document, or of the prompt, that says all that `document` does.
    fn original(&self, path: &str, document: &str, known: &Known) -> Result<Option<String>> {
        let store = self.project.store()?;
        let text =
            |bytes: Vec<u8>| (bytes.len() <= LARGEST_COMPARED).then(|| String::from_utf8_lossy(&bytes).into_owned());
        let named = |name: &str, bytes| text(bytes).map(|text| (name.to_owned(), text));
        let (mut inputs, mut others) = (Vec::new(), Vec::new());
        for file in store.evidence_files(self.attempt.start, "inputs")? {
            inputs.extend(named(&file.path, self.project.repo.gix().find_blob(file.blob)?.take_data()));
        }
        let given = session::read_own(self.worktree, session::PROMPT, LARGEST_COMPARED as u64);
        inputs.extend(given.and_then(|bytes| named(text::PROMPT, bytes)));
        inputs.push((text::PROMPT.to_owned(), prompt::built_in(&self.attempt.spec.front)));
        if let Some(base) = self.attempt.base {
            let files = Base::new(self.project, Some(base));
            for other in files.files()?.iter().filter(|other| other.ends_with(".md")).take(MOST_COMPARED) {
                let bytes = self.project.blob_in(base, other)?.map(|(_, bytes)| bytes);
                others.extend(bytes.and_then(|bytes| named(other, bytes)));
            }
        }
        let is_other = |(other, _): &&(String, String)| other != path && *other != self.attempt.spec_path;
        fn pair((name, text): &(String, String)) -> (&str, &str) {
            (name, text)
        }
        let inputs = inputs.iter().filter(is_other).map(pair);
        let others = others.iter().filter(is_other).map(pair);
        Ok(text::copied_from(document, known, inputs, others).map(str::to_owned))
    }
}
