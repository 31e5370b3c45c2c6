//! The checks of an attempt as lines, each with its verdict and what was seen.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    checks::{Checks, Command, Reproduction},
    spec_file::Tick,
};

/// One check and how it ended. `checks.json` holds a list of them under `checks`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Check")]
pub(crate) struct CheckLine {
    /// What was checked: `criteria`, `verify: cargo test`, `scope`.
    pub name: String,
    /// Whether it passed.
    pub ok: bool,
    /// What was seen: `exit 1`, the unticked criteria, the stray paths.
    pub detail: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Whether it counts only after a person's acknowledgement.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// Whether it only tells a person something to look at: it passed nothing and failed nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub note: bool,
    /// How many of the last lines of what a command printed a person is shown.
    #[serde(skip)]
    pub shown: usize,
    /// What a reason says of it, where that is more than the first line of `detail`.
    #[serde(skip)]
    pub reason: Option<String>,
}

impl CheckLine {
    /// Has it say that a person accepted what it waited for.
    pub(crate) fn accept(&mut self) {
        (self.waits, self.note) = (false, true);
        self.detail = Some(format!("accepted by a person: {}", self.detail.as_deref().unwrap_or_default()));
    }
}

/// How many of the last lines of what a check printed are shown.
pub(crate) const SHOWN: usize = 12;

/// How many of those that git and its hooks printed when they refused a commit: git would print all of them.
const SHOWN_OF_REFUSED: usize = 200;

impl Checks {
    /// Whether a command that failed printed more than is shown.
    pub(crate) fn has_more_output(&self) -> bool {
        let long = |command: &Command, shown| command.output.iter().any(|output| output.lines().count() > shown);
        self.commit.iter().any(|refused| long(refused, SHOWN_OF_REFUSED))
            || self.commands().any(|command| !command.ok && long(command, SHOWN))
    }

    /// One line a check.
    pub(crate) fn lines(&self) -> Vec<CheckLine> {
        let line = |name: String, ok: bool, detail: Option<String>| CheckLine {
            name,
            ok,
            detail,
            duration_ms: None,
            waits: false,
            note: false,
            shown: SHOWN,
            reason: None,
        };
        let mut lines: Vec<CheckLine> =
            self.problems.iter().map(|problem| line(problem.clone(), false, None)).collect();
        if let Some(refused) = &self.commit {
            let name = format!("the commit of what it left, '{}'", refused.command);
            let why = match (refused.exit, &refused.ended) {
                (Some(code), Some(said)) => format!("exit code {code}: {said}"),
                _ => refused.ending(),
            };
            let output = refused.tail.as_deref().unwrap_or_default().trim_end();
            let seen = Some(format!("{why}\n{output}").trim_end().to_owned());
            lines.push(CheckLine { shown: SHOWN_OF_REFUSED, ..line(name, false, seen) });
        }
        for criterion in &self.criteria {
            let ok = criterion.state == Tick::Ticked;
            let state: &str = criterion.state.into();
            lines.push(line(format!("criterion '{}'", criterion.text), ok, (!ok).then(|| state.to_owned())));
        }
        if let Some(scope) = &self.scope {
            let mut seen: Vec<String> =
                scope.forbidden.iter().map(|path| format!("'{path}' may not be changed")).collect();
            seen.extend(scope.leading_out.iter().map(|path| format!("the link '{path}' leads out of the repository")));
            let obeys = |dir: &String| format!("'{dir}' is a bare repository: git obeys its configuration there");
            seen.extend(scope.repositories.iter().map(obeys));
            if !scope.outside.is_empty() {
                seen.push(scope.strays());
            }
            let seen = (!seen.is_empty()).then(|| seen.join("; "));
            lines.push(CheckLine { note: scope.ok && seen.is_some(), ..line("scope".into(), scope.ok, seen) });
        }
        if !self.altered_tests.is_empty() {
            let altered = line("tests".into(), true, Some(self.altered_tests.join("; ")));
            lines.push(CheckLine { note: true, ..altered });
        }
        if let Some(built) = &self.built {
            let seen = [Some(built.what()), built.ack.clone()].into_iter().flatten().collect::<Vec<_>>().join("; ");
            let (waits, note) = (built.ack.is_some(), built.ack.is_none());
            lines.push(CheckLine { waits, note, ..line("built files".into(), true, Some(seen)) });
        }
        for output in &self.outputs {
            let detail = output.why.clone().or_else(|| (!output.ok).then(|| "it is missing or empty".to_owned()));
            let note = output.ok && detail.is_some();
            lines.push(CheckLine { note, ..line(format!("output '{}'", output.path), output.ok, detail) });
        }
        if let Some(written) = self.release_notes {
            let lack = self.release_notes_lack.clone().unwrap_or_else(|| "the section is empty".to_owned());
            lines.push(line("release notes".into(), written, (!written).then_some(lack)));
        }
        for command in &self.verify {
            let name = format!("verify '{}'", command.command);
            lines.push(CheckLine {
                duration_ms: Some(command.duration_ms),
                ..line(name, command.ok, command_detail(command))
            });
        }
        if let Some(proof) = &self.reproduces {
            lines.push(proof.line());
        }
        lines
    }

    /// What failed, in words, for a reason: the first three, and how many more.
    pub(crate) fn failures(&self) -> String {
        let failed: Vec<String> = self
            .lines()
            .into_iter()
            .filter(|line| !line.ok)
            .map(|line| match line.reason.or(line.detail) {
                Some(detail) => format!("{}: {}", line.name, detail.lines().next().unwrap_or_default()),
                None => line.name,
            })
            .collect();
        match failed.len() {
            0 => String::new(),
            1..=3 => failed.join("; "),
            more => format!("{}; and {} more", failed[..3].join("; "), more - 3),
        }
    }
}

impl Command {
    /// How it ended, with what its tests came to.
    fn result(&self) -> String {
        match &self.came_to {
            Some(came_to) => format!("{} ({came_to})", self.ending()),
            None => self.ending(),
        }
    }
}

impl Reproduction {
    /// The proof as a line: why it is none or waits, the end of what the run printed, and how both runs ended.
    fn line(&self) -> CheckLine {
        let (base, tip) = (format!("base: {}", self.base.result()), format!("tip: {}", self.tip.result()));
        let (mut said, mut facts) = match self.fault.as_ref().or(self.ack.as_ref()) {
            Some(why) => (vec![why.clone()], vec![base, tip]),
            None => (vec![format!("{base}, {tip}")], Vec::new()),
        };
        if !self.ok {
            facts.push(format!("expected: {}", self.expected));
        }
        let is_new = |other: &&String| !said[0].contains(other.as_str());
        facts.extend(self.notes.iter().chain(&self.differences).filter(is_new).cloned());
        let runs = [("base", &self.base), ("tip", &self.tip)];
        facts.extend(runs.iter().flat_map(|(at, run)| run.remarks.iter().map(move |what| format!("{at}: {what}"))));
        let shown = SHOWN + facts.len();
        let reason = Some(format!("{}; {}", said[0], facts.join("; "))).filter(|_| !facts.is_empty());
        let output = self.unexpected().and_then(|run| run.tail.as_deref()).map(str::trim_end);
        said.extend(output.filter(|output| !output.is_empty()).map(str::to_owned));
        CheckLine {
            name: format!("reproduces '{}'", self.tip.command),
            ok: self.ok,
            detail: Some([said, facts].concat().join("\n")),
            duration_ms: None,
            waits: self.ok && self.ack.is_some(),
            note: false,
            shown,
            reason,
        }
    }

    /// The run that did not end as it should have: that at the tip before that at the base.
    fn unexpected(&self) -> Option<&Command> {
        [&self.tip, &self.base].into_iter().find(|run| !run.ok)
    }
}

fn command_detail(command: &Command) -> Option<String> {
    let base = command.base.as_ref().map(|base| match (base.exit, command.ok) {
        (Some(0), true) => "it also passed at the base".to_owned(),
        (Some(0), false) => "it passed at the base".to_owned(),
        (_, true) => format!("it failed at the base: {}", base.ending()),
        (_, false) => format!("it also failed at the base: {}", base.ending()),
    });
    let mut said: Vec<String> = (!command.ok).then(|| command.ending()).into_iter().chain(base).collect();
    said.extend(command.remarks.iter().cloned());
    let reused = command.warm.as_ref().filter(|_| command.ok);
    said.extend(reused.map(|commit| format!("with what was built at {}", &commit[..commit.len().min(12)])));
    // Only a failure can be for want of that.
    said.extend(command.home_without.iter().filter(|_| !command.ok).cloned());
    let ending = said.join("; ");
    if command.ok {
        return (!ending.is_empty()).then_some(ending);
    }
    Some(match &command.tail {
        Some(tail) if !tail.trim().is_empty() => format!("{ending}\n{}", tail.trim_end()),
        _ => ending,
    })
}
