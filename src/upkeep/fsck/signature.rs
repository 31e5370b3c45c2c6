//! The signatures of events. They are judged by `project`.

use std::collections::HashMap;

use gix::ObjectId;

use super::Finding;
use crate::{
    domain::{
        event::Event,
        signature::{Signature, Verdict, has_to_be_signed},
    },
    error::Result,
    project::{Project, signatures::Signatures},
};

/// The signatures of all events, checked at once.
pub(super) fn check(project: &Project) -> Result<Vec<Finding>> {
    let store = project.store()?;
    let mut events: Vec<Event> = Vec::new();
    for (id, tip) in store.tips()? {
        // Another check reports a chain that cannot be read.
        if let Ok(walk) = store.walk(&id, tip) {
            events.extend(walk.history.events().iter().filter(|event| !event.is_merge()).cloned());
        }
    }
    let ids: Vec<ObjectId> = events.iter().map(|event| event.id).collect();
    let verdicts = Signatures::afresh(project).of(&ids)?;
    let required = project.config().require_signed()?;
    Ok(events.iter().filter_map(|event| judge(event, &verdicts, required)).collect())
}

fn judge(event: &Event, verdicts: &HashMap<ObjectId, Signature>, required: bool) -> Option<Finding> {
    let verdict = verdicts.get(&event.id)?.verdict;
    let counts = !(required && has_to_be_signed(&event.op));
    let (id, op, who) = (event.id, event.op.as_str(), &event.author.name);
    let so = if counts { "" } else { "; it is ignored" };
    let message = format!("the event {id} ({op} by {who}) {}{so}", verdict.fault());
    let found = match verdict {
        Verdict::Good => return None,
        Verdict::Bad => Finding::error("bad-signature", message),
        Verdict::Revoked => Finding::error("revoked-key", message),
        _ if counts => return None,
        Verdict::None => Finding::warning("unsigned", message),
        Verdict::Expired => Finding::warning("expired-signature", message),
        Verdict::Untrusted | Verdict::Unknown => Finding::warning("untrusted-signature", message),
    };
    let found = found.of(&event.spec);
    Some(match verdict {
        Verdict::Untrusted | Verdict::Unknown => {
            found.help("if you trust the key, add it to gpg.ssh.allowedSignersFile or your keyring")
        }
        _ => found.help(format!("git chant log {} --show-signature", event.spec.short())),
    })
}
