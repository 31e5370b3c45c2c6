//! The line of a spec from what the index knows in short: of most specs, and in a fraction of the time.

use gix::ObjectId;

use crate::specs::all::Specs;
use crate::{
    answer::{Line, flags},
    domain::{id::SpecId, spec_type::SpecType, status::Status},
    error::Result,
    specs::cache::{Brief, BriefText},
};

/// What the line of a spec shows, and what its text says.
pub(crate) struct Sight<'w> {
    /// The status.
    pub status: Status,
    /// What its text says.
    pub text: BriefText<'w>,
    /// Whether several attempts count.
    pub contended: bool,
    stale: bool,
}

/// Whether a spec can be worked now, as far as the index tells.
pub(crate) enum Outlook<'w> {
    /// It can be, and this is its line.
    Ready(Sight<'w>),
    /// It is pending, and waits for another one.
    Blocked,
    /// It is neither pending nor takes the look of its surroundings to tell.
    Elsewhere,
}

impl Sight<'_> {
    /// The line.
    pub(crate) fn line(&self, id: &SpecId) -> Line {
        Line {
            id: id.clone(),
            status: self.status,
            flags: flags([false, self.contended, false, self.stale, false]),
            title: self.text.title.map(str::to_owned),
            error: None,
            kind: self.text.phase.map_or(self.text.kind.as_str().into(), |phase| phase.to_owned().into()),
            labels: self.text.labels.iter().copied().map(str::to_owned).collect(),
        }
    }
}

impl Specs<'_> {
    /// What the line of a spec shows, as [`Specs::line`] has it. `None` where that takes more than the index knows: it is under way,
    /// waits to be merged, or hangs on somebody's approval or on other specs.
    pub(crate) fn sight(&self, id: &SpecId) -> Result<Option<Sight<'_>>> {
        let Some(survey) = &self.survey else { return Ok(None) };
        // On an unborn branch nothing is stale.
        if !self.has_head() {
            return Ok(None);
        }
        let Some(tip) = self.names.tip(id)? else { return Ok(None) };
        let Some((brief, text)) = survey.brief_with_text(id.as_str(), tip) else { return Ok(None) };
        if !is_over(brief.status) && !self.stands_alone(id, &brief, &text)? {
            return Ok(None);
        }
        let Some(stale) = self.is_stale_in_brief(&brief, &text)? else { return Ok(None) };
        Ok(Some(Sight { status: brief.status, contended: brief.contended, stale, text }))
    }

    /// Whether a spec can be worked now; `None` where that takes more than the index knows.
    pub(crate) fn outlook(&self, id: &SpecId) -> Result<Option<Outlook<'_>>> {
        let Some(sight) = self.sight(id)? else { return Ok(None) };
        if sight.status != Status::Pending {
            return Ok(Some(Outlook::Elsewhere));
        }
        let Some(depends_on) = sight.text.depends_on() else { return Ok(None) };
        for written in &depends_on {
            if let [other] = self.project.candidates(&self.names, written)?.as_slice()
                && self.is_open_in_brief(other)?
            {
                return Ok(Some(Outlook::Blocked));
            }
        }
        let free = depends_on.is_empty() && !sight.text.has_inputs && sight.text.kind != SpecType::Driver;
        Ok((free && !sight.contended).then_some(Outlook::Ready(sight)))
    }

    /// Whether a spec is known not to be completed: nothing beside its own events could make it so.
    fn is_open_in_brief(&self, id: &SpecId) -> Result<bool> {
        let (Some(survey), Some(tip)) = (&self.survey, self.names.tip(id)?) else { return Ok(false) };
        match survey.brief(id.as_str(), tip).map(|brief| brief.status) {
            Some(Status::Failed | Status::Paused | Status::Cancelled | Status::InProgress) => Ok(true),
            Some(Status::Pending) => Ok(!self.has_members(id)?),
            _ => Ok(false),
        }
    }

    /// Whether how an open spec stands hangs on nothing but its events and its text, and nobody has to approve it.
    fn stands_alone(&self, id: &SpecId, brief: &Brief<'_>, text: &BriefText<'_>) -> Result<bool> {
        // A gate may be passed already.
        let plain = matches!(brief.status, Status::Pending | Status::Paused | Status::Failed)
            && text.kind != SpecType::Gate
            && !brief.answered
            && !text.approval
            && !self.project.has_to_be_approved(text.kind, &text.labels)?;
        // A driver is done with its members.
        Ok(plain && (brief.status != Status::Pending || !self.has_members(id)?))
    }

    /// Whether a spec is known to be over, and nobody contends about it: nothing has to be looked at to tell that it is not ready.
    pub(crate) fn is_over_in_brief(&self, id: &SpecId) -> Result<bool> {
        Ok(self.over_in_brief(id)?.is_some())
    }

    /// The status of such a spec.
    pub(crate) fn over_in_brief(&self, id: &SpecId) -> Result<Option<Status>> {
        let (Some(survey), Some(tip)) = (&self.survey, self.names.tip(id)?) else { return Ok(None) };
        let brief = survey.brief(id.as_str(), tip).filter(|brief| !brief.contended);
        Ok(brief.map(|brief| brief.status).filter(|status| is_over(*status)))
    }

    /// Whether it is known that no input of a spec has changed: nothing has to be looked at to tell that.
    pub(crate) fn is_fresh_in_brief(&self, id: &SpecId) -> Result<bool> {
        Ok(self.sight(id)?.is_some_and(|sight| !sight.stale))
    }

    /// As [`Specs::is_stale`] finds it; `None` where that has to be asked.
    fn is_stale_in_brief(&self, brief: &Brief<'_>, text: &BriefText<'_>) -> Result<Option<bool>> {
        if brief.attempt.is_none() || brief.status == Status::Cancelled {
            return Ok(Some(false));
        }
        if !brief.has_inputs && !text.has_inputs {
            return Ok(Some(false));
        }
        let Some(survey) = self.survey.as_ref().filter(|_| !brief.has_files && !text.has_files) else {
            return Ok(None);
        };
        let (Some(pins), Some((origins, pinned))) = (brief.pins(), brief.behind()) else { return Ok(None) };
        let of = |other: &str| -> Result<Option<(ObjectId, Brief<'_>)>> {
            let Ok(other) = SpecId::new(other) else { return Ok(None) };
            let Some(tip) = self.names.tip(&other)? else { return Ok(None) };
            Ok(survey.brief(other.as_str(), tip).map(|brief| (tip, brief)))
        };
        for (other, event) in &pins {
            let Some((tip, now)) = of(other)? else { return Ok(None) };
            if now.superseded {
                return Ok(None);
            }
            if tip == *event {
                continue;
            }
            let Some((_, _, then)) = pinned.iter().find(|(of, at, _)| of == other && at == event) else {
                return Ok(None);
            };
            let untouched = then.attempt.is_none() && now.attempt.is_none();
            let same_work = then.attempt == now.attempt && then.work == now.work;
            if then.spec_blob != now.spec_blob || !(untouched || same_work) {
                return Ok(Some(true));
            }
        }
        for origin in origins {
            if of(origin)?.is_none_or(|(_, now)| now.superseded) {
                return Ok(None);
            }
        }
        Ok(Some(false))
    }
}

fn is_over(status: Status) -> bool {
    matches!(status, Status::Completed | Status::Cancelled | Status::Archived)
}
