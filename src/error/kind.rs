//! The kinds of errors, in one table: variant, the code that `--json` prints, and its meaning. Messages are not here.

/// Declares [`Kind`] from one table: variant, code, meaning.
macro_rules! kinds {
    ($($variant:ident = $code:literal, $meaning:literal;)*) => {
        /// What went wrong, as code and scripts tell errors apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = $meaning] $variant,)*
        }

        impl Kind {
            /// Every kind, in the order of the codes: the table of gitchant-format(5).
            pub const ALL: &[Kind] = &[$(Kind::$variant),*];

            /// The stable name in kebab case that `--json` prints: `ambiguous-spec`.
            pub fn code(self) -> &'static str {
                match self {
                    $(Kind::$variant => $code,)*
                }
            }

            /// What the code means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Kind::$variant => $meaning,)*
                }
            }
        }
    };
}

kinds! {
    Add = "add", "The file of a new spec cannot be made.";
    Agent = "agent", "An agent ran where none was asked for: a bug.";
    AgentFailed = "agent-failed", "The agent that was to split or to review a spec failed.";
    AgentNotChosen = "agent-not-chosen", "The spec names an agent that is neither chosen nor configured here.";
    AmbiguousSpec = "ambiguous-spec", "A short id means several specs; a hint names them.";
    Aside = "aside", "The uncommitted copy of a spec file cannot be put back where it was.";
    BadArchive = "bad-archive", "A ref of archived specs holds what is no archive.";
    BadAttestation = "bad-attestation", "The file holds no attestation in a DSSE envelope.";
    BadBranch = "bad-branch", "That is not a valid name of a branch.";
    BadChain = "bad-chain", "The ref of a spec holds no event of that spec.";
    BadConfig = "bad-config", "A configuration value is invalid.";
    BadDate = "bad-date", "git cannot read a date of the environment.";
    BadDirectory = "bad-directory", "The directory of the specs cannot be read: for example, it is a symbolic link.";
    BadEvent = "bad-event", "An event lacks what an event of its kind has.";
    BadFile = "bad-file", "The file of a spec cannot be read as one: for example, it is not a regular file or too large.";
    BadFlags = "bad-flags", "Options that do not go together.";
    BadFormat = "bad-format", "A mistake in what `--format` says.";
    BadInput = "bad-input", "An entry of `informed_by` or a file that the spec names cannot be an input.";
    BadOption = "bad-option", "A value of an option makes no valid spec.";
    BadOutput = "bad-output", "An output of the work cannot be read.";
    BadPart = "bad-part", "A part makes no valid spec.";
    BadPrompt = "bad-prompt", "A prompt cannot be used: its name, or its text.";
    BadRange = "bad-range", "git knows no such range of commits.";
    BadRef = "bad-ref", "That is not a valid name of a ref.";
    BadRemote = "bad-remote", "The address of a remote does not say which repository of which owner it is.";
    BadTarget = "bad-target", "An entry of `target_files` cannot be used.";
    BadTime = "bad-time", "git cannot read a point in time.";
    BadTopic = "bad-topic", "That cannot name a topic.";
    BadTree = "bad-tree", "A tree object cannot be read.";
    Behind = "behind", "Another clone changed the spec during the claim, or its branch cannot be updated.";
    BranchBlocked = "branch-blocked", "A ref is in the way of a branch: `chant` is in the way of `chant/<id>`.";
    BrokenRef = "broken-ref", "A ref holds no object id.";
    Budget = "budget", "A budget is used up: `chant.budget` and its kind; no further run of an agent is started.";
    Busy = "busy", "Another process kept changing or holds the same ref or file; try again.";
    CheckedOut = "checked-out", "The branch is checked out in another worktree.";
    Checks = "checks", "What the checks found cannot be written down.";
    Completed = "completed", "The spec is completed already.";
    Config = "config", "git cannot change the configuration.";
    Contended = "contended", "Several attempts claim the spec: `git chant choose`.";
    Copy = "copy", "A file cannot be written into the worktree.";
    CutOff = "cut-off", "History that is needed is not here: the clone may be shallow.";
    Cycle = "cycle", "The spec depends on itself by way of others.";
    DamagedWorktree = "damaged-worktree", "The `.git` of a worktree is missing or leads elsewhere.";
    Demo = "demo", "The demo failed.";
    DirtyWorktree = "dirty-worktree", "The worktree has uncommitted changes.";
    Diverged = "diverged", "A branch and what was fetched of it each have commits that the other lacks.";
    DubiousOwnership = "dubious-ownership", "Another user owns the repository; git's `safe.directory` allows it.";
    Editor = "editor", "The editor cannot be run, or reported a problem.";
    Elsewhere = "elsewhere", "The attempt belongs to another clone.";
    EventTooLarge = "event-too-large", "What is to be recorded is too long for an event.";
    Exists = "exists", "What was to be made is there already.";
    FilteredSpec = "filtered-spec", "The spec file goes through a filter of git, so that it cannot be compared.";
    Git = "git", "Reading or writing the repository failed.";
    GitFailed = "git-failed", "A git that was run failed; the message has what it said.";
    GitNotRun = "git-not-run", "git cannot be run.";
    GitVanished = "git-vanished", "An object or ref disappeared while it was read; try again.";
    GitVersion = "git-version", "git reported no version.";
    HasWorktree = "has-worktree", "`finish --commit` is for work without an attempt, and there is one.";
    Hash = "hash", "The id of a conflict cannot be computed.";
    InProgress = "in-progress", "The spec has a running attempt.";
    InUse = "in-use", "What was to be removed is in use.";
    Interrupted = "interrupted", "Interrupted by a signal.";
    InvalidSpec = "invalid-spec", "The text of the spec cannot be read; the places are in `diagnostics`.";
    Io = "io", "A file or directory cannot be read or written.";
    Lease = "lease", "A claim was made without a lease: a bug.";
    LeaseHeld = "lease-held", "Another process runs the attempt.";
    Locked = "locked", "A lock file that looked left behind is held.";
    MissingInput = "missing-input", "An entry of `informed_by` does not exist.";
    Modified = "modified", "The spec file has changes that are not committed.";
    Moved = "moved", "Another process changed it first.";
    NestedRepository = "nested-repository", "A worktree holds a repository with work that is nowhere else.";
    NoAgent = "no-agent", "No agent is configured, or it has no command.";
    NoAnswer = "no-answer", "The process that runs the agent did not answer a request of the agent.";
    NoAttempt = "no-attempt", "The spec has no attempt.";
    NoBranch = "no-branch", "The work has no branch of its own, or the branch that it should go into is not known.";
    NoChain = "no-chain", "The spec has no events.";
    NoCommit = "no-commit", "The work that a person finished is not named, or changed nothing.";
    NoCommits = "no-commits", "There is no commit yet.";
    NoDirectory = "no-directory", "There is no such directory.";
    NoEvents = "no-events", "A chain cannot begin without an event: a bug.";
    NoFile = "no-file", "The spec has no file in this work tree.";
    NoHome = "no-home", "There is no home directory.";
    NoIdentity = "no-identity", "git does not know who you are: `user.name` and `user.email`.";
    NoLine = "no-line", "git cannot tell where a line comes from.";
    NoParts = "no-parts", "The spec has no headings to make members of.";
    NoProposal = "no-proposal", "What the agent said is no proposal of parts.";
    NoRemote = "no-remote", "There is no such remote, or none to exchange with.";
    NoReport = "no-report", "The report cannot be read from its host.";
    NoSpecs = "no-specs", "There is nothing to import.";
    NoText = "no-text", "The spec's text is missing.";
    NoTopic = "no-topic", "No spec belongs to that topic, or to that phase of it.";
    NoTranscript = "no-transcript", "There is no transcript of that attempt in this clone.";
    NoWork = "no-work", "There is no work that a pull request could be about.";
    NoWorkTree = "no-work-tree", "The command needs a work tree, and the repository is bare.";
    NoWorkingDirectory = "no-working-directory", "The current directory is gone.";
    NoWorktree = "no-worktree", "The spec has no worktree.";
    NoWorktreePlace = "no-worktree-place", "There is no place for a worktree: `chant.worktreeDir`.";
    NotADirectory = "not-a-directory", "That is no directory.";
    NotAFile = "not-a-file", "That is no regular file.";
    NotARepository = "not-a-repository", "This is no git repository, or it cannot be opened.";
    NotAWorktree = "not-a-worktree", "That is no linked worktree of this repository.";
    NotAllowed = "not-allowed", "The status of the spec does not allow it.";
    NotConfined = "not-confined", "An agent cannot be confined here, and `chant.confine` is `require`.";
    NotConfirmed = "not-confirmed", "It needs a confirmation that was not given.";
    NotContended = "not-contended", "There is nothing to resolve.";
    NotEmpty = "not-empty", "The directory is there and not empty.";
    NotFound = "not-found", "That is no commit, path or line.";
    NotMerged = "not-merged", "The work is not in its target yet; the message says why.";
    NotOurs = "not-ours", "That is not a ref of git-chant.";
    NotOver = "not-over", "Specs of the topic are still open.";
    NotPushed = "not-pushed", "The remote does not take the claim.";
    NotReady = "not-ready", "The spec is not ready; the message says why.";
    NotUtf8 = "not-utf-8", "A text is not UTF-8.";
    NoteTooLarge = "note-too-large", "The note on a commit is too large to add to.";
    NothingReady = "nothing-ready", "No spec is ready.";
    NothingToAck = "nothing-to-ack", "There is nothing to acknowledge.";
    Occupied = "occupied", "A file is in the way.";
    OtherTarget = "other-target", "The paused attempt is for another branch.";
    Overtaken = "overtaken", "Another process decided about the spec while this command ran.";
    PersonOnly = "person-only", "Only a person may do that.";
    Poll = "poll", "The system cannot wait for the command.";
    PrFailed = "pr-failed", "The command that makes pull requests failed.";
    Random = "random", "The system gives no random numbers.";
    RefInTheWay = "ref-in-the-way", "A ref of another name is in the way of a ref.";
    RefLocked = "ref-locked", "A ref is locked; git names the file.";
    RefusedFile = "refused-file", "A file is not touched: it is or is behind a symbolic link.";
    RefusedRequest = "refused-request", "The process that runs the agent refused a request of the agent.";
    RemoteUnreachable = "remote-unreachable", "The remote cannot be reached, or did not answer.";
    Running = "running", "The attempt is being run by a process here.";
    Signal = "signal", "The system does not deliver signals.";
    SignatureNotGood = "signature-not-good", "With `chant.requireSigned`: your signature would not count here.";
    SigningFailed = "signing-failed", "git cannot sign.";
    Stopped = "stopped", "The attempt was stopped before its agent began.";
    Superseded = "superseded", "The attempt was reset while it ran.";
    Survivor = "survivor", "An agent that was left behind may still run.";
    SymbolicRef = "symbolic-ref", "A ref is symbolic, which git-chant never makes.";
    Tempdir = "tempdir", "There is no room for temporary files.";
    Terminal = "terminal", "The terminal cannot be asked.";
    TooLarge = "too-large", "A file is too large.";
    Tracked = "tracked", "`.chant/` is tracked, so that it cannot be hidden.";
    Unclear = "unclear", "Whether the remote took the claim is not known.";
    UnderWay = "under-way", "A merge or rebase is under way in the worktree.";
    Unfit = "unfit", "What a remote has of a spec is not taken over.";
    UnknownAttempt = "unknown-attempt", "That names no attempt.";
    UnknownCommand = "unknown-command", "There is no such command.";
    UnknownField = "unknown-field", "There is no such field for `--format`.";
    UnknownModifier = "unknown-modifier", "There is no such modifier of a field.";
    UnknownPrompt = "unknown-prompt", "There is no such prompt.";
    UnknownRevision = "unknown-revision", "That names no commit.";
    UnknownSpec = "unknown-spec", "There is no such spec.";
    UnknownTopic = "unknown-topic", "There is no such command or guide to explain.";
    UnknownVariable = "unknown-variable", "A prompt uses a name that means nothing.";
    UnrelatedHistories = "unrelated-histories", "The work and its target have no commit in common.";
    UnsupportedRepository = "unsupported-repository", "The repository uses an extension that is not supported.";
    Untrusted = "untrusted", "Commands of the repository that you have not approved would be run.";
    Usage = "usage", "Wrong usage of the command line.";
    Wait = "wait", "The system cannot wait for the command.";
    WorktreePathExists = "worktree-path-exists", "Something is where a worktree belongs.";
    WorktreeSetup = "worktree-setup", "`chant.worktreeSetup` failed.";
}
