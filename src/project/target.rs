//! Where the work of a spec is to go, and what it therefore begins with.

use gix::{ObjectId, refs::FullName};

use super::{Project, get_or_try_init};
use crate::{
    error::{Error, Exit, Kind, Result},
    git::{branch, reference::branch_name, repository::Head},
};

/// What the branches of investigations begin with; the topic follows.
pub(crate) const FIX: &str = "fix/";

impl Project {
    /// The branch that a spec is for, by its short name, if anything but the current branch is: what was said when it was added,
    /// else the branch of the investigation that it is a phase of (a failing test does not belong on main), otherwise `chant.target`.
    ///
    /// # Errors
    /// If `chant.target` cannot be read.
    pub(crate) fn target_of(
        &self,
        (phase, topic): (Option<&str>, Option<&str>),
        onto: Option<&str>,
    ) -> Result<Option<String>> {
        if let Some(onto) = onto {
            return Ok(Some(short_name(onto).to_owned()));
        }
        if let (Some(_), Some(topic)) = (phase, topic) {
            return Ok(Some(format!("{FIX}{topic}")));
        }
        let target = get_or_try_init(&self.target, || self.config().target())?;
        Ok(target.as_deref().map(|name| short_name(name).to_owned()))
    }

    /// The commit that work for `branch` begins with, and the branch by its full name. Without one it is the current branch; a
    /// detached `HEAD` has no target. A branch that is nowhere yet begins at the current commit.
    ///
    /// # Errors
    /// `bad-branch` if it is no name of a branch, `no-commits` on an unborn branch.
    pub(crate) fn begin_at(&self, branch: Option<&str>) -> Result<(ObjectId, Option<String>)> {
        let head = self.repo.head()?;
        let Some(name) = branch else {
            return match head {
                Head::Branch(name, Some(tip)) => Ok((tip, Some(name.as_bstr().to_string()))),
                Head::Branch(name, None) => Err(unborn(&name.shorten().to_string())),
                Head::Detached(tip) => Ok((tip, None)),
            };
        };
        let full = full_name(name)?;
        if let Some(tip) = self.branch_start(&full)? {
            return Ok((tip, Some(full)));
        }
        match head.id() {
            Some(tip) => Ok((tip, Some(full))),
            None => Err(unborn(short_name(name))),
        }
    }

    /// Refuses the target `full` where it is no branch and cannot become one: the name is that of a tag or a remote-tracking branch, or a branch
    /// is in its way.
    ///
    /// # Errors
    /// `bad-branch` or `branch-blocked`, with the way out.
    pub(crate) fn require_target(&self, full: &str) -> Result<()> {
        let Ok(name) = FullName::try_from(full) else { return Ok(()) };
        if branch::read(&self.repo, name.as_ref())?.is_some() {
            return Ok(());
        }
        let short = name.shorten().to_string();
        if let Ok(remote) = FullName::try_from(format!("refs/remotes/{short}"))
            && branch::read(&self.repo, remote.as_ref())?.is_some()
        {
            let own = short.split_once('/').map_or("<branch>", |(_, own)| own);
            return Err(Error::fatal(Kind::BadBranch, format!("'{short}' is a remote-tracking branch"))
                .hint(format!("to work for the branch that it tracks: --onto {}", shell_words::quote(own))));
        }
        // A branch of that name would make the name ambiguous.
        if let Ok(tag) = FullName::try_from(format!("refs/tags/{short}"))
            && branch::read(&self.repo, tag.as_ref())?.is_some()
        {
            return Err(Error::fatal(Kind::BadBranch, format!("'{short}' is a tag; expected a branch"))
                .hint(format!("to make a branch of it: git branch <branch> {}", shell_words::quote(&short))));
        }
        branch::refuse_blocked(&self.repo, name.as_ref())
            .map_err(|error| error.hint("rename that branch, or choose another target: --onto <branch>"))
    }

    /// What to tell a person who names the target `full`, where there is no such branch: it may be mistyped.
    ///
    /// # Errors
    /// If refs cannot be read.
    pub(crate) fn new_branch(&self, full: &str) -> Result<Option<String>> {
        let is_there = self.branch_start(full)?.is_some();
        Ok((!is_there).then(|| format!("there is no branch '{}'; the merge will create it", short_name(full))))
    }
}

/// The full name of a branch that a person names.
///
/// # Errors
/// `bad-branch` if git would not take it.
pub(crate) fn full_name(name: &str) -> Result<String> {
    match branch_name(short_name(name)) {
        Ok(full) => Ok(full.as_bstr().to_string()),
        Err(error) => Err(Error { exit: Exit::Usage, ..error }),
    }
}

/// The short name of a branch: `main` for `refs/heads/main`.
pub(crate) fn short_name(name: &str) -> &str {
    name.strip_prefix("refs/heads/").unwrap_or(name)
}

fn unborn(branch: &str) -> Error {
    Error::fatal(Kind::NoCommits, format!("your current branch '{branch}' does not have any commits yet"))
        .hint("to create a first commit: git commit --allow-empty -m \"Initial commit\"")
}
