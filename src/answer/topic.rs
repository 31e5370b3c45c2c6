//! `status` of an investigation: where it stands.

use std::borrow::Cow;

use super::prelude::*;
use crate::terminal::fit;

pub(super) const ANSWERS: &[Kind] = &[of::<TopicAnswer>(&["status"]).with::<SpecView>()];

/// Where an investigation stands.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct TopicAnswer {
    /// The investigation.
    pub topic: TopicView,
}

/// An investigation: its specs in the order of their phases.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "Topic")]
pub(crate) struct TopicView {
    /// Its name.
    pub topic: String,
    /// The branches that its work goes to, each once.
    pub targets: Vec<String>,
    /// Its specs, by phase, those of no phase last.
    pub steps: Vec<StepView>,
    /// The short id of what is next: what is ready, otherwise what waits for a person.
    pub next: Option<String>,
}

/// One spec of an investigation.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[schemars(rename = "Step")]
pub(crate) struct StepView {
    /// The spec.
    pub spec: SpecView,
    /// Who did it, or does it, of several the one who took over the attempt last; `None` if no attempt has begun.
    pub by: Option<String>,
    /// When they began or took over, RFC 3339.
    pub since: Option<String>,
}

impl Answer for TopicAnswer {
    /// Writes a line for each spec: its phase, id and status, then who did it.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let TopicView { topic, targets, steps, next } = &self.topic;
        let widest = |width: &dyn Fn(&StepView) -> usize| steps.iter().map(width).max().unwrap_or_default();
        let phases = widest(&|step| step.phase().chars().count());
        let ids = widest(&|step| step.spec.short.chars().count());
        let statuses = widest(&|step| step.spec.flagged_status().chars().count());
        let head = format!("{}, for {}", clean::line(topic), clean::line(&targets.join(", ")));
        writeln!(out, "{}", fit::cut(&head, 0, look))?;
        let edge = 2 + phases + 2 + ids + 2 + statuses + 2;
        for step in steps {
            let StepView { spec, by, .. } = step;
            let mark = if next.as_deref() == Some(spec.short.as_str()) { '>' } else { ' ' };
            let id = look.paint.with(Slot::Id, format!("{:<ids$}", clean::line(&spec.short)));
            let status = format!("{:<statuses$}", spec.flagged_status());
            let status = look.paint.with(Slot::from(spec.status), status);
            let mut line = format!("{mark} {:<phases$}  {id}  {status}", step.phase());
            if let Some(by) = by {
                line.push_str(&format!("  {}", fit::cut(&clean::line(by), edge, look)));
            }
            writeln!(out, "{}", line.trim_end_matches(' '))?;
        }
        Ok(())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.topic.steps.iter().map(|step| &step.spec as _).collect()
    }
}

impl StepView {
    /// The phase, or `-` for none.
    fn phase(&self) -> Cow<'_, str> {
        clean::line(self.spec.phase.as_deref().unwrap_or("-"))
    }
}
