//! A claim that the remote decides: the start event is pushed, unforced, before any ref moves here. The first clone gets the spec.

use gix::ObjectId;

use super::{Exchange, Remote, push::no_answer};
use crate::{
    domain::id::SpecId,
    error::{Error, Kind, Result},
    git::{
        self,
        remote::{PushStatus, Pushed, Update},
    },
    project::Project,
    store::{
        SPECS, Store,
        archive::{ARCHIVES, archive_of},
        tracking,
    },
};

/// How often one chain is pushed while others write to it.
const MAX_ROUNDS: u32 = 8;

/// Claims that a remote decides.
pub(crate) struct Claims<'a> {
    project: &'a Project,
    remote: Remote,
}

impl<'a> Claims<'a> {
    /// Claims at `remote`.
    ///
    /// # Errors
    /// `no-remote` if nothing may be pushed there: in silent mode, unless `chant.remote` names it.
    pub(crate) fn new(project: &'a Project, remote: Remote) -> Result<Claims<'a>> {
        if remote.pushed_to {
            return Ok(Claims { project, remote });
        }
        Err(Error::fatal(Kind::NoRemote, format!("silent mode pushes nothing to '{}'", remote.name))
            .hint(format!("to allow it: git config chant.remote {}", remote.name)))
    }

    /// Gives the remote what is recorded about `spec` here, after taking over what it has.
    ///
    /// # Errors
    /// `remote-unreachable`, or `not-pushed` with what the remote said.
    pub(crate) fn publish(&self, spec: &SpecId) -> Result<()> {
        for _ in 0..MAX_ROUNDS {
            self.fetch(spec)?;
            let store = self.project.store()?;
            let Some(tip) = store.tip(spec)? else { return Ok(()) };
            let known = store.tracked_tip(&self.remote.name, spec)?;
            if known == Some(tip) {
                return Ok(());
            }
            match self.push(spec, tip)? {
                PushStatus::Done => return store.track(&self.tracked(spec), known, tip),
                PushStatus::Behind => {}
                PushStatus::Refused(why) => return Err(refused(&self.remote.name, &why)),
            }
        }
        Err(Error::negative(Kind::NotPushed, format!("other processes keep updating '{}'", self.remote.name)))
    }

    /// The ref that says what the remote has of a spec.
    fn tracked(&self, spec: &SpecId) -> String {
        format!("{}{spec}", tracking::tracked_specs(&self.remote.name))
    }

    fn push(&self, spec: &SpecId, id: ObjectId) -> Result<PushStatus> {
        let name = Store::ref_name(spec);
        let fates = git::remote::push(&self.project.repo, &self.remote.name, &[Update { id, name: name.clone() }])?;
        let fate = fates.into_iter().find(|(full, _)| *full == name).map(|(_, fate)| fate);
        fate.ok_or_else(|| no_answer(&self.remote.name))
    }

    /// Pushes the claim that `event` makes: an object of this clone that no ref points at yet.
    ///
    /// # Errors
    /// Where the claim was not made because the remote cannot be reached or refuses it.
    pub(crate) fn push_claim(&self, spec: &SpecId, event: ObjectId) -> Result<Pushed> {
        let store = self.project.store()?;
        let known = store.tracked_tip(&self.remote.name, spec)?;
        let accepted = || store.track(&self.tracked(spec), known, event).map(|()| Pushed::Accepted);
        let behind = || {
            let message = format!("another clone changed '{}' at '{}'", spec.short(), self.remote.name);
            Ok(Pushed::Behind(Error::negative(Kind::Behind, message)))
        };
        let trouble = match self.push(spec, event) {
            Ok(PushStatus::Done) => return accepted(),
            Ok(PushStatus::Behind) => return behind(),
            Ok(PushStatus::Refused(why)) => return Err(refused(&self.remote.name, &why)),
            Err(error) => error,
        };
        // The answer may be what was lost on the way, not the claim.
        match git::remote::ask(&self.project.repo, &self.remote.name, &Store::ref_name(spec)) {
            Ok(Some(there)) if there == event => accepted(),
            Ok(there) if there == known => Err(trouble.hint("to claim in this clone alone: --claim local")),
            Ok(_) => behind(),
            Err(error) => Ok(Pushed::Unknown(error.message)),
        }
    }

    /// Fetches what the remote has of `spec`, and joins it to what is here.
    ///
    /// # Errors
    /// If the remote does not answer.
    pub(crate) fn fetch(&self, spec: &SpecId) -> Result<()> {
        let name = &self.remote.name;
        let tracked = tracking::tracked_specs(name);
        // A glob, because a name that is not there would be an error. Members of a driver come with it.
        let refspec = format!("+{SPECS}{spec}*:{tracked}{spec}*");
        // The spec may have been archived there.
        let archive = archive_of(spec);
        let archives = format!("+{ARCHIVES}{archive}*:{}{archive}*", tracking::tracked_archives(name));
        git::remote::fetch(&self.project.repo, name, &[refspec, archives], &format!("{tracked}{spec}*"))?;
        let mut exchange = Exchange::new(self.project, &self.remote)?;
        if let Some(theirs) = exchange.store.tracked_archive(name, archive)? {
            exchange.join_archive(archive, theirs, self.remote.source)?;
            exchange.store.drop_contained()?;
        }
        let Some(theirs) = exchange.store.tracked_tip(name, spec)? else { return Ok(()) };
        exchange.join_spec(spec, theirs, self.remote.source)?;
        match exchange.report.unfit() {
            Some(why) => {
                let message = format!("cannot use the history of '{}' from '{name}': {why}", spec.short());
                Err(Error::negative(Kind::Unfit, message))
            }
            None => Ok(()),
        }
    }
}

fn refused(remote: &str, why: &str) -> Error {
    Error::negative(Kind::NotPushed, format!("'{remote}' rejected it: {why}"))
        .hint("to claim in this clone alone: --claim local")
}
