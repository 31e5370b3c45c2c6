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
        "The agent that carries out specs unless a spec or the command line names another: the `<name>` of a `chant.agent.<name>.cmd`, or one that is known without (`aider`, `claude`, `codex`, `cursor-agent`, `gemini`, `goose`, `opencode`), which is run with its own options for a run that nobody attends.";
    AGENT_CMD = "chant.agent.<name>.cmd", Kind::Command, None,
        "The command line of the agent `<name>`. `{prompt_file}` stands for the file that holds the prompt, in quotes or not; without it the prompt is on stdin. A command that is not in `PATH` is named before a spec is claimed. For an agent that is known without, this comes instead: to choose its model, say. It is read from git configuration only, never from files of the repository.";
    AGENT_JOBS = "chant.agent.<name>.jobs", Kind::Int { min: 1, max: 10_000 }, None,
        "How many runs of the agent `<name>` there may be at once in this clone, whoever starts them. Unset, as many as are asked for.";
    AGENT_TIMEOUT = "chant.agent.<name>.timeout", Kind::Duration, None,
        "How long the agent `<name>` may run; overrides `chant.timeout`.";
    APPROVAL_REQUIRED = "chant.approval.required", Kind::Text, None,
        "Which specs nobody may work on before a person has approved them, besides those that ask for it themselves: types and labels, separated by spaces or commas (`code security`).";
    ATTRIBUTION = "chant.attribution", Kind::OneOf(&["none", "assisted-by", "co-authored-by"]), Some("none"),
        "What the commits that this tool makes of an agent's work, and pull requests, say of the agent: `assisted-by` adds the trailer `Assisted-by: <agent>`, `co-authored-by` the trailer `Co-authored-by: <agent> <noreply@invalid>`, `none` says nothing. The agent is told what the project wants for its own commits.";
    BRANCH_PREFIX = "chant.branchPrefix", Kind::BranchPrefix, Some("chant/"),
        "What the names of work branches begin with; the id of the spec follows.";
    CHECK_MAY_CHANGE = "chant.checkMayChange", Kind::Text, Some("**/Cargo.lock **/package-lock.json **/npm-shrinkwrap.json **/pnpm-lock.yaml **/yarn.lock **/bun.lock **/poetry.lock **/uv.lock **/Pipfile.lock **/Gemfile.lock **/composer.lock **/go.sum **/*.snap **/__snapshots__/**"),
        "Which tracked files a check may change in its checkout without failing: paths, directories and globs, separated by spaces. By default lock files and snapshots of tests.";
    CLAIM = "chant.claim", Kind::OneOf(&["local", "remote"]), Some("local"),
        "Who decides a claim: this clone alone (`local`), or the remote that several clones share (`remote`): then the event that begins the work is pushed, unforced, before anything else happens, and whoever is first has the spec.";
    CLAIM_TIMEOUT = "chant.claimTimeout", Kind::Duration, None,
        "How old a claim of another clone may become, without any news of it, before `git chant work` releases it by an event and takes the spec. Unset or `none`: as old as it gets.";
    CONFINE = "chant.confine", Kind::OneOf(&["auto", "off", "require"]), Some("auto"),
        "Whether an agent can write only what is its own, see gitchant-workflow(7): `auto` confines it where the system can (bubblewrap on Linux, `sandbox-exec` on macOS) and records how, `require` runs no agent otherwise, `off` confines none.";
    CONFINE_READONLY = "chant.confine.readonly", Kind::Path, None,
        "A file or directory that a confined agent cannot change, besides the repository, other worktrees and git's own configuration. It may occur several times.";
    CONFINE_STRICT = "chant.confine.strict", Kind::Bool, Some("false"),
        "Whether a confined agent can write nothing but its worktree, a temporary directory of its own, what a known agent keeps in your home directory, and what `chant.confine.writable` names.";
    CONFINE_WRITABLE = "chant.confine.writable", Kind::Path, None,
        "A file or directory that a confined agent can write, wherever it lies. It may occur several times.";
    LOCK_TIMEOUT = "chant.lockTimeout", Kind::Int { min: 0, max: 3_600_000 }, Some("10000"),
        "How long to try, in milliseconds, while others update the same ref, before giving up.";
    MERGE_HOW = "chant.merge", Kind::OneOf(MERGE), Some("merge"),
        "How finished work reaches its target: `merge` makes a merge commit, `ff` moves the target forward where possible and merges where not, `squash` makes one commit that keeps the trailers of those in it, `rebase` makes each commit again on top of the target.";
    MERGE_RESEARCH = "chant.merge.research", Kind::OneOf(MERGE), Some("squash"),
        "The same for specs of type `research`.";
    PROMPT_BUDGET = "chant.promptBudget", Kind::Int { min: 1024, max: 1 << 30 }, Some("100k"),
        "How many bytes of pinned inputs go into the prompt itself; what is beyond is named there and read from the worktree.";
    PRUNE_EXPIRE = "chant.pruneExpire", Kind::Expiry, Some("90.days.ago"),
        "How old the transcripts of specs that are over, and the files of checks that died, may become before `git chant prune` clears them away.";
    PUSH_BRANCHES = "chant.pushBranches", Kind::Bool, Some("true"),
        "Whether `git chant sync` exchanges the work branches of finished and paused specs, so that somebody else can merge them or go on with them. A branch goes to the same name at the remote, never by force, and is deleted there once its spec is over.";
    RATE_LIMIT_PAUSE = "chant.rateLimitPause", Kind::Duration, Some("1m"),
        "How long `git chant work` waits before an agent goes on that stopped because it is rate-limited, the model is overloaded, its server failed or there is no network; twice as long each time that it stops again, up to 32 times as long, twelve tries in all. With one spec `work` waits only if this is set; it pauses the spec otherwise, and where it is `none`.";
    REMOTE = "chant.remote", Kind::Text, None,
        "The remote that event chains and notes are exchanged with. In silent mode nothing is pushed unless it is set.";
    REQUIRE_SIGNED = "chant.requireSigned", Kind::Bool, Some("false"),
        "Whether an approval or a claim counts only if its event carries a good signature, by a key that is trusted here: one in `gpg.ssh.allowedSignersFile`, or one that the keyring trusts (`gpg.minTrustLevel` applies). Your own are signed then, and refused if the signature would not count. It proves something as far as agents have neither the key nor a hand in that file or keyring.";
    REVIEW = "chant.review", Kind::Text, None,
        "Which specs need a person's review before their work is merged: types and labels, separated by spaces or commas (`code security`), or `all`. The approval holds for one commit, see git-chant-review(1).";
    SCOPE = "chant.scope", Kind::OneOf(&["error", "warn", "off"]), Some("error"),
        "What happens when work changes paths outside the `target_files` of its spec.";
    SHARE_OUTPUT = "chant.shareOutput", Kind::Bool, Some("false"),
        "Whether the last lines that checks print are recorded in events, where everyone who fetches them can read them.";
    SIGN = "chant.sign", Kind::Bool, Some("false"),
        "Whether events are signed, with the key and format that git is set up with (`user.signingKey`, `gpg.format`). Unset, only what `chant.requireSigned` asks for is.";
    SIGNOFF = "chant.signoff", Kind::Bool, None,
        "Whether the commits that this tool makes on branches end with a `Signed-off-by` line. Unset, `format.signoff` decides. What an agent made, squashed or made again on top of the target, is never signed off: only a person can certify it.";
    TARGET = "chant.target", Kind::Text, None,
        "The branch that finished work is merged into. Unset, it is the branch that was checked out when the work began.";
    TIMEOUT = "chant.timeout", Kind::Duration, None,
        "How long an agent may run before it is ended: `30m`, `1h 30m`. Unset or `none`: as long as it takes.";
    TRUST = "chant.trust", Kind::OneOf(&["ask", "always", "never"]), Some("ask"),
        "Whether commands and prompts that stand in the repository's files are run: `ask` asks at a terminal for what this person has neither written nor approved here, and refuses without one.";
    VERIFY_BASE = "chant.verifyBase", Kind::Bool, Some("false"),
        "Whether `verify` commands run at the base too, so that what was red already is told apart from what turned red.";
    VERIFY_MERGED = "chant.verifyMerged", Kind::OneOf(&["auto", "true", "false"]), Some("auto"),
        "Whether the commands of a spec run once more on the result of a merge, before the target moves. `auto`, which is `true`, runs them where that result has another tree than the work that was checked: the target has moved on. If one fails, the target stays where it is and the spec stays finished. `false` runs none.";
    VERIFY_TIMEOUT = "chant.verifyTimeout", Kind::Duration, None,
        "How long each `verify` or `reproduces` command may run.";
    WARM_LIMIT = "chant.warmLimit", Kind::Int { min: 0, max: i64::MAX }, Some("10g"),
        "How much of the disk, in bytes, the warm checkout may take that slow checks begin with, see gitchant-workflow(7). One that takes more is removed, and such checks run in a cold checkout; 0 keeps none.";
    WORKTREE_DIR = "chant.worktreeDir", Kind::Path, None,
        "The directory that worktrees are made in, absolute or relative to the main worktree. Unset, they lie beside the main worktree. Where it lies inside that, a line in `info/exclude` keeps them out of its status.";
    WORKTREE_SETUP = "chant.worktreeSetup", Kind::Command, None,
        "A command line that is run in each new worktree, to install dependencies, say. It is read from git configuration only.";
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
