//! Signing the events that this person writes.

use gix::{ObjectId, objs::Commit};

use super::{Project, get_or_try_init};
use crate::{
    domain::{
        event::Op,
        signature::{Verdict, has_to_be_signed},
    },
    error::{Error, Kind, Result},
    git::{commit, reference, signature},
    store::{EventSigner, Store},
};

/// Signs with the person's key the events that the settings say.
struct PersonalSigner<'p> {
    project: &'p Project,
    /// `chant.sign`: every event.
    all: bool,
    /// `chant.requireSigned`: what counts only with a good signature.
    required: bool,
}

impl Project {
    /// The event store.
    pub(crate) fn store(&self) -> Result<Store<'_>> {
        let settings = self.settings()?;
        let store = Store::new(self.repo.gix(), settings.clone());
        let store = store.written_by(Box::new(|| Ok((self.repo.author()?, self.repo.committer()?))));
        let store = store.logged_by(Box::new(|| reference::reflog_identity(&self.repo)));
        let signing = || Ok((self.config().sign()?, self.config().require_signed()?));
        let (all, required) = *get_or_try_init(&self.signing, signing)?;
        Ok(if all || required {
            store.signed_by(Box::new(PersonalSigner { project: self, all, required }))
        } else {
            store
        })
    }
}

impl EventSigner for PersonalSigner<'_> {
    fn sign(&self, op: &Op, event: Commit) -> Result<Commit> {
        let required = self.required && has_to_be_signed(op);
        if !self.all && !required {
            return Ok(event);
        }
        commit::sign(&self.project.repo, event).map_err(|error| {
            let error = Error { message: error.message.replacen("the commit", "the event", 1), ..error };
            error.hint(if required {
                "'chant.requireSigned' is set: an approval or a claim counts only if it is signed"
            } else {
                "or sign no events: git config chant.sign false"
            })
        })
    }

    /// What would not count here is not written: it would look as if it did.
    fn check(&self, op: &Op, event: ObjectId) -> Result<()> {
        if !self.required || !has_to_be_signed(op) {
            return Ok(());
        }
        let signature = signature::verify(&self.project.repo, &[event])?.remove(&event);
        let verdict = signature.map_or(Verdict::None, |signature| signature.verdict);
        if verdict == Verdict::Good {
            return Ok(());
        }
        let what = if matches!(op, Op::Approve | Op::Review) { "your approval" } else { "your claim" };
        let message = format!("{what} would not count: it {} ('chant.requireSigned' is set)", verdict.fault());
        let ssh = self.project.repo.gix().config_snapshot().string("gpg.format").is_some_and(|format| format == "ssh");
        Err(Error::negative(Kind::SignatureNotGood, message).hint(if ssh {
            "name your key in the file of 'gpg.ssh.allowedSignersFile', see ssh-keygen(1)"
        } else {
            "to trust the key in your keyring, see gpg(1)"
        }))
    }
}
