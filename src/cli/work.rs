//! The commands that carry a spec out: `work`, `verify`, `finish`, `merge`.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{
    global::{ClaimArg, phase_parser},
    page::Page,
};
use crate::domain::{filter::Filter, phase::Phase};

/// Have agents carry specs out
///
/// Claims a spec, makes a branch and a worktree for it, gives the agent the spec and everything that informs it, runs the checks,
/// and merges the work into its target. Your branch, index and files are untouched until the merge, and the merge leaves alone what
/// you have not committed.
///
/// The agent is one that is known by name (aider, claude, codex, cursor-agent, gemini, goose, opencode) or a command from git's
/// configuration, chant.agent.<name>.cmd; the agent "manual" is you. A spec that fails can be
/// worked again; the earlier attempt is kept. One that was paused, interrupted or cut off by a crash goes on in its worktree.
///
/// Several specs are worked in the order of their dependencies, as many at once as --jobs says. Any number of these commands can run
/// in one repository: each spec is worked by one of them. A spec that is not done stops the rest unless --keep-going is given; what
/// runs already runs to its end. An agent that stopped because it is rate-limited (it exits with 75, or says so), the model is
/// overloaded, its server failed or there is no network is paused, left alone for a while (chant.rateLimitPause), and goes on in its
/// session. One spec alone does so where chant.rateLimitPause is set. What does not pass fails with the reason, in the agent's words: a
/// key that is not accepted, an account without credit, a question, a limit, a refusal.
#[derive(Args, Clone, Debug)]
pub(crate) struct WorkArgs {
    /// The specs, by full or short id
    #[arg(value_name = "spec", required_unless_present_any = ["all", "chain", "labels", "topic", "phase"])]
    pub specs: Vec<String>,

    /// Work every spec that is ready
    #[arg(long, conflicts_with = "specs")]
    pub all: bool,

    /// Go on to what becomes ready when these are completed; without specs, with all that is ready
    #[arg(long)]
    pub chain: bool,

    /// Of those that are ready, only specs with this label; may be repeated, or several separated by commas
    #[arg(long = "label", value_name = "label", value_delimiter = ',')]
    pub labels: Vec<String>,

    /// Of those that are ready, only specs of this investigation; may be repeated, or several separated by commas
    #[arg(long, value_name = "name", value_delimiter = ',')]
    pub topic: Vec<String>,

    /// Of those that are ready, only specs of this phase; may be repeated, or several separated by commas
    #[arg(long, value_name = "phase", value_parser = phase_parser(), value_delimiter = ',')]
    pub phase: Vec<Phase>,

    /// Work this many at once
    #[arg(short = 'j', long, value_name = "number", value_parser = jobs, default_value = "1", hide_default_value = true)]
    pub jobs: usize,

    /// Work the rest though one was not done
    #[arg(short = 'k', long)]
    pub keep_going: bool,

    /// Begin at most this many
    #[arg(long, value_name = "number")]
    pub max: Option<usize>,

    /// Who decides who gets a spec: "local", this clone alone, or "remote", the remote that several clones share [default: chant.claim]
    #[arg(long, value_name = "where", hide_possible_values = true)]
    pub claim: Option<ClaimArg>,

    /// The prompt to give to the agent this time: a built-in one, or the name of a file in .chant/prompts [default: the spec's]
    #[arg(long, value_name = "name")]
    pub prompt: Option<String>,

    /// The agent to use, one of chant.agent.<name>, or "manual" [default: the spec's, then chant.agent]
    #[arg(long, value_name = "name")]
    pub agent: Option<String>,

    /// Start from <branch> and merge into it [default: chant.target, then the current branch]
    #[arg(long, value_name = "branch")]
    pub onto: Option<String>,

    /// End the agent after this long: "45m", "1h 30m"
    #[arg(long, value_name = "duration", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,

    /// Accept work that changes nothing
    #[arg(long)]
    pub allow_empty: bool,

    /// Stop when the work is finished; merge it later with git chant merge
    #[arg(long)]
    pub no_merge: bool,

    /// Run the commands and prompts that the spec names without asking for approval
    #[arg(long)]
    pub trust: bool,
}

/// How many at once: at least one, and not so many that a slip of the finger takes the machine down.
impl WorkArgs {
    /// All phases of an investigation, as `work --topic <topic> --chain` has it.
    pub(crate) fn of_topic(topic: &str) -> WorkArgs {
        WorkArgs {
            specs: Vec::new(),
            all: false,
            chain: true,
            labels: Vec::new(),
            topic: vec![topic.to_owned()],
            phase: Vec::new(),
            jobs: 1,
            keep_going: false,
            max: None,
            claim: None,
            prompt: None,
            agent: None,
            onto: None,
            timeout: None,
            allow_empty: false,
            no_merge: false,
            trust: false,
        }
    }

    /// The specs that the options ask for.
    pub(crate) fn filter(&self) -> Filter {
        filter(&self.labels, &self.topic, &self.phase)
    }
}

impl NextArgs {
    /// The specs that the options ask for.
    pub(crate) fn filter(&self) -> Filter {
        filter(&self.labels, &self.topic, &self.phase)
    }
}

fn filter(labels: &[String], topics: &[String], phases: &[Phase]) -> Filter {
    Filter { types: Vec::new(), phases: phases.to_vec(), topics: topics.to_vec(), labels: labels.to_vec() }
}

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=MAX_JOBS) => Ok(number),
        _ => Err(format!("a number from 1 to {MAX_JOBS} was expected")),
    }
}

/// The most that is worked at once.
const MAX_JOBS: usize = 256;

/// Examples and neighbours of `work`.
pub(crate) const WORK_PAGE: Page = Page {
    examples: &[
        ("git chant work 010", "Start, check and merge."),
        ("git chant work 010 --onto fix/issue-1234 --timeout 30m", "For another branch, with a limit."),
        ("git chant work 010 --agent manual", "Do it yourself in the worktree, then git chant finish 010."),
        ("git chant work 010 --no-merge", "Look at the work before it is merged."),
        ("git chant work --all --chain --jobs 4 --keep-going", "Everything that can be done, four at once."),
        ("git chant work --topic issue-1234 --chain", "One investigation, phase by phase."),
    ],
    see_also: &[
        "git-chant-finish",
        "git-chant-log",
        "git-chant-merge",
        "git-chant-next",
        "git-chant-pause",
        "git-chant-ready",
        "git-chant-reset",
        "git-worktree",
        "gitchant-config",
    ],
};

/// Name the spec that comes next, or take it
///
/// The first of the specs that can be worked now, in the order of their ids. With --claim it is yours from then on: its branch and
/// worktree are made, and no other process gets it, however many ask at once. That is how an agent pulls its own work: it goes to the
/// worktree, does what the prompt there says, and ends with git chant finish.
///
/// Exits with 1 if nothing is ready.
#[derive(Args, Clone, Debug)]
pub(crate) struct NextArgs {
    /// Take it: claim it, and make its worktree
    ///
    /// --claim=remote has the remote decide who gets it, --claim=local this clone alone; without a value chant.claim says which.
    #[arg(long, value_name = "where", num_args = 0..=1, require_equals = true, hide_possible_values = true)]
    pub claim: Option<Option<ClaimArg>>,

    /// Only specs with this label; may be repeated, or several separated by commas
    #[arg(long = "label", value_name = "label", value_delimiter = ',')]
    pub labels: Vec<String>,

    /// Only specs of this investigation; may be repeated, or several separated by commas
    #[arg(long, value_name = "name", value_delimiter = ',')]
    pub topic: Vec<String>,

    /// Only specs of this phase; may be repeated, or several separated by commas
    #[arg(long, value_name = "phase", value_parser = phase_parser(), value_delimiter = ',')]
    pub phase: Vec<Phase>,

    /// Start from <branch> and merge into it [default: chant.target, then the current branch]
    #[arg(long, value_name = "branch", requires = "claim")]
    pub onto: Option<String>,

    /// Take it without asking for approval of its commands and prompts
    #[arg(long, requires = "claim")]
    pub trust: bool,
}

/// Examples and neighbours of `next`.
pub(crate) const NEXT_PAGE: Page = Page {
    examples: &[
        ("git chant next", "What would git chant work begin with?"),
        ("cd \"$(git chant next --claim --format='%(worktree)')\"", "Take it and go there."),
        ("git chant next --claim --json", "For an agent: the spec, its worktree, the file with the prompt."),
    ],
    see_also: &["git-chant-finish", "git-chant-ready", "git-chant-release", "git-chant-work"],
};

/// Run a spec's checks and say what they find
///
/// Runs in a clean checkout of the tip of the work branch, or of any revision. The status of the spec stays as it is.
#[derive(Args, Clone, Debug)]
pub(crate) struct VerifyArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec", required_unless_present_any = ["all", "since"])]
    pub spec: Option<String>,

    /// Check every finished and completed spec that names commands
    #[arg(long, conflicts_with = "spec")]
    pub all: bool,

    /// Check the specs that the commits since <revision> came from, on the newest of these commits, and list the commits that came from none
    ///
    /// The range ends at --at, which is HEAD unless it is given. What came from where is taken from events: a commit that only names a
    /// spec in its message is listed as one without.
    #[arg(long, value_name = "revision", conflicts_with_all = ["spec", "all"])]
    pub since: Option<String>,

    /// Fail for what is missing in the range, too: spec (a commit that came from none), proof (a spec whose work is not proved)
    #[arg(long, value_name = "what", value_delimiter = ',', value_parser = ["spec", "proof"], requires = "since", conflicts_with_all = ["spec", "all"])]
    pub require: Vec<String>,

    /// Write what was found about the range into this file, as Markdown for a pull request
    #[arg(long, value_name = "file", requires = "since", conflicts_with_all = ["spec", "all"])]
    pub summary: Option<PathBuf>,

    /// Exit with 1 if a check failed, which is so without it, too: for those who expect to say so
    #[arg(long)]
    pub exit_code: bool,

    /// Check this revision instead of the tip of the work branch
    #[arg(long, value_name = "revision")]
    pub at: Option<String>,

    /// Forget the results of earlier checks that were kept to save time
    #[arg(long)]
    pub fresh: bool,

    /// Run the commands that the spec names without asking for approval
    #[arg(long)]
    pub trust: bool,
}

/// Examples and neighbours of `verify`.
pub(crate) const VERIFY_PAGE: Page = Page {
    examples: &[
        ("git chant verify 010", "Is the work done?"),
        ("git chant verify 010 --at main", "Does the target still hold what the spec asks for?"),
        ("git chant verify --all --at HEAD --trust", "In CI: does everything still hold?"),
        (
            "git chant verify --since origin/main --trust --summary summary.md",
            "In CI: what does this branch bring, and is it proved?",
        ),
    ],
    see_also: &["git-chant-finish", "git-chant-show"],
};

/// Finish a spec that a person carried out
///
/// Runs the checks, records the outcome and merges, as git chant work does once its agent has ended. On a failed attempt it runs the
/// checks again in place, without the agent.
///
/// Where no attempt was started, name the commits that are your work with --commit: what they change is judged as the work of an agent
/// would be. Of a commit that the current branch does not hold, everything that it brings counts, and is merged. The text of the spec
/// counts as it is now. A gate needs no commit, and neither does a spec that asks for no change once its criteria are ticked.
#[derive(Args, Clone, Debug)]
pub(crate) struct FinishArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// A commit that is the work, where no attempt was started; may be repeated
    #[arg(long = "commit", value_name = "revision")]
    pub commits: Vec<String>,

    /// Accept work that changes nothing
    #[arg(long)]
    pub allow_empty: bool,

    /// Record that it is finished; merge it later with git chant merge
    #[arg(long)]
    pub no_merge: bool,

    /// Run the commands that the spec names without asking for approval
    #[arg(long)]
    pub trust: bool,
}

/// Examples and neighbours of `finish`.
pub(crate) const FINISH_PAGE: Page = Page {
    examples: &[
        ("git chant finish 010", "The work in its worktree is done."),
        ("git chant finish 010 --commit HEAD", "The work is the commit that you just made."),
    ],
    see_also: &["git-chant-fail", "git-chant-merge", "git-chant-work"],
};

/// Merge finished work into its target
///
/// The merge is made apart from your files, in the way that chant.merge says. A target that is checked out moves forward only if
/// nothing uncommitted is in the way. A conflict is reported with its paths: the spec stays finished, and no tree is left half merged.
///
/// A conflict is resolved in the worktree of the spec: merge the target into its branch there (or rebase it), then run this again.
/// What has moved is checked again before it is merged. With --agent an agent does that: the target is merged into the branch in that
/// worktree, the agent is told what both sides wanted, and what it makes of it is checked and merged. If it fails, branch and worktree
/// are set back, and what it did is kept.
#[derive(Args, Clone, Debug)]
pub(crate) struct MergeArgs {
    /// The spec, by full or short id [default: every spec that is finished]
    #[arg(value_name = "spec")]
    pub spec: Option<String>,

    /// Merge every spec that is finished, each into its own target
    #[arg(long, conflicts_with = "spec")]
    pub all: bool,

    /// Merge into <branch> instead of the recorded target
    #[arg(long, value_name = "branch")]
    pub onto: Option<String>,

    /// Have an agent resolve a conflict: one of chant.agent.<name> [default: the spec's, then chant.agent]
    #[arg(long, value_name = "name")]
    pub agent: Option<Option<String>>,

    /// Run the commands and prompts that the spec names without asking for approval
    #[arg(long)]
    pub trust: bool,
}

/// Examples and neighbours of `merge`.
pub(crate) const MERGE_PAGE: Page = Page {
    examples: &[
        ("git chant merge 010", "Into the target that was recorded when work began."),
        ("git chant merge 010 --onto fix/issue-1234", "Into another branch."),
        ("git chant merge 010 --agent", "Have a conflict resolved, checked and merged."),
        ("git chant merge --all", "Everything that is finished; what conflicts stays finished."),
    ],
    see_also: &["git-chant-finish", "git-chant-work", "git-merge"],
};

/// Split a spec into members
///
/// A spec with members is a driver: its members, <id>.1 and on, are worked in the order of their dependencies, and it completes with the
/// last of them. The parts come from the headings of the spec ("## <title>"), or from an agent, whose proposal is shown and asked about.
#[derive(Args, Clone, Debug)]
pub(crate) struct SplitArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec")]
    pub spec: String,

    /// Make a member of each heading of the second level
    #[arg(long)]
    pub by_heading: bool,

    /// The agent to ask
    #[arg(long, value_name = "name", conflicts_with = "by_heading")]
    pub agent: Option<String>,

    /// Take the agent's proposal without asking
    #[arg(short = 'y', long, conflicts_with = "by_heading")]
    pub yes: bool,
}

/// Examples and neighbours of `split`.
pub(crate) const SPLIT_PAGE: Page = Page {
    examples: &[
        ("git chant split 010 --by-heading", "Each '## ...' becomes a member."),
        ("git chant add \"And this\" --member-of 010", "One more."),
    ],
    see_also: &["git-chant-add", "git-chant-graph", "git-chant-work"],
};
