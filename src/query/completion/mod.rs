//! The use case `completion`: what a shell is offered in place of a spec, label, topic, agent, branch or remote.
//!
//! A shell asks with every tab: specs are read by way of the index, and only those whose id fits what was typed.

mod rows;

use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsStr,
    sync::OnceLock,
};

pub(crate) use rows::Row;

use crate::{
    agent::preset,
    domain::{id::SpecId, status::Status},
    env::Env,
    git::{self, branch},
    project::{Project, agent::MANUAL},
    terminal::sanitize,
};

/// A value that may be typed, with what it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate {
    /// The value.
    pub value: String,
    /// A description, where there is one.
    pub help: Option<String>,
}

/// The kind of a value on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueKind {
    /// A spec on which that command, by its name, does something; any for one that has nothing to say about it.
    Spec(&'static str),
    /// A label.
    Label,
    /// A topic.
    Topic,
    /// A spec or a topic.
    SpecOrTopic,
    /// An agent.
    Agent,
    /// A local branch.
    Branch,
    /// A remote.
    Remote,
}

/// `archive` with `--restore`, which takes other specs.
pub(crate) const RESTORE: &str = "archive --restore";

/// With more candidates than these, titles are left out: no person reads so many.
const TITLES: usize = 200;

/// The repository that a shell asks about; it is opened when it does, and nothing is offered where it cannot be.
pub(crate) struct Completer {
    env: Option<Env>,
    rows: OnceLock<Vec<Row>>,
}

impl Completer {
    /// Of the repository that `env` is in; without one, there is none.
    pub(crate) fn new(env: Option<Env>) -> Completer {
        Completer { env, rows: OnceLock::new() }
    }

    /// The candidates that begin with `typed` and fit.
    pub(crate) fn candidates(&self, wanted: ValueKind, typed: &OsStr) -> Vec<Candidate> {
        let Some(typed) = typed.to_str() else { return Vec::new() };
        match wanted {
            ValueKind::Spec(command) => self.specs(command, typed),
            ValueKind::Label => self.words(typed, |row| row.labels.iter().map(String::as_str).collect()),
            ValueKind::Topic => self.words(typed, |row| row.topic.as_deref().into_iter().collect()),
            ValueKind::SpecOrTopic => {
                [self.specs("", typed), self.candidates(ValueKind::Topic, OsStr::new(typed))].concat()
            }
            ValueKind::Agent => self.named(typed, |project| {
                let known = preset::ALL.iter().map(|preset| preset.name.to_owned());
                known.chain(project.config().agents()).chain([MANUAL.to_owned()]).collect()
            }),
            ValueKind::Branch => self.named(typed, |project| branch::names(&project.repo).unwrap_or_default()),
            ValueKind::Remote => self.named(typed, |project| git::remote::names(&project.repo)),
        }
    }

    fn open(&self) -> Option<Project> {
        self.env.as_ref().and_then(|env| Project::open(env).ok())
    }

    /// Every spec that is not archived, read once.
    fn rows(&self) -> &[Row] {
        self.rows
            .get_or_init(|| self.open().and_then(|project| rows::all(&project, false, false).ok()).unwrap_or_default())
    }

    fn specs(&self, command: &str, typed: &str) -> Vec<Candidate> {
        // By the short form, by the full one, by its last part: the first of them that there is.
        let forms: [Form; 3] = [SpecId::short, SpecId::as_str, suffix];
        let wanted = |id: &SpecId| forms.iter().any(|form| form(id).starts_with(typed));
        let found = self.open().and_then(|project| match command {
            RESTORE => rows::all(&project, true, false).ok(),
            _ => rows::with(&project, typed, command == "work", wanted).ok(),
        });
        let rows: Vec<Row> = found.unwrap_or_default().into_iter().filter(|row| wanted(&row.id)).collect();
        let rows: Vec<&Row> = rows.iter().filter(|row| fits(command, row)).collect();
        let begins = |form: &Form| rows.iter().filter(|row| form(&row.id).starts_with(typed)).collect::<Vec<_>>();
        let found = forms.iter().map(|form| (*form, begins(form))).find(|(_, found)| !found.is_empty());
        let Some((form, found)) = found else { return Vec::new() };
        let mut times: HashMap<&str, usize> = HashMap::new();
        for row in &found {
            *times.entry(form(&row.id)).or_default() += 1;
        }
        let titled = found.len() <= TITLES;
        let offer = |row: &&&Row| Candidate {
            value: form(&row.id).to_owned(),
            help: titled.then(|| sanitize::line(&row.title)).filter(|title| !title.is_empty()),
        };
        // What means several specs means none.
        found.iter().filter(|row| times.get(form(&row.id)) == Some(&1)).map(offer).collect()
    }

    fn words<'s>(&'s self, typed: &str, of: impl Fn(&'s Row) -> Vec<&'s str>) -> Vec<Candidate> {
        let words: BTreeSet<&str> = self.rows().iter().flat_map(of).collect();
        let words: BTreeSet<String> = words.into_iter().map(sanitize::line).collect();
        let fits = |word: &String| word.starts_with(typed);
        words.into_iter().filter(fits).map(|value| Candidate { value, help: None }).collect()
    }

    fn named(&self, typed: &str, of: impl Fn(&Project) -> Vec<String>) -> Vec<Candidate> {
        let names = self.open().map(|project| of(&project)).unwrap_or_default();
        let names: BTreeSet<String> = names.into_iter().filter(|name| name.starts_with(typed)).collect();
        names.into_iter().map(|value| Candidate { value, help: None }).collect()
    }
}

/// A form of an id.
type Form = fn(&SpecId) -> &str;

/// The last part of an id.
fn suffix(id: &SpecId) -> &str {
    id.as_str().rsplit_once('-').map_or(id.as_str(), |(_, suffix)| suffix)
}

/// Whether a command accepts a spec with that status.
fn fits(command: &str, row: &Row) -> bool {
    use Status::{Archived, Cancelled, Completed, Failed, Finished, InProgress, Paused, Pending};
    let among = |all: &[Status]| all.contains(&row.status);
    match command {
        "work" => row.workable,
        "split" => among(&[Pending]),
        "approve" | "reject" => among(&[Pending, Failed, Paused]),
        "finish" => among(&[Pending, InProgress, Paused, Failed]),
        "merge" | "pr" => among(&[Finished]),
        "accept" => among(&[Finished, Failed]),
        "pause" | "release" => among(&[InProgress, Paused]),
        "takeover" => among(&[InProgress, Paused, Failed]),
        "fail" => among(&[Pending, InProgress, Paused, Finished]),
        "reset" => !among(&[Pending, Archived]),
        "choose" => row.contended,
        "cancel" => among(&[Pending, InProgress, Paused, Finished, Failed]),
        "archive" => among(&[Completed, Cancelled]),
        RESTORE => among(&[Archived]),
        _ => !among(&[Archived]),
    }
}
