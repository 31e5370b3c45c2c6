//! The project: one repository, its settings, its specs. Everything that a use case needs to know before it acts, and
//! nothing that acts.

pub(crate) mod agent;
pub(crate) mod branches;
pub(crate) mod check_output;
pub(crate) mod check_slot;
pub(crate) mod files;
pub(crate) mod inside;
pub(crate) mod signatures;
pub(crate) mod signing;
pub(crate) mod target;
pub(crate) mod trust;
pub(crate) mod warm;
pub(crate) mod worktree_lock;

use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
};

use gix::refs::FullName;

use crate::{
    config::Config,
    domain::{id::SpecId, spec_type::SpecType},
    env::{Env, fault, local_file},
    error::{Error, IoContext, Kind, Result},
    git::{private::Private, reference::branch_name, repository::Repository},
    store::Settings,
};

/// Where specs are, relative to the top of the work tree.
pub(crate) const SPECS_DIR: &str = ".chant/specs";

/// Where archived specs are.
pub(crate) const ARCHIVE_DIR: &str = ".chant/archive";

/// A repository with its settings.
pub(crate) struct Project {
    /// What the process was started with.
    pub env: Env,
    /// The repository.
    pub repo: Repository,
    /// Whether `.chant/` is kept out of history.
    pub silent: bool,
    clone: String,
    settings: OnceCell<Settings>,
    /// Whether events are signed, and whether approvals and claims must be.
    signing: OnceCell<(bool, bool)>,
    /// What `chant.approval.required` names.
    approval: OnceCell<Vec<String>>,
    /// What `chant.review` names.
    review: OnceCell<Vec<String>>,
    /// What `chant.target` names.
    target: OnceCell<Option<String>>,
}

impl Project {
    /// Opens the repository that `env` names.
    pub(crate) fn open(env: &Env) -> Result<Project> {
        Project::of(env, Repository::discover(env)?)
    }

    /// The project of a repository that `env` names and that is open already.
    ///
    /// # Errors
    /// `refused-file` if a link stands in the place of a directory that the tool keeps for the clone.
    pub(crate) fn of(env: &Env, repo: Repository) -> Result<Project> {
        if let Some(link) = local_file::linked_directory(&repo.chant_dir()) {
            let message = format!("'{}' is a symbolic link; expected a directory", link.display());
            return Err(Error::fatal(Kind::RefusedFile, message)
                .hint(format!("check where it points, then: rm {}", shell_words::quote(&link.to_string_lossy()))));
        }
        let silent = repo.silent();
        let clone = clone_name(env, &repo);
        Ok(Project {
            env: env.clone(),
            repo,
            silent,
            clone,
            settings: OnceCell::new(),
            signing: OnceCell::new(),
            approval: OnceCell::new(),
            review: OnceCell::new(),
            target: OnceCell::new(),
        })
    }

    /// The settings.
    pub(crate) fn config(&self) -> Config<'_> {
        self.repo.config()
    }

    pub(crate) fn settings(&self) -> Result<&Settings> {
        get_or_try_init(&self.settings, || {
            let durability = self.repo.durability();
            Ok(Settings {
                clone: self.clone.clone(),
                patience: self.config().lock_timeout()?,
                sync_objects: durability.loose_object,
                sync_refs: durability.reference,
            })
        })
    }

    /// Whether `chant.approval.required` names a spec of this type, or one of its labels.
    pub(crate) fn requires_approval(&self, kind: SpecType, has_label: impl Fn(&str) -> bool) -> Result<bool> {
        let required = get_or_try_init(&self.approval, || self.config().approval_required())?;
        Ok(required.iter().any(|word| word == kind.as_str() || has_label(word)))
    }

    /// Whether `chant.review` names a spec of this type, one of its labels, or all.
    pub(crate) fn requires_review(&self, kind: SpecType, has_label: impl Fn(&str) -> bool) -> Result<bool> {
        let required = get_or_try_init(&self.review, || self.config().review())?;
        Ok(required.iter().any(|word| word == "all" || word == kind.as_str() || has_label(word)))
    }

    /// Where this clone keeps what is of it alone. A private repository keeps nothing of its own: a run reads what its clone has.
    pub(crate) fn clone_dir(&self) -> PathBuf {
        clone_dir(&self.repo)
    }

    /// The name of this clone in events.
    pub(crate) fn clone_name(&self) -> &str {
        &self.clone
    }

    /// The short name of a spec's work branch: `chant/<id>`.
    pub(crate) fn branch(&self, id: &SpecId) -> Result<String> {
        Ok(format!("{}{id}", self.config().branch_prefix()?))
    }

    /// The work branch of a spec as a ref.
    pub(crate) fn branch_ref(&self, id: &SpecId) -> Result<FullName> {
        branch_name(&self.branch(id)?)
    }

    /// A directory of ours under the common git directory, made if it is not there.
    pub(crate) fn private_dir(&self, name: &str) -> Result<PathBuf> {
        let dir = self.repo.chant_dir().join(name);
        fault::around("dir.make", || local_file::make_dir(&dir)).io("create", &dir)?;
        Ok(dir)
    }
}

/// What `cell` holds, made at the first need.
///
/// # Errors
/// As `make`; then the next call tries again.
pub(crate) fn get_or_try_init<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    match cell.get() {
        Some(made) => Ok(made),
        None => {
            let made = make()?;
            Ok(cell.get_or_init(|| made))
        }
    }
}

/// Where a clone keeps what is of it alone, seen from inside a run as well.
fn clone_dir(repo: &Repository) -> PathBuf {
    let outside = Private::around(repo).and_then(|private| private.run_dir.ancestors().nth(2).map(Path::to_owned));
    outside.unwrap_or_else(|| repo.chant_dir())
}

/// A name that tells this clone from others: kept in a file of its own, made at the first need. Where it cannot be kept (a
/// read-only repository), a name is made up for this run: nothing can be written there anyway.
fn clone_name(env: &Env, repo: &Repository) -> String {
    let dir = clone_dir(repo);
    let path = dir.join("clone");
    let read = || {
        let text = String::from_utf8(local_file::read(&path, 64).ok()??).ok()?;
        let name = text.trim();
        (name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| name.to_owned())
    };
    if let Some(name) = read() {
        return name;
    }
    let fresh = env.random_hex(8);
    let keep = || -> std::io::Result<()> {
        fault::around("dir.make", || std::fs::create_dir_all(&dir))?;
        let file = local_file::stage(&dir, format!("{fresh}\n").as_bytes())?;
        // The first process decides: the file appears whole or not at all.
        fault::around("clone.name", || file.persist_noclobber(&path)).map(|_| ()).map_err(|error| error.error)
    };
    match keep() {
        Ok(()) => fresh,
        Err(_) => read().unwrap_or(fresh),
    }
}
