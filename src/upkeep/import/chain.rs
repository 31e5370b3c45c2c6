//! The events of one spec, from what its front matter says and from git's history of the file. Nothing is written here.

use gix::{ObjectId, actor::Signature, date::Time};

use super::{
    Read,
    commits::{CommitFinder, FoundCommits},
    directory::ChantDirectory,
    versions::{FileHistory, time},
};
use crate::{
    answer::ProblemView,
    domain::{
        diagnostic::Severity,
        event::{Approval, Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
        spec_file,
        spec_file::Foreign,
        spec_type::SpecType,
        status::Status,
    },
    error::Result,
    git::branch,
    project::{Project, target::short_name},
    specs::{
        text::{archive_path_of, path_of},
        view::rfc3339,
    },
    store::{Addition, Evidence, PastEvent},
};

/// The sources of every spec's events, besides its own file.
pub(super) struct ImportContext<'r> {
    pub(super) project: &'r Project,
    pub(super) home: &'r ChantDirectory,
    pub(super) history: &'r FileHistory<'r>,
}

/// A chain that can be written.
#[derive(Debug)]
pub(super) struct BuiltHistory {
    pub(super) past: Vec<PastEvent>,
    /// The status after it.
    pub(super) status: Status,
    /// The commits that the spec's work made.
    pub(super) commits: Vec<ObjectId>,
    /// The problems of what could not be carried over.
    pub(super) left: Vec<ProblemView>,
}

/// Makes the events of a spec. Nothing is written.
pub(super) fn build(context: &ImportContext<'_>, read: &Read, finder: &mut CommitFinder<'_>) -> Result<BuiltHistory> {
    let mut chain = Chain { context, read, foreign: &read.foreign, past: Vec::new(), left: Vec::new(), at: 0 };
    chain.add()?;
    chain.approval()?;
    let (status, commits) = chain.status(finder)?;
    let status = if read.source.archived { chain.archive(status)? } else { status };
    chain.keys();
    chain.members();
    Ok(BuiltHistory { past: chain.past, status, commits, left: chain.left })
}

struct Chain<'c> {
    context: &'c ImportContext<'c>,
    read: &'c Read,
    foreign: &'c Foreign,
    past: Vec<PastEvent>,
    left: Vec<ProblemView>,
    /// When the newest event happened, seconds since the epoch: what follows did not happen before.
    at: i64,
}

impl Chain<'_> {
    fn title(&self) -> &str {
        self.read.spec.title.as_deref().unwrap_or_else(|| self.read.source.id.short())
    }

    fn push(&mut self, op: Op, verb: &str, facts: Facts, mut author: Signature) {
        author.time.seconds = author.time.seconds.max(self.at);
        self.at = author.time.seconds;
        let sentence = if verb.is_empty() { self.title().to_owned() } else { sentence(verb, self.title(), "") };
        let evidence = Evidence { spec: Some(self.read.blob), ..Evidence::default() };
        let addition = Addition { event: NewEvent { op, sentence, facts }, evidence, informed: Vec::new() };
        self.past.push(PastEvent { addition, author });
    }

    /// Notes what could not be carried over of a key of the spec.
    fn say(&mut self, code: &str, key: &str, message: impl Into<String>) {
        self.say_with_help(code, key, message, None);
    }

    fn say_with_help(&mut self, code: &str, key: &str, message: impl Into<String>, help: Option<String>) {
        let place = self.read.spec.diagnostic(Severity::Warning, key, None, "", None);
        self.left.push(ProblemView {
            spec: Some(self.read.source.id.clone()),
            path: Some(self.read.source.path.clone()),
            line: (place.line > 0).then_some(place.line),
            column: (place.column > 0).then_some(place.column),
            help,
            ..ProblemView::new(Severity::Warning, code, message)
        });
    }

    /// The person who imports, at another time.
    fn person_at(&self, time: Time) -> Signature {
        Signature { time, ..self.context.history.person() }
    }

    /// When the spec was completed, if that is known and lies in the past.
    fn completed_at(&self) -> Option<Time> {
        let text = self.read.spec.front.completed_at.as_deref()?;
        time(text).filter(|time| (0..=self.context.history.person().time.seconds).contains(&time.seconds))
    }

    fn add(&mut self) -> Result<()> {
        let id = &self.read.source.id;
        let day = id.date().and_then(time);
        let mut author = match self.context.history.added(id)? {
            Some(author) => author,
            None => day.map_or_else(|| self.context.history.person(), |day| self.person_at(day)),
        };
        // Many are committed long after they were written: what was completed was there before.
        if let Some(completed) = self.completed_at().filter(|completed| completed.seconds < author.time.seconds) {
            author.time = day.filter(|day| day.seconds <= completed.seconds).unwrap_or(completed);
        }
        let now = self.context.history.person().time.seconds;
        author.time.seconds = author.time.seconds.clamp(0, now);
        let facts = Facts {
            phase: self.read.spec.front.phase.clone(),
            spec_path: Some(self.path()),
            spec_blob: Some(self.read.blob),
            created: Some(rfc3339(author.time.seconds, 0)),
            reason: Some(format!("imported from '{}'", self.read.source.below)),
            ..Facts::default()
        };
        self.push(Op::Add, "", facts, author);
        Ok(())
    }

    /// Where the file is here.
    fn path(&self) -> String {
        let id = &self.read.source.id;
        match (self.read.source.archived, self.read.source.nested && self.context.home.own) {
            (true, true) => self.read.source.below.clone(),
            (true, false) => archive_path_of(id),
            (false, _) => path_of(id),
        }
    }

    fn approval(&mut self) -> Result<()> {
        let approved = match self.foreign.approval.as_deref() {
            Some("approved") => true,
            Some("rejected") => false,
            _ => return Ok(()),
        };
        if self.context.project.config().require_signed()? {
            let message = "the approval is not imported: 'chant.requireSigned' is set";
            let help = format!("read it, then: git chant approve {}", self.read.source.id.short());
            self.say_with_help("approval", "approval", message, Some(help));
            return Ok(());
        }
        let answer = self.foreign.approval.clone();
        let since = self.since(|then| then.approval == answer)?;
        let (author, answered) = since.map_or((None, None), |(author, blob)| (author, Some(blob)));
        let said_at = self.foreign.approved_at.as_deref().and_then(time);
        let mut author = author.unwrap_or_else(|| self.context.history.person());
        if let Some(said) = said_at.filter(|said| (0..=author.time.seconds).contains(&said.seconds)) {
            author.time = said;
        }
        let blob = match answered {
            Some(blob) if blob != self.read.blob && !self.asks_the_same(blob)? => {
                self.say("approval", "approval", "the text has changed since that decision");
                blob
            }
            _ => self.read.blob,
        };
        let (op, verb) = if approved { (Op::Approve, "Approved") } else { (Op::Reject, "Rejected") };
        let by = self.foreign.approved_by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        let facts = Facts {
            approval: Some(Approval { approved, blob }),
            reason: Some(format!("{}{by} before the import", verb.to_lowercase())),
            ..Facts::default()
        };
        self.push(op, verb, facts, author);
        Ok(())
    }

    /// Whether an old version asks for the same work.
    fn asks_the_same(&self, blob: ObjectId) -> Result<bool> {
        let Some(bytes) = self.context.history.text(blob)? else { return Ok(false) };
        Ok(spec_file::parse("", &bytes).is_ok_and(|old| old.asks_the_same(&self.read.spec)))
    }

    /// The oldest version of the file since which every version satisfies `has`: its author, and its blob.
    fn since(&self, has: impl Fn(&Foreign) -> bool) -> Result<Option<(Option<Signature>, ObjectId)>> {
        let now = (self.read.blob, has(self.foreign));
        self.context.history.since(&self.read.source.id, now, has)
    }

    /// The person who gave the spec the status that it has, and when.
    fn changed(&self) -> Result<Signature> {
        let status = self.foreign.status.clone();
        let since = self.since(|then| then.status == status)?;
        Ok(since.and_then(|(author, _)| author).unwrap_or_else(|| self.person_at(Time::new(self.at, 0))))
    }

    fn status(&mut self, finder: &mut CommitFinder<'_>) -> Result<(Status, Vec<ObjectId>)> {
        let said = self.foreign.status.clone().unwrap_or_default().to_lowercase().replace('-', "_");
        match said.as_str() {
            "" | "pending" | "ready" | "blocked" => {}
            "completed" => return self.completed(finder),
            "failed" | "needs_attention" => {
                let facts = Facts { reason: Some(format!("it was '{said}' when it was imported")), ..Facts::default() };
                let author = self.changed()?;
                self.push(Op::Fail, "failed", facts, author);
                if said != "failed" {
                    self.say("status", "status", format!("'{said}' counts as failed"));
                }
                return Ok((Status::Failed, Vec::new()));
            }
            "cancelled" | "canceled" => {
                let author = self.changed()?;
                self.push(Op::Cancel, "Cancelled", Facts::default(), author);
                return Ok((Status::Cancelled, Vec::new()));
            }
            // A driver goes on as long as its members do.
            "in_progress" if self.read.spec.front.kind == SpecType::Driver => {}
            "in_progress" | "paused" => {
                let message = format!("'{said}' counts as pending: no run of chant is active here");
                let help = self.branch()?.map(|name| format!("its work is in the branch '{name}'"));
                self.say_with_help("status", "status", message, help);
            }
            _ => {
                self.say("status", "status", format!("'{}' is not a status; it counts as pending", said.escape_debug()))
            }
        }
        Ok((Status::Pending, Vec::new()))
    }

    /// The branch that the spec was worked in, if it is here.
    fn branch(&self) -> Result<Option<String>> {
        let repo = &self.context.project.repo;
        let usual = format!("chant/{}", self.read.source.id);
        for name in self.read.spec.front.branch.iter().chain([&usual]) {
            if let Ok(full) = crate::git::reference::branch_name(name)
                && branch::read(repo, full.as_ref())?.is_some()
            {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    fn completed(&mut self, finder: &mut CommitFinder<'_>) -> Result<(Status, Vec<ObjectId>)> {
        let front = &self.read.spec.front;
        let mut author = self.changed()?;
        match (self.completed_at(), &front.completed_at) {
            (Some(time), _) => author.time = time,
            (None, Some(text)) => {
                let message = format!("'{}' is not a time in the past; using the commit's", text.escape_debug());
                self.say("date", "completed_at", message);
            }
            (None, None) => {}
        }
        let found = finder.find(&front.commits)?;
        self.missing(&found);
        let lands = found.landed || found.here.is_empty() || self.read.source.archived;
        let target = found.target.filter(|_| !found.here.is_empty());
        let name = short_name(target.as_deref().unwrap_or("any branch")).to_owned();
        if !lands {
            let message = format!("it is finished, not completed: its commits are not in '{name}'");
            let help = format!("to merge them: git chant merge {}", self.read.source.id.short());
            self.say_with_help("commits", "commits", message, Some(help));
        }
        let model = front.model.clone();
        let facts = Facts { target, work_commits: found.here.clone(), model, ..Facts::default() };
        let (op, status, verb) = if lands {
            (Op::Complete, Status::Completed, "Completed")
        } else {
            (Op::Finish, Status::Finished, "Finished")
        };
        self.push(op, verb, facts, author);
        Ok((status, found.here))
    }

    fn missing(&mut self, found: &FoundCommits) {
        let quoted = |names: Vec<String>| format!("'{}'", names.join("', '"));
        if !found.missing.is_empty() {
            let names = quoted(found.missing.iter().map(|name| name.escape_debug().to_string()).collect());
            let verb = if found.missing.len() == 1 { "is no commit" } else { "are no commits" };
            self.say("commits", "commits", format!("{names} {verb} of this repository"));
        }
        if found.landed && !found.outside.is_empty() {
            let names = quoted(found.outside.iter().map(|id| id.to_hex_with_len(12).to_string()).collect());
            let target = short_name(found.target.as_deref().unwrap_or_default());
            let verb = if found.outside.len() == 1 { "is" } else { "are" };
            let how = if found.rewritten { ", which has the same changes in other commits" } else { "" };
            self.say("commits", "commits", format!("{names} {verb} not in '{target}'{how}"));
        }
    }

    fn archive(&mut self, status: Status) -> Result<Status> {
        let person = self.person_at(Time::new(self.at, 0));
        let author = self.context.history.archived(&self.read.source.id)?.unwrap_or(person);
        if !matches!(status, Status::Completed | Status::Cancelled) {
            self.say("archive", "status", format!("it was archived as {}; imported as cancelled", status.as_str()));
            let reason = Some("it was archived before it was completed".to_owned());
            self.push(Op::Cancel, "Cancelled", Facts { reason, ..Facts::default() }, author.clone());
        }
        self.push(Op::Archive, "Archived", Facts { spec_path: Some(self.path()), ..Facts::default() }, author);
        Ok(Status::Archived)
    }

    /// Notes the keys that mean nothing here.
    fn keys(&mut self) {
        for key in self.read.spec.front.unknown.iter().filter(|key| *key != "members") {
            self.say("key", key, format!("the key '{}' has no counterpart", key.escape_debug()));
        }
    }

    /// Notes members that are none here: members are known by their ids alone.
    fn members(&mut self) {
        let id = &self.read.source.id;
        let own = |member: &String| {
            SpecId::new(member).is_ok_and(|member| member.member_of().is_some_and(|(driver, _)| driver == *id))
        };
        let others: Vec<&String> = self.foreign.members.iter().filter(|member| !own(member)).collect();
        if let [first, ..] = others[..] {
            let message = format!("'{}' is no member: those of '{id}' are '{id}.1' and on", first.escape_debug());
            self.say("member", "members", message);
        }
        if let Some((driver, _)) = id.member_of()
            && driver.member_of().is_some()
        {
            self.say("member", "type", format!("it is no member of '{driver}', which is one itself"));
        }
    }
}
