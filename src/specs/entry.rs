//! One spec as it stands: its recorded state, its text, and what lines, readiness and drift read of both. How it is read is in
//! [`all`](super::all).

use std::rc::Rc;

use super::{
    facts::{Facts, StateFacts, TextFacts},
    text::{ParsedText, Text},
};
use crate::{
    domain::{id::SpecId, spec_file::Spec, state::State, status::Status},
    error::{Error, Kind, Result},
};

/// One spec: its recorded state and its text.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The id.
    pub id: SpecId,
    /// The state that its events amount to; `None` without a chain.
    pub state: Option<Rc<State>>,
    /// Why the chain cannot be read.
    pub broken: Option<String>,
    /// Its text; `None` if there is none anywhere.
    pub loaded: Option<Rc<ParsedText>>,
    /// The status, healed: completed where its work is found in the target.
    pub status: Status,
}

impl Entry {
    /// The parsed text, if it can be read.
    pub(crate) fn spec(&self) -> Option<&Spec> {
        self.loaded.as_ref().and_then(|loaded| loaded.spec.as_ref().ok())
    }

    /// The text and what it says.
    ///
    /// # Errors
    /// `no-text` if there is none, `invalid-spec` with the places that are wrong.
    pub(crate) fn text(&self) -> Result<(&Text, &Spec)> {
        let none = || Error::fatal(Kind::NoText, format!("the text of '{}' is missing", self.id.short()));
        self.loaded.as_ref().ok_or_else(none)?.valid(&self.id)
    }

    /// Whether the file has a status that chant wrote, and no event is recorded: `import` would record that status. Until then the spec is
    /// pending.
    pub(crate) fn is_to_import(&self) -> bool {
        let has_chant_status = |spec: &Spec| {
            let front = &spec.front;
            let beyond = |status: &String| !matches!(status.as_str(), "pending" | "ready" | "blocked");
            front.status.as_ref().is_some_and(beyond) || front.completed_at.is_some() || !front.commits.is_empty()
        };
        self.state.is_none() && self.broken.is_none() && self.spec().is_some_and(has_chant_status)
    }

    /// Why its events or its text cannot be read.
    fn fault(&self) -> Option<String> {
        if self.broken.is_some() {
            return self.broken.clone();
        }
        match self.loaded.as_deref() {
            None => Some("its text is missing".to_owned()),
            Some(ParsedText { spec: Err(diagnostics), .. }) => diagnostics.first().map(|first| {
                if first.line == 0 {
                    format!("{}: {}", first.path, first.message)
                } else {
                    format!("{}:{}:{}: {}", first.path, first.line, first.column, first.message)
                }
            }),
            Some(_) => None,
        }
    }

    /// The facts that lists, readiness and drift read.
    pub(crate) fn facts(&self) -> Facts<'_> {
        let text = self.loaded.as_ref().and_then(|loaded| {
            let (text, spec) = (loaded.text.as_ref()?, loaded.spec.as_ref().ok()?);
            Some(TextFacts::of(text.blob(), spec.title.as_deref(), &spec.front))
        });
        Facts {
            id: &self.id,
            status: self.status,
            fault: self.fault(),
            to_import: self.is_to_import(),
            state: self.state.as_deref().map(StateFacts::of),
            text,
        }
    }

    /// The title, or the id where there is none.
    pub(crate) fn title(&self) -> &str {
        self.spec().and_then(|spec| spec.title.as_deref()).unwrap_or_else(|| self.id.short())
    }
}
