//! Git's own bisect, in a git directory of its own that borrows the objects of the repository: no worktree, index or ref of the repository
//! takes part. What is tested at a commit is not decided here.

use std::path::PathBuf;

use gix::ObjectId;

use super::{history, output::Output, private::apart, process::Git, repository::Repository, worktree::remove};
use crate::{
    env::local_file,
    error::{Error, IoContext as _, Kind, Result},
};

/// A bisection, by its name. It is kept until it is ended, so that another process can resume it.
pub(crate) struct Bisection {
    dir: PathBuf,
}

/// What is known of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It works there.
    Good,
    /// It is broken there.
    Bad,
    /// That cannot be told.
    Skip,
}

/// The next step of a bisection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This commit is to be tested.
    Test(ObjectId),
    /// This is the first bad commit.
    Found(ObjectId),
    /// One of these is, and none of the others can be tested; the known bad one is the first.
    Among(Vec<ObjectId>),
}

impl Bisection {
    /// The bisection of that name, whether it is under way or not.
    pub(crate) fn of(repo: &Repository, name: &str) -> Bisection {
        Bisection { dir: repo.chant_dir().join("bisect").join(name) }
    }

    /// Whether there is one to resume.
    pub(crate) fn is_under_way(&self) -> bool {
        self.dir.join("BISECT_START").is_file()
    }

    /// Begins between `bad` and `good`, in the place of one that is under way.
    ///
    /// # Errors
    /// `git-failed` if git will not, for example because `good` has `bad` in its history.
    pub(crate) fn start(&self, repo: &Repository, bad: ObjectId, good: ObjectId) -> Result<()> {
        self.end()?;
        local_file::make_dir(&self.dir).io("create", &self.dir)?;
        apart::make_git_dir(repo, &self.dir, bad)?;
        let ends = [bad, good].map(|id| id.to_hex().to_string());
        self.git().args(["bisect", "start", "--no-checkout"]).args(ends).check().map(drop)
    }

    /// Takes the verdict on a commit.
    ///
    /// # Errors
    /// `git-failed` where it contradicts what is known: a common ancestor is bad.
    pub(crate) fn tell(&self, commit: ObjectId, verdict: Verdict) -> Result<()> {
        let word = match verdict {
            Verdict::Good => "good",
            Verdict::Bad => "bad",
            Verdict::Skip => "skip",
        };
        let git = self.git().args(["bisect", word]).arg(commit.to_hex().to_string());
        let told = git.run()?;
        // With 2 git says that only commits are left that were skipped.
        if told.success() || told.code == Some(2) { Ok(()) } else { Err(git.failed(&told)) }
    }

    /// The next step.
    ///
    /// # Errors
    /// If git cannot read what is kept.
    pub(crate) fn next(&self) -> Result<Next> {
        let (bad, good, skipped) = (self.refs("bad")?, self.refs("good-*")?, self.refs("skip-*")?);
        let [bad] = bad.as_slice() else {
            return Err(Error::fatal(Kind::Git, format!("no bisection is under way in '{}'", self.dir.display())));
        };
        let known = good.iter().map(|id| format!("^{id}"));
        let listed = self.git().args(["rev-list", "--topo-order"]).arg(bad.to_hex().to_string()).args(known).check()?;
        let among: Vec<ObjectId> = history::ids(&listed).collect();
        if among.len() <= 1 {
            return Ok(Next::Found(*bad));
        }
        if among.iter().all(|id| id == bad || skipped.contains(id)) {
            return Ok(Next::Among(among));
        }
        let head: Output = self.git().args(["rev-parse", "--verify", "BISECT_HEAD"]).check()?;
        let head = head.line().parse().map_err(|_| Error::fatal(Kind::GitFailed, "git bisect named no commit"))?;
        Ok(Next::Test(head))
    }

    /// What was told so far, in the order in which it was.
    ///
    /// # Errors
    /// If git cannot read what is kept.
    pub(crate) fn told(&self) -> Result<Vec<(ObjectId, Verdict)>> {
        let log = self.git().args(["bisect", "log"]).check()?;
        let words = [("good", Verdict::Good), ("bad", Verdict::Bad), ("skip", Verdict::Skip)];
        let of_line = |line: &str| {
            let (word, id) = line.strip_prefix("git bisect ")?.split_once(' ')?;
            let verdict = words.iter().find(|(known, _)| *known == word)?.1;
            Some((id.trim_matches('\'').parse().ok()?, verdict))
        };
        Ok(String::from_utf8_lossy(&log.stdout).lines().filter_map(of_line).collect())
    }

    /// Forgets it.
    ///
    /// # Errors
    /// If its directory cannot be removed.
    pub(crate) fn end(&self) -> Result<()> {
        remove::clear(&self.dir)
    }

    fn refs(&self, pattern: &str) -> Result<Vec<ObjectId>> {
        let listed = self.git().args(["for-each-ref", "--format=%(objectname)"]);
        Ok(history::ids(&listed.arg(format!("refs/bisect/{pattern}")).check()?).collect())
    }

    fn git(&self) -> Git {
        Git::in_git_dir(&self.dir).without_hooks().config("core.fsmonitor=false").env("GIT_NO_REPLACE_OBJECTS", "1")
    }
}
