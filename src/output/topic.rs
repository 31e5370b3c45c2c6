//! Where an investigation stands, for people.

use super::list;
use crate::answer::{StepView, TopicView};
use crate::terminal::{Look, color::Slot};
use crate::terminal::{clean, fit};

/// A line a spec: its phase, id, status and title, then who did it.
pub(super) fn topic(view: &TopicView, look: &Look) -> String {
    let phase = |step: &StepView| clean::line(step.spec.phase.as_deref().unwrap_or("-")).into_owned();
    let wide = |values: &mut dyn Iterator<Item = usize>| values.max().unwrap_or_default();
    let phases = wide(&mut view.steps.iter().map(|step| phase(step).chars().count()));
    let ids = wide(&mut view.steps.iter().map(|step| step.spec.short.chars().count()));
    let statuses = wide(&mut view.steps.iter().map(|step| list::status(&step.spec).chars().count()));
    let head = format!("{}, for {}", clean::line(&view.topic), clean::line(&view.targets.join(", ")));
    let mut out = format!("{}\n", fit::cut(&head, 0, look));
    let edge = 2 + phases + 2 + ids + 2 + statuses + 2;
    for step in &view.steps {
        let mark = if view.next.as_deref() == Some(step.spec.short.as_str()) { '>' } else { ' ' };
        let id = look.paint.with(Slot::Id, format!("{:<ids$}", clean::line(&step.spec.short)));
        let status = list::status(&step.spec);
        let status = look.paint.with(Slot::Status(step.spec.status), format!("{status:<statuses$}"));
        out.push_str(&format!("{mark} {:<phases$}  {id}  {status}", phase(step)));
        if let Some(by) = &step.by {
            out.push_str(&format!("  {}", fit::cut(&clean::line(by), edge, look)));
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
    out
}
