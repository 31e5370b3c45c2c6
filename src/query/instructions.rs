//! The use case `instructions`: what an agent needs to know about the specs of a repository, in few words.
//!
//! It is read at the beginning of every session of an agent, so it has a budget, whatever the repository holds.

use crate::{
    domain::{id::SpecId, status::Status},
    error::Result,
    project::{Project, SPECS_DIR},
    specs::all::Specs,
    terminal::sanitize,
};

/// How long the text may be, in bytes: 500 tokens at four bytes each, a common estimate for English.
pub(crate) const BUDGET: usize = 2000;

/// How long the line of a spec may be, in bytes.
const LINE: usize = 96;

/// How many pending specs are looked at for those that are ready: each costs some reading.
const LOOKED_AT: usize = 200;

/// The text for a session that does not work on a spec.
const GUIDE: &str = "\
This repository plans its work as specs, with git-chant. A spec is a Markdown file, .chant/specs/<id>.md. Its state is recorded in git
(refs/chant/), never in the file.

git chant list --ready    the specs that can be worked on now
git chant status          what runs, what is blocked, what needs a person
git chant show <spec>     one spec; <spec> is an id or a short form of it, such as 010
git chant add \"<title>\"   create a spec; then edit its file
git chant work <spec>     have an agent do it in its own worktree, check the result and merge it
git chant why <file>:<n>  the spec that a line comes from
git chant <command> -h    its options; --json is for programs

To do a spec yourself, run git chant work <spec> --agent manual and change to the worktree that it prints. Do what the spec says, commit
there, and change '- [ ]' to '- [x]' for each criterion that you have seen hold. Then run git chant finish <spec>, which runs every check.
Never write 'status:' into a spec or change refs under refs/chant. Only people approve specs and open pull requests.
";

/// The text for a session that works on a spec.
const INSIDE: &str = "\
Do what it says and nothing else, and only in this worktree. In its file, change '- [ ]' to '- [x]' for each criterion that you have seen
hold; git-chant checks everything again after you. Commit in small steps; git-chant commits the rest. Leave other specs alone. Besides
commands that only read, you can use:

git chant fail <spec> -m \"<why>\"    report that the spec cannot be done; add --research-insufficient if its research is wrong
git chant add \"<title>\"             propose other work; a person decides, and no file of it appears here
git chant note <spec> -m \"<text>\"   tell the next agent and people something, in one line

After git chant fail, stop. Every other command is for people.
";

/// The text, [`BUDGET`] bytes at the most; `None` in a repository without specs and without their directory.
///
/// # Errors
/// If the specs cannot be read.
pub(crate) fn print(project: &Project) -> Result<Option<String>> {
    let specs = Specs::cached(project)?;
    if let Some(id) = project.env.text("CHANT_SPEC_ID").and_then(|id| SpecId::new(id).ok()) {
        return inside(&specs, &id).map(Some);
    }
    let all = specs.names.all()?;
    let prepared = project.repo.main_work_dir().is_some_and(|top| top.join(SPECS_DIR).is_dir());
    if all.is_empty() && !prepared {
        return Ok(None);
    }
    let mut overview = Overview::default();
    // The newest first: what is left out is what has waited longest.
    for id in all.into_iter().rev() {
        overview.take(&specs, id)?;
    }
    specs.write_cache()?;
    Ok(Some(overview.text()))
}

/// The text for an agent that works on the spec `id`.
fn inside(specs: &Specs<'_>, id: &SpecId) -> Result<String> {
    let entry = specs.entry(id)?;
    let line = line(id, entry.title(), "");
    let file = format!("{SPECS_DIR}/{id}.md");
    Ok(format!("You work on one spec of this repository: {}\nIts text is in {file}.\n\n{INSIDE}", line.trim()))
}

/// The open specs of the repository.
#[derive(Default)]
struct Overview {
    /// In the order in which they were met.
    counts: Vec<(Status, usize)>,
    running: Vec<String>,
    waiting: Vec<String>,
    ready: Vec<String>,
    looked_at: usize,
}

impl Overview {
    fn take(&mut self, specs: &Specs<'_>, id: &SpecId) -> Result<()> {
        let status = specs.recorded(id)?.status;
        match self.counts.iter_mut().find(|(counted, _)| *counted == status) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((status, 1)),
        }
        match status {
            Status::InProgress => self.running.push(line(id, specs.entry(id)?.title(), "")),
            Status::Finished | Status::Failed | Status::Paused => {
                self.waiting.push(line(id, specs.entry(id)?.title(), &format!(" ({status})")));
            }
            Status::Pending if self.looked_at < LOOKED_AT => {
                self.looked_at += 1;
                let entry = specs.entry(id)?;
                if specs.view(&entry)?.ready {
                    self.ready.push(line(id, entry.title(), ""));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Guide, numbers, and as many specs as there is room for.
    fn text(&self) -> String {
        let counts: Vec<String> = self.counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
        let counts = if counts.is_empty() { "none yet".to_owned() } else { counts.join(", ") };
        let mut text = format!("{GUIDE}\nSpecs: {counts}\n");
        for (title, lines, more) in [
            ("In progress", &self.running, "status"),
            ("Waiting for a person", &self.waiting, "status"),
            ("Ready", &self.ready, "list --ready"),
        ] {
            list(&mut text, title, lines, more);
        }
        text
    }
}

/// Adds the lines for which there is room, and says how many there are besides.
fn list(text: &mut String, title: &str, lines: &[String], command: &str) {
    let heading = format!("{title}:\n");
    let more = |left: usize| format!("  and {left} more: git chant {command}\n");
    let room = BUDGET.saturating_sub(text.len() + heading.len());
    let mut shown = fitting(lines, room);
    if shown < lines.len() {
        // Room for saying that there are more; where there is none even for that, the numbers have to do.
        let Some(room) = room.checked_sub(more(lines.len()).len()) else { return };
        shown = fitting(lines, room);
    }
    if lines.is_empty() {
        return;
    }
    text.push_str(&heading);
    text.extend(lines[..shown].iter().map(String::as_str));
    if shown < lines.len() {
        text.push_str(&more(lines.len() - shown));
    }
}

/// How many of the lines fit into `room` bytes.
fn fitting(lines: &[String], room: usize) -> usize {
    let ends = lines.iter().scan(0, |end, line| {
        *end += line.len();
        Some(*end)
    });
    ends.take_while(|end| *end <= room).count()
}

/// `  010-v7b  title`, as one line that is not too long. A title is foreign text: it cannot make a line of its own.
fn line(id: &SpecId, title: &str, after: &str) -> String {
    let mut line = format!("  {}  {}", id.short(), sanitize::line(title));
    if line.len() + after.len() > LINE {
        let mut end = LINE - after.len() - 3;
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line.push_str("...");
    }
    format!("{line}{after}\n")
}
