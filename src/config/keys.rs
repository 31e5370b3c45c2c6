//! The one table of `chant.*` keys: gitchant-config(5) and the getters are made from it.

/// What values a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As git reads booleans.
    Bool,
    /// As git reads integers (`100k`), between two bounds.
    Int {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// A span of time: `90s`, `30m`, `1h 30m`; a bare number is seconds, `none` or `0` is no limit.
    Duration,
    /// Any text.
    Text,
    /// A name: letters, digits, `-`, `_`, `.`.
    Name,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A path; `~` is the home directory.
    Path,
    /// A command line, taken from trusted configuration only.
    Command,
    /// What branch names begin with.
    BranchPrefix,
    /// Money or tokens: `5`, `2.50 EUR`, `500k tokens`; `none` is no limit.
    Budget,
    /// A time before which things have expired, as `gc.pruneExpire` takes it: `2.weeks.ago`, `never`, `now`.
    Expiry,
}

/// One key and its meaning.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The full name; `<name>` stands for any subsection.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// The value while it is unset, as one would write it; none if unset means something of its own.
    pub default: Option<&'static str>,
    /// What it does, one paragraph.
    pub doc: &'static str,
}

/// How a spec's work reaches its target, by the names of `chant.merge`.
const MERGE: &[&str] = &["merge", "ff", "squash", "rebase"];

macro_rules! keys {
    ($($constant:ident = $name:literal, $kind:expr, $default:expr, $doc:literal;)*) => {
        $(#[doc = concat!("`", $name, "`")] pub const $constant: Key = Key { name: $name, kind: $kind, default: $default, doc: $doc };)*
        /// Every key, in alphabetical order.
        pub const ALL: &[Key] = &[$($constant),*];
    };
}

keys! {
    AGENT = "chant.agent", Kind::Name, None,
        "The agent that works on specs, unless a spec or the command line names another: the `<name>` of a `chant.agent.<name>.cmd`, or a supported agent (`aider`, `claude`, `codex`, `cursor-agent`, `gemini`, `goose`, `opencode`; by way of the Agent Client Protocol `claude-acp`, `codex-acp`, `gemini-acp`, `opencode-acp`), which git-chant runs with its options for unattended use. It may have several values: the first agent counts, and the next one takes over if an agent is not on this machine, or stopped for a reason that passes (see `chant.rateLimitPause`). After the pause the first begins again. An attempt that failed, or that you paused, stays with the agent that has its session.";
    AGENT_CMD = "chant.agent.<name>.cmd", Kind::Command, None,
        "The command line of the agent `<name>`. `{prompt_file}` stands for the file with the prompt, with or without quotes; without it the prompt is on stdin. git-chant reports a command that is not in `PATH` before it claims a spec. For a supported agent it replaces the built-in command, for example to choose a model. It is read only from git configuration, never from files in the repository.";
    AGENT_JOBS = "chant.agent.<name>.jobs", Kind::Int { min: 1, max: 10_000 }, None,
        "How many runs of the agent `<name>` this clone allows at once, over all processes. If unset, there is no limit.";
    AGENT_PERMIT = "chant.agent.<name>.permit", Kind::Text, None,
        "What the agent `<name>` may do when it asks, where it speaks the Agent Client Protocol: a kind of tool (`read`, `edit`, `delete`, `move`, `search`, `execute`, `think`, `fetch`, `switch_mode`, `other`, or `*` for all); `!` before it denies. After `read`, `edit`, `delete`, `move`, `other` and `*` may follow `:` and a path, directory or glob from the top of the worktree, or `/` for all files outside it. May be given several times; the last one that fits decides, and what none fits is denied. A file counts by its name and by where links lead. A tool that reads or changes a file without naming it may only do so if any file is permitted. `usual` stands for `*`, `!edit:/`, `!delete:/`, `!move:/`, which is what counts if this is unset: give it first to add to that. Every answer is in the transcript, and recorded with the checks. The sandbox holds whatever is permitted.";
    AGENT_PROTOCOL = "chant.agent.<name>.protocol", Kind::OneOf(&["text", "acp"]), Some("text"),
        "How git-chant talks to the agent `<name>`: `text` gives it the prompt on standard input, `acp` speaks the Agent Client Protocol with it, over its standard streams. Supported agents whose name ends with `-acp` speak it without this setting.";
    AGENT_TIMEOUT = "chant.agent.<name>.timeout", Kind::Duration, None,
        "How long the agent `<name>` may run; overrides `chant.timeout`.";
    APPROVAL_REQUIRED = "chant.approval.required", Kind::Text, None,
        "Which specs need a person's approval before work starts, besides those that require it themselves: types and labels, separated by spaces or commas (`code security`).";
    ATTRIBUTION = "chant.attribution", Kind::OneOf(&["none", "assisted-by", "co-authored-by"]), Some("none"),
        "What the commits that this tool makes of an agent's work, and pull requests, say of the agent: `assisted-by` adds the trailer `Assisted-by: <agent>`, `co-authored-by` the trailer `Co-authored-by: <agent> <noreply@invalid>`, `none` says nothing. The prompt tells the agent to do the same in its own commits.";
    BRANCH_PREFIX = "chant.branchPrefix", Kind::BranchPrefix, Some("chant/"),
        "The prefix of work branch names; the id of the spec follows.";
    BUDGET = "chant.budget", Kind::Budget, None,
        "How much the runs of agents for one spec may cost, as the agents report it: `5`, `2.50 EUR`, `500k tokens`. An amount without a currency is in US dollars. A budget limits only an agent that reports in its unit, and git-chant warns of another before the run. Once that is used up, git-chant starts no further run for the spec: what is paused stays paused, and what is pending stays pending. Raise it to go on.";
    BUDGET_DAY = "chant.budget.day", Kind::Budget, None,
        "How much all runs that ended on one day, from midnight on, may cost before git-chant starts no further run on that day.";
    BUDGET_TOPIC = "chant.budget.topic", Kind::Budget, None,
        "How much all runs for the specs of one investigation may cost before git-chant starts no further run for them.";
    CHECK_MAY_CHANGE = "chant.checkMayChange", Kind::Text, Some("**/Cargo.lock **/package-lock.json **/npm-shrinkwrap.json **/pnpm-lock.yaml **/yarn.lock **/bun.lock **/poetry.lock **/uv.lock **/Pipfile.lock **/Gemfile.lock **/composer.lock **/go.sum **/*.snap **/__snapshots__/**"),
        "Which tracked files a check may change in its checkout without failing: paths, directories and globs, separated by spaces. Quote one with a space as in a shell: `'my data/' **/*.snap`. The default is lock files and test snapshots.";
    CLAIM = "chant.claim", Kind::OneOf(&["local", "remote"]), Some("local"),
        "Where a spec is claimed: in this clone only (`local`), or at the remote that several clones share (`remote`). With `remote`, git-chant pushes the event that starts the work, unforced, before anything else; the first push wins.";
    CLAIM_TIMEOUT = "chant.claimTimeout", Kind::Duration, None,
        "How long another clone's claim may be silent before `git chant work` releases it with an event and claims the spec. If unset or `none`, there is no limit.";
    CONFINE = "chant.confine", Kind::OneOf(&["auto", "off", "require"]), Some("auto"),
        "Whether agents are confined, see gitchant-workflow(7): `auto` confines it where the system can (bubblewrap on Linux, `sandbox-exec` on macOS) and records how, `require` runs no agent otherwise, `off` confines none.";
    CONFINE_READONLY = "chant.confine.readonly", Kind::Path, None,
        "A file or directory that a confined agent cannot change, besides the repository, other worktrees and git's own configuration. May be given several times.";
    CONFINE_STRICT = "chant.confine.strict", Kind::Bool, Some("false"),
        "Whether a confined agent can write nothing but its worktree, a temporary directory of its own, what a known agent keeps in your home directory, and what `chant.confine.writable` names.";
    CONFINE_WRITABLE = "chant.confine.writable", Kind::Path, None,
        "A file or directory that a confined agent can write, wherever it lies. May be given several times.";
    LOCK_TIMEOUT = "chant.lockTimeout", Kind::Int { min: 0, max: 3_600_000 }, Some("10000"),
        "How many milliseconds to retry while other processes update the same ref.";
    MERGE_HOW = "chant.merge", Kind::OneOf(MERGE), Some("merge"),
        "How finished work reaches its target: `merge` makes a merge commit, `ff` moves the target forward where possible and merges where not, `squash` makes one commit that keeps the trailers of those in it, `rebase` applies each commit again on top of the target.";
    MERGE_RESEARCH = "chant.merge.research", Kind::OneOf(MERGE), Some("squash"),
        "How work of type `research` reaches its target, with the values of `chant.merge`.";
    NOTIFY = "chant.notify", Kind::Command, None,
        "A command that git-chant runs when a spec is completed, finished, failed or paused, or needs a person. It gets one JSON object on its standard input, see gitchant-format(5), and the directory of the main worktree to run in. It has 10 seconds; if it fails or takes longer, git-chant ends it, warns, shows what it printed last, and goes on. What it leaves in the background ends with it. It is read only from git configuration.";
    PROGRESS = "chant.progress", Kind::Duration, Some("1m"),
        "How often a command that waits for an agent or a check says so where no line can be redrawn, because standard error is no terminal. `none` is never.";
    PROMPT_BUDGET = "chant.promptBudget", Kind::Int { min: 1024, max: 1 << 30 }, Some("100k"),
        "How many bytes of pinned inputs, earlier attempts and notes the prompt includes. It names the inputs that do not fit, which the agent reads from the worktree. Earlier attempts take a quarter at most, and so do notes: the newest.";
    PRUNE_EXPIRE = "chant.pruneExpire", Kind::Expiry, Some("90.days.ago"),
        "How old transcripts of closed specs and files of interrupted checks become before `git chant prune` removes them.";
    PUSH_BRANCHES = "chant.pushBranches", Kind::Bool, Some("true"),
        "Whether `git chant sync` exchanges the work branches of finished and paused specs, so that another person can merge or resume them. A branch keeps its name at the remote, is never forced, and is deleted there once its spec is closed.";
    RATE_LIMIT_PAUSE = "chant.rateLimitPause", Kind::Duration, Some("1m"),
        "How long `git chant work` waits before an agent goes on that stopped because it is rate-limited, the model is overloaded, its server failed, there is no network, or it printed nothing for `chant.silenceTimeout`; twice as long each time that it stops again, up to 32 times as long, twelve tries in all. With one spec `work` waits only if this is set; it pauses the spec otherwise, and where it is `none`.";
    REMOTE = "chant.remote", Kind::Text, None,
        "The remote that histories and notes are exchanged with. In silent mode nothing is pushed unless it is set.";
    REQUIRE_SIGNED = "chant.requireSigned", Kind::Bool, Some("false"),
        "Whether an approval or a claim counts only if its event carries a good signature, by a key that is trusted here: one in `gpg.ssh.allowedSignersFile`, or one that the keyring trusts (`gpg.minTrustLevel` applies). Your own are signed, and refused if the signature would not count. This protects only if agents can neither use the key nor change that file or keyring.";
    REVIEW = "chant.review", Kind::Text, None,
        "Which specs need a person's review before their work is merged: types and labels, separated by spaces or commas (`code security`), or `all`. The approval holds for one commit, see git-chant-review(1).";
    SCOPE = "chant.scope", Kind::OneOf(&["error", "warn", "off"]), Some("error"),
        "What to do if work changes paths outside its spec's `target_files`.";
    SHARE_OUTPUT = "chant.shareOutput", Kind::Bool, Some("false"),
        "Whether events record the last lines that checks print; everyone who fetches the events can read them.";
    SIGN = "chant.sign", Kind::Bool, Some("false"),
        "Whether events are signed, with the key and format that git is set up with (`user.signingKey`, `gpg.format`). If unset, only what `chant.requireSigned` needs is signed.";
    SIGNOFF = "chant.signoff", Kind::Bool, None,
        "Whether the commits that this tool makes on branches end with a `Signed-off-by` line. If unset, `format.signoff` decides. An agent's work, squashed or rebased, is never signed off, because only a person can certify it.";
    SILENCE_TIMEOUT = "chant.silenceTimeout", Kind::Duration, Some("30m"),
        "How long a supported agent may print nothing before git-chant ends its run and pauses the spec, with its session. The time that a tool takes does not count where the agent says that one runs. `none` is no limit. Agents with a command of your own count once they print events of the supported agent's format.";
    TARGET = "chant.target", Kind::Text, None,
        "The branch that finished work is merged into. If unset, it is the branch that was checked out when the work started.";
    TIMEOUT = "chant.timeout", Kind::Duration, None,
        "How long an agent may run, for example `30m` or `1h 30m`. If unset or `none`, there is no limit.";
    TRUST = "chant.trust", Kind::OneOf(&["ask", "always", "never"]), Some("ask"),
        "Whether commands and prompts from the repository's files are run. `ask` asks at a terminal about every text that you have neither written nor approved in this clone, and refuses without a terminal.";
    VERIFY_BASE = "chant.verifyBase", Kind::Bool, Some("false"),
        "Whether `verify` commands also run at the base, to tell old failures from new ones.";
    VERIFY_MERGED = "chant.verifyMerged", Kind::OneOf(&["auto", "true", "false"]), Some("auto"),
        "Whether the commands of a spec run once more on the result of a merge, before the target moves. `auto`, which is `true`, runs them where that result has another tree than the work that was checked: the target has moved on. If one fails, the target stays where it is and the spec stays finished. `false` runs none.";
    VERIFY_TIMEOUT = "chant.verifyTimeout", Kind::Duration, None,
        "How long each `verify` or `reproduces` command may run.";
    WARM_LIMIT = "chant.warmLimit", Kind::Int { min: 0, max: i64::MAX }, Some("10g"),
        "How many bytes the reusable checkout for slow checks may take, see gitchant-workflow(7). A larger one is removed, and checks run in a fresh checkout; git-chant says so. 0 keeps none.";
    WORKTREE_DIR = "chant.worktreeDir", Kind::Path, None,
        "The directory for worktrees, absolute or relative to the main worktree. If unset, they are beside the main worktree. If the directory is inside the main worktree, a line in `info/exclude` hides it from git status.";
    WORKTREE_KEEP = "chant.worktreeKeep", Kind::Text, None,
        "A pattern as in gitignore(5) of untracked files that stay in a worktree which is kept for the next attempt, such as `node_modules/`: that attempt, of another spec and by another agent, begins with them. May be given several times. If unset, nothing stays but the files of the commit.";
    WORKTREE_POOL = "chant.worktreePool", Kind::Int { min: 0, max: 10_000 }, None,
        "How many worktrees are kept at most after their attempts, so that the next ones write only the files that differ, see gitchant-workflow(7); 0 keeps none. If unset, git-chant keeps as many as were in use at once, in repositories of at least 5,000 files.";
    WORKTREE_SETUP = "chant.worktreeSetup", Kind::Command, None,
        "A command to run in each new worktree, for example to install dependencies. It is read only from git configuration.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_documented() {
        let names: Vec<_> = ALL.iter().map(|key| key.name.to_ascii_lowercase()).collect();
        let mut sorted = names.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(names, sorted);
        assert!(ALL.iter().all(|key| key.doc.ends_with('.') && key.name.starts_with("chant.")));
    }
}
