//! `sync`: what was exchanged with a remote.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<SyncAnswer>(&["sync"]).with::<ExchangeView>()];

/// What was exchanged with a remote.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct SyncAnswer {
    /// The remote.
    pub remote: String,
    /// Whether nothing was done yet.
    pub dry_run: bool,
    /// What went which way.
    pub exchanged: Vec<ExchangeView>,
}

impl Answer for SyncAnswer {
    /// Writes a line for each ref, or that both sides have everything.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let remote = clean::line(&self.remote);
        if self.exchanged.is_empty() {
            return writeln!(out, "Up to date with {remote}");
        }
        writeln!(out, "{} {remote}", if self.dry_run { "Would exchange with" } else { "Exchanged with" })?;
        self.exchanged.iter().try_for_each(|entry| entry.write(out, look))
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.exchanged.iter().map(|entry| entry as _).collect()
    }
}

/// What an exchange did with one chain, or with the notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum ExchangeResult {
    /// It came from the remote.
    Fetched,
    /// Both sides knew something that the other did not: a merge event joins them.
    Merged,
    /// It went to the remote.
    Pushed,
    /// Refs of archived specs went, here or there, since the archive of their month has them.
    Folded,
    /// The remote had it and has it no longer; what is here stays, and goes back.
    Gone,
    /// What the remote has does not build on what it had; what is here stays, and goes back.
    Rewritten,
    /// Several attempts contend for the spec.
    Contended,
    /// The remote has another spec of that id: neither is taken over.
    Namesake,
    /// What the remote has is not taken over.
    Unfit,
    /// The remote does not take it.
    Refused,
}

impl ExchangeResult {
    /// The name as it stands in JSON and output.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    fn slot(self) -> Slot {
        match self {
            ExchangeResult::Fetched | ExchangeResult::Merged | ExchangeResult::Pushed | ExchangeResult::Folded => {
                Slot::Good
            }
            ExchangeResult::Gone | ExchangeResult::Rewritten | ExchangeResult::Contended => Slot::Warning,
            ExchangeResult::Namesake | ExchangeResult::Unfit | ExchangeResult::Refused => Slot::Bad,
        }
    }
}

/// One line of what `sync` did.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Exchange")]
pub(crate) struct ExchangeView {
    /// The operation.
    pub way: ExchangeResult,
    /// The spec, unless it is about notes or about a ref that is no spec's.
    pub spec: Option<SpecId>,
    /// The ref that it is about.
    pub name: String,
    /// What it held before, at the side that was written to.
    pub from: Option<String>,
    /// What it holds now.
    pub to: Option<String>,
    /// Why, where it did not go as it should.
    pub why: Option<String>,
}

impl ExchangeView {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let way = look.paint.with(self.way.slot(), format!("{:<9}", self.way.as_str()));
        let name = match &self.spec {
            Some(spec) => spec.short().into(),
            None => clean::line(&self.name),
        };
        let moved = match (self.from.as_deref().map(clean::object_id), self.to.as_deref().map(clean::object_id)) {
            (Some(from), Some(to)) => format!("  {from}..{to}"),
            (None, Some(_)) => "  new".to_owned(),
            _ => String::new(),
        };
        let why = self.why.as_deref().map(|why| format!(": {}", clean::line(why))).unwrap_or_default();
        writeln!(out, "    {way}  {name}{moved}{why}")
    }
}

impl Record for ExchangeView {
    /// The way, ref, old id, new id and why.
    fn porcelain(&self) -> Vec<u8> {
        joined(&[self.way.as_str(), &self.name, text(&self.from), text(&self.to), text(&self.why)])
    }
}
