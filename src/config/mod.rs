//! The settings of `chant.*`, read from git configuration with git's own syntax and precedence.

mod agent;
pub mod keys;
mod value;

use std::{path::PathBuf, str::FromStr, time::Duration};

use bstr::BString;
use strum::{EnumString, IntoStaticStr};

use crate::{
    domain::{cost::Budget, pattern::PathSet},
    error::Result,
};
use value::Setting;

/// How long a supported agent may print nothing, where nothing else is set.
const SILENCE: Duration = Duration::from_secs(30 * 60);

/// How work reaches its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum MergeHow {
    /// A merge commit.
    #[default]
    Merge,
    /// Forward where possible, otherwise a merge commit.
    #[strum(serialize = "ff")]
    FastForward,
    /// One commit.
    Squash,
    /// Every commit made again on top of the target.
    Rebase,
}

/// What happens on a change outside the target files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Scope {
    /// The check fails.
    #[default]
    Error,
    /// The change is reported.
    Warn,
    /// The change is ignored.
    Off,
}

impl Scope {
    /// The word in the configuration.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Whether agents are confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confine {
    /// Where the system can.
    Auto,
    /// Never.
    Off,
    /// Always: no agent runs otherwise.
    Require,
}

/// What commits and pull requests say of the agent that helped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum Attribution {
    /// Nothing.
    #[default]
    None,
    /// `Assisted-by`.
    AssistedBy,
    /// `Co-authored-by`.
    CoAuthoredBy,
}

impl Attribution {
    /// The trailer about `agent`; `None` if nothing is to be said.
    pub(crate) fn trailer(self, agent: &str) -> Option<String> {
        match self {
            Attribution::None => None,
            Attribution::AssistedBy => Some(format!("Assisted-by: {agent}")),
            Attribution::CoAuthoredBy => Some(format!("Co-authored-by: {agent} <noreply@invalid>")),
        }
    }
}

/// Whether commands from the repository's files are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Trust {
    /// Ask for what is not known.
    #[default]
    Ask,
    /// Run everything.
    Always,
    /// Run nothing.
    Never,
}

/// Typed access to the `chant.*` keys.
///
/// Every getter errors with `bad-config` on a value that its key does not take; the message names the key, the value, where it
/// is set, and what was expected.
pub(crate) struct Config<'repo> {
    snapshot: gix::config::Snapshot<'repo>,
}

impl<'repo> Config<'repo> {
    /// The settings in this snapshot of a repository's configuration.
    pub(crate) fn new(snapshot: gix::config::Snapshot<'repo>) -> Self {
        Config { snapshot }
    }

    /// The name of the agent to use: the first of [`Config::chosen_agents`].
    pub(crate) fn agent(&self) -> Result<Option<String>> {
        Ok(self.chosen_agents()?.into_iter().next())
    }

    /// How often a command that waits says so without a terminal; `None` is never.
    pub(crate) fn progress(&self) -> Result<Option<Duration>> {
        self.find(keys::PROGRESS.name).map_or(Ok(Some(Duration::from_secs(60))), |found| found.duration())
    }

    /// How long to wait at first before an agent goes on that was stopped by what passes; `None` if that is not set, zero if it is `none`.
    pub(crate) fn rate_limit_pause(&self) -> Result<Option<Duration>> {
        let found = self.find(keys::RATE_LIMIT_PAUSE.name);
        found.map(|found| found.duration().map(Option::unwrap_or_default)).transpose()
    }

    /// What runs for one spec, for one investigation, and on one day may cost; none is no limit.
    pub(crate) fn budgets(&self) -> Result<[Option<Budget>; 3]> {
        let of = |key: keys::Key| self.find(key.name).map_or(Ok(None), |found| found.budget());
        Ok([of(keys::BUDGET)?, of(keys::BUDGET_TOPIC)?, of(keys::BUDGET_DAY)?])
    }

    /// The command line that is told what became of specs.
    pub(crate) fn notify(&self) -> Result<Option<BString>> {
        self.command(&keys::NOTIFY, keys::NOTIFY.name)
    }

    /// The names of the agents that have a command line, sorted.
    pub(crate) fn agents(&self) -> Vec<String> {
        let sections = self.snapshot.plumbing().sections_by_name("chant").into_iter().flatten();
        let with_command =
            sections.filter(|section| section.contains_value_name("cmd") && value::trusted(section.meta()));
        let mut names: Vec<_> = with_command
            .filter_map(|section| {
                section.header().subsection_name()?.to_string().strip_prefix("agent.").map(str::to_owned)
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Whether anything is set of an agent of that name.
    pub(crate) fn knows_agent(&self, name: &str) -> bool {
        let section = format!("agent.{name}");
        let mut sections = self.snapshot.plumbing().sections_by_name("chant").into_iter().flatten();
        sections.any(|found| {
            let ours = found.header().subsection_name().is_some_and(|subsection| subsection == section.as_str());
            ours && value::trusted(found.meta())
        })
    }

    /// How long agents may run; none is no limit.
    pub(crate) fn timeout(&self) -> Result<Option<Duration>> {
        self.duration(&keys::TIMEOUT)
    }

    /// How long a supported agent may print nothing; none is no limit.
    pub(crate) fn silence_timeout(&self) -> Result<Option<Duration>> {
        let found = self.find(keys::SILENCE_TIMEOUT.name);
        found.map_or(Ok(Some(SILENCE)), |found| found.duration())
    }

    /// How long each check may run; none is no limit.
    pub(crate) fn verify_timeout(&self) -> Result<Option<Duration>> {
        self.duration(&keys::VERIFY_TIMEOUT)
    }

    /// What the names of work branches begin with: `chant/`.
    pub(crate) fn branch_prefix(&self) -> Result<String> {
        match self.find(keys::BRANCH_PREFIX.name) {
            None => Ok("chant/".to_owned()),
            Some(found) => {
                let prefix = found.text()?;
                let probe = gix::refs::FullName::try_from(format!("refs/heads/{prefix}2026-01-01-001-aaa"));
                let usable = !prefix.is_empty() && !prefix.starts_with(['-', '/']) && !prefix.contains("//");
                if usable && probe.is_ok() { Ok(prefix) } else { Err(found.bad("the beginning of a branch name")) }
            }
        }
    }

    /// The branch to merge into, as it was given.
    pub(crate) fn target(&self) -> Result<Option<String>> {
        self.text(&keys::TARGET)
    }

    /// The directory for worktrees, `~` expanded to `home`; it may be relative to the main worktree.
    pub(crate) fn worktree_dir(&self, home: Option<PathBuf>) -> Result<Option<PathBuf>> {
        self.find(keys::WORKTREE_DIR.name).map(|found| found.path(home)).transpose()
    }

    /// How many former worktrees are kept, if that is set.
    pub(crate) fn worktree_pool(&self) -> Result<Option<usize>> {
        let keys::Kind::Int { min, max } = keys::WORKTREE_POOL.kind else { return Ok(None) };
        let found = self.find(keys::WORKTREE_POOL.name).map(|found| found.int(min, max)).transpose()?;
        Ok(found.map(|count| usize::try_from(count).unwrap_or(usize::MAX)))
    }

    /// The patterns of untracked files that stay in former worktrees.
    pub(crate) fn worktree_keep(&self) -> Result<Vec<String>> {
        Setting::all(self.snapshot.plumbing(), keys::WORKTREE_KEEP.name).iter().map(Setting::text).collect()
    }

    /// The command line that prepares a worktree.
    pub(crate) fn worktree_setup(&self) -> Result<Option<BString>> {
        self.command(&keys::WORKTREE_SETUP, keys::WORKTREE_SETUP.name)
    }

    /// Whether agents are confined.
    pub(crate) fn confine(&self) -> Result<Confine> {
        Ok(match self.word(&keys::CONFINE)? {
            Some("off") => Confine::Off,
            Some("require") => Confine::Require,
            _ => Confine::Auto,
        })
    }

    /// Whether a confined agent can write nothing but what is its own.
    pub(crate) fn confine_strictly(&self) -> Result<bool> {
        self.bool(&keys::CONFINE_STRICT)
    }

    /// What a confined agent cannot change besides the rest, `~` expanded to `home`.
    pub(crate) fn confine_readonly(&self, home: Option<PathBuf>) -> Result<Vec<PathBuf>> {
        self.paths(&keys::CONFINE_READONLY, home)
    }

    /// What a confined agent can write besides the rest, `~` expanded to `home`.
    pub(crate) fn confine_writable(&self, home: Option<PathBuf>) -> Result<Vec<PathBuf>> {
        self.paths(&keys::CONFINE_WRITABLE, home)
    }

    /// What happens on a change outside the target files.
    pub(crate) fn scope(&self) -> Result<Scope> {
        self.choice(&keys::SCOPE)
    }

    /// What commits and pull requests say of the agent that helped.
    pub(crate) fn attribution(&self) -> Result<Attribution> {
        self.choice(&keys::ATTRIBUTION)
    }

    /// Whether commands from the repository's files are run.
    pub(crate) fn trust(&self) -> Result<Trust> {
        self.choice(&keys::TRUST)
    }

    /// How work reaches its target.
    pub(crate) fn merge(&self) -> Result<MergeHow> {
        self.choice(&keys::MERGE_HOW)
    }

    /// How research reaches its target.
    pub(crate) fn merge_research(&self) -> Result<MergeHow> {
        self.choice(&keys::MERGE_RESEARCH)
    }

    /// Whether commits on branches are signed off: `chant.signoff`, otherwise `format.signoff`.
    pub(crate) fn signoff(&self) -> Result<bool> {
        let ours = self.find(keys::SIGNOFF.name);
        ours.or_else(|| self.find("format.signOff")).map_or(Ok(false), |found| found.bool())
    }

    /// Whether events are signed.
    pub(crate) fn sign(&self) -> Result<bool> {
        self.bool(&keys::SIGN)
    }

    /// Whether approvals must be signed.
    pub(crate) fn require_signed(&self) -> Result<bool> {
        self.bool(&keys::REQUIRE_SIGNED)
    }

    /// Whether the output of checks is recorded.
    pub(crate) fn share_output(&self) -> Result<bool> {
        self.bool(&keys::SHARE_OUTPUT)
    }

    /// How many bytes of inputs go into a prompt.
    pub(crate) fn prompt_budget(&self) -> Result<u64> {
        self.int(&keys::PROMPT_BUDGET, 100 << 10)
    }

    /// How long to try to update a contended ref.
    pub(crate) fn lock_timeout(&self) -> Result<Duration> {
        self.int(&keys::LOCK_TIMEOUT, 10_000).map(Duration::from_millis)
    }

    /// The types and labels of specs that need an approval.
    pub(crate) fn approval_required(&self) -> Result<Vec<String>> {
        self.words(&keys::APPROVAL_REQUIRED)
    }

    /// The types and labels of specs whose work needs a review; `all` is all of them.
    pub(crate) fn review(&self) -> Result<Vec<String>> {
        self.words(&keys::REVIEW)
    }

    fn words(&self, key: &keys::Key) -> Result<Vec<String>> {
        let text = self.text(key)?.unwrap_or_default();
        let words = text.split(|c: char| c == ',' || c.is_whitespace());
        Ok(words.filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }

    /// How much of the disk the warm checkout may take, in bytes.
    pub(crate) fn warm_limit(&self) -> Result<u64> {
        self.int(&keys::WARM_LIMIT, 10 << 30)
    }

    /// The tracked files that a check may change.
    pub(crate) fn check_may_change(&self) -> Result<PathSet> {
        let usual = || {
            let words: Vec<&str> = keys::CHECK_MAY_CHANGE.default.iter().flat_map(|text| text.split(' ')).collect();
            PathSet::new(&words).unwrap_or_default()
        };
        self.find(keys::CHECK_MAY_CHANGE.name).map_or_else(|| Ok(usual()), |found| found.path_set())
    }

    /// That setting, as it stands.
    pub(crate) fn check_may_change_words(&self) -> String {
        self.find(keys::CHECK_MAY_CHANGE.name).and_then(|found| found.text().ok()).unwrap_or_default()
    }

    /// Whether `verify` commands run at the base too.
    pub(crate) fn verify_base(&self) -> Result<bool> {
        self.bool(&keys::VERIFY_BASE)
    }

    /// Whether work branches are exchanged too.
    pub(crate) fn push_branches(&self) -> Result<bool> {
        self.bool(&keys::PUSH_BRANCHES)
    }

    /// Whether the commands of a spec run on the result of a merge too, where that is not what was checked.
    pub(crate) fn verify_merged(&self) -> Result<bool> {
        let Some(found) = self.find(keys::VERIFY_MERGED.name) else { return Ok(true) };
        let auto = found.text().is_ok_and(|text| text.eq_ignore_ascii_case("auto"));
        if auto { Ok(true) } else { found.bool().or_else(|_| self.word(&keys::VERIFY_MERGED).map(|_| true)) }
    }

    /// The time before which transcripts have expired, as `read` understands what was given.
    pub(crate) fn prune_expire(&self, read: impl Fn(&str) -> Result<Option<u64>>) -> Result<u64> {
        let default = keys::PRUNE_EXPIRE.default.unwrap_or_default();
        let found = self.find(keys::PRUNE_EXPIRE.name);
        let text = found.as_ref().map_or_else(|| Ok(default.to_owned()), Setting::text)?;
        match (read(&text)?, found) {
            (Some(time), _) => Ok(time),
            (None, Some(found)) => Err(found.bad("a time as git reads it, 'never' or 'now'")),
            (None, None) => Ok(0),
        }
    }

    /// Whether the remote decides claims.
    pub(crate) fn claims_at_remote(&self) -> Result<bool> {
        Ok(self.word(&keys::CLAIM)? == Some("remote"))
    }

    /// How old a claim of another clone may become; none is no limit.
    pub(crate) fn claim_timeout(&self) -> Result<Option<Duration>> {
        self.duration(&keys::CLAIM_TIMEOUT)
    }

    /// The remote to exchange events with.
    pub(crate) fn remote(&self) -> Result<Option<String>> {
        self.text(&keys::REMOTE)
    }

    /// Looks at the value of every key that is the same for all agents: a bad one is told before anything begins, not by what needs it first.
    ///
    /// # Errors
    /// `bad-config` for the first bad value.
    pub(crate) fn check(&self) -> Result<()> {
        for key in keys::ALL.iter().filter(|key| key.name != keys::VERIFY_MERGED.name) {
            let Some(found) = self.find(key.name) else { continue };
            match key.kind {
                keys::Kind::Bool => found.bool().map(drop)?,
                keys::Kind::Int { min, max } => found.int(min, max).map(drop)?,
                keys::Kind::Duration => found.duration().map(drop)?,
                keys::Kind::OneOf(words) => found.word(words).map(drop)?,
                keys::Kind::Budget => found.budget().map(drop)?,
                keys::Kind::BranchPrefix => self.branch_prefix().map(drop)?,
                keys::Kind::Text | keys::Kind::Name | keys::Kind::Path | keys::Kind::Command | keys::Kind::Expiry => {}
            }
        }
        self.verify_merged()?;
        self.check_may_change().map(drop)
    }

    fn paths(&self, key: &keys::Key, home: Option<PathBuf>) -> Result<Vec<PathBuf>> {
        Setting::all(self.snapshot.plumbing(), key.name).iter().map(|found| found.path(home.clone())).collect()
    }

    fn find<'a>(&'a self, name: &str) -> Option<Setting<'a>> {
        Setting::last(self.snapshot.plumbing(), name)
    }

    fn bool(&self, key: &keys::Key) -> Result<bool> {
        self.find(key.name).map_or(Ok(key.default == Some("true")), |found| found.bool())
    }

    fn int(&self, key: &keys::Key, default: u64) -> Result<u64> {
        let keys::Kind::Int { min, max } = key.kind else { return Ok(default) };
        self.find(key.name).map_or(Ok(default), |found| found.int(min, max))
    }

    fn text(&self, key: &keys::Key) -> Result<Option<String>> {
        self.find(key.name).map(|found| found.text()).transpose()
    }

    fn duration(&self, key: &keys::Key) -> Result<Option<Duration>> {
        self.find(key.name).map_or(Ok(None), |found| found.duration())
    }

    fn word(&self, key: &keys::Key) -> Result<Option<&'static str>> {
        let keys::Kind::OneOf(words) = key.kind else { return Ok(None) };
        self.find(key.name).map(|found| found.word(words)).transpose()
    }

    /// What one of the words of a key stands for, or its default.
    fn choice<T: FromStr + Default>(&self, key: &keys::Key) -> Result<T> {
        let word = self.word(key)?.or(key.default);
        Ok(word.and_then(|word| word.parse().ok()).unwrap_or_default())
    }

    /// A command line: from trusted configuration only, whatever the repository's trust is.
    fn command(&self, key: &keys::Key, name: &str) -> Result<Option<BString>> {
        debug_assert_eq!(key.kind, keys::Kind::Command, "only command lines are filtered by trust");
        Setting::last_trusted(self.snapshot.plumbing(), name).map(|found| found.command()).transpose()
    }
}
