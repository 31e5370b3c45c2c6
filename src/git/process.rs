//! Running git: the only place in this program that starts it.

mod begin;

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Seek, Write},
    os::unix::{ffi::OsStrExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bstr::{BString, ByteSlice};

use super::{inherited_lock, output::Output, stall};
use crate::{
    domain::confined::did_not_start,
    env::{Env, awaited, fault, trace},
    error::{Error, Kind, Result},
};

/// The variables of `git rev-parse --local-env-vars`: they tie a process to one repository, work tree and index.
///
/// A test compares it with what the installed git says.
pub(crate) const LOCAL_ENV_VARS: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// The members of [`LOCAL_ENV_VARS`] that carry `git -c` overrides: our own git processes keep them on purpose.
const OVERRIDES: &[&str] = &["GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"];

/// The variable that disables the hooks of this tool where it is `0`: every git that is started here has it, because its caller does
/// what the hooks would do.
pub(crate) const HOOKS_VARIABLE: &str = "CHANT_HOOKS";

/// Further variables that hooks and options of `git` leave in the environment, and that would change what a git process does.
const LEFT_BY_GIT: &[&str] = &[
    "GIT_EDITOR",
    "GIT_SEQUENCE_EDITOR",
    "GIT_REFLOG_ACTION",
    "GIT_NAMESPACE",
    "GIT_QUARANTINE_PATH",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_OPTIONAL_LOCKS",
    "GIT_INTERNAL_SUPER_PREFIX",
];

/// The variables by which git tells a commit hook of the new commit; they are set together with `GIT_INDEX_FILE`.
const LEFT_BY_COMMIT: &[&str] = &["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE"];

/// The names that must be removed from the environment of an agent, or of anything else that is to work in a worktree of
/// its own as if it had been started there by hand.
///
/// `GIT_CONFIG_COUNT` stays: git never sets it, so it is the person's own.
pub(crate) fn scrubbed_env(env: &Env) -> Vec<OsString> {
    let always = LOCAL_ENV_VARS.iter().filter(|name| **name != "GIT_CONFIG_COUNT").chain(LEFT_BY_GIT);
    let in_commit: &[&str] = if env.var("GIT_INDEX_FILE").is_some() { LEFT_BY_COMMIT } else { &[] };
    let lost: &[&str] = if env.has_lost_temp_dir() { &["TMPDIR"] } else { &[] };
    always.chain(in_commit).chain(lost).map(OsString::from).collect()
}

/// The environment of a git without anything of the person's own: no configuration but the repository's, no identity, no overrides, no
/// repository. Variables that are set, or removed where there is no value.
pub(crate) fn secluded_env(env: &Env) -> Vec<(OsString, Option<OsString>)> {
    // Where git has its programs is a fact about the machine, not a wish.
    let removed = |name: &&OsStr| name.as_bytes().starts_with(b"GIT_") && *name != "GIT_EXEC_PATH";
    let mut variables: Vec<_> = env.names().filter(removed).map(|name| (name.to_owned(), None)).collect();
    for (name, value) in [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")] {
        variables.push((name.into(), Some(value.into())));
    }
    variables
}

/// How long a git command that only reads is repeated where it fails over what another git is making or removing.
const AMONG_OTHERS: Duration = Duration::from_millis(500);

/// How long is waited before a command is repeated.
const PAUSE: Duration = Duration::from_millis(20);

/// A git command to be run: never through a shell, without a terminal prompt or an editor, with untranslated messages,
/// stdin empty unless given.
///
/// Nothing of the surroundings but `-c` overrides decides where it works: the variables that tie this process to a
/// repository and an index are removed, always.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    dir: PathBuf,
    /// The words of a sandbox, before `git`.
    prefix: Vec<OsString>,
    global: Vec<OsString>,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    removed: Vec<OsString>,
    stdin: Vec<u8>,
    /// How long to try again while another process has the index locked.
    patience: Duration,
    editor: bool,
    may_ask: bool,
    apart: bool,
    /// How long it may say nothing.
    silence: Option<Duration>,
}

/// Runs a program that git itself would run, for example to sign something, in `dir`.
pub(super) fn run_program(
    dir: &Path,
    words: &[OsString],
    env: &[(OsString, OsString)],
    stdin: &[u8],
) -> io::Result<Output> {
    let (program, words) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut given = tempfile::tempfile()?;
    given.write_all(stdin)?;
    given.rewind()?;
    let mut command = Command::new(program);
    command.args(words).envs(env.iter().map(|(name, value)| (name, value))).env("LC_ALL", "C");
    command.current_dir(dir).stdin(given);
    let output = command.output()?;
    Ok(Output {
        code: output.status.code(),
        stdout: output.stdout.into(),
        stderr: output.stderr.into(),
        stalled: false,
    })
}

impl Git {
    /// Git at the top of a work tree, which must hold `.git`: git is kept from looking further up.
    pub(crate) fn in_dir(dir: &Path) -> Self {
        let mut git = Git {
            dir: dir.to_owned(),
            prefix: Vec::new(),
            global: Vec::new(),
            args: Vec::new(),
            env: Vec::new(),
            removed: Vec::new(),
            stdin: Vec::new(),
            patience: Duration::ZERO,
            editor: false,
            may_ask: false,
            apart: false,
            silence: None,
        };
        let real = dir.canonicalize().ok();
        if let Some(parent) = real.as_deref().and_then(Path::parent) {
            git.env.push(("GIT_CEILING_DIRECTORIES".into(), parent.into()));
        }
        git
    }

    /// Where it runs.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Names the git directory and the work tree, for a directory from which they cannot be found.
    #[must_use]
    pub(super) fn repository(mut self, git_dir: &Path, work_tree: &Path) -> Self {
        self.global.extend([flag("--git-dir=", git_dir), flag("--work-tree=", work_tree)]);
        self
    }

    /// Git in a git directory, for what needs no work tree.
    pub(super) fn in_git_dir(git_dir: &Path) -> Self {
        Git::in_dir(git_dir).global(flag("--git-dir=", git_dir))
    }

    /// Limits the command to the paths of `list`, each ended by NUL, on stdin.
    #[must_use]
    pub(super) fn pathspecs(self, list: impl Into<Vec<u8>>) -> Self {
        self.args(["--pathspec-from-file=-", "--pathspec-file-nul"]).stdin_bytes(list)
    }

    /// Runs the command in a sandbox: `words` are the program that makes one, and its arguments.
    #[must_use]
    pub(super) fn within(mut self, words: &[OsString]) -> Self {
        self.prefix = words.to_vec();
        self
    }

    /// Adds an argument.
    #[must_use]
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Adds a `-c key=value`, stronger than every configuration file and than the person's own `-c`.
    #[must_use]
    pub(crate) fn config(mut self, setting: impl AsRef<OsStr>) -> Self {
        self.global.push("-c".into());
        self.global.push(setting.as_ref().to_owned());
        self
    }

    /// How many settings have their values in variables.
    pub(super) fn settings_by_variable(&self) -> usize {
        self.global.iter().filter(|option| option.as_bytes().starts_with(b"--config-env=")).count()
    }

    /// Adds a global option, such as `--literal-pathspecs`.
    #[must_use]
    pub(crate) fn global(mut self, option: impl AsRef<OsStr>) -> Self {
        self.global.push(option.as_ref().to_owned());
        self
    }

    /// Removes an environment variable.
    #[must_use]
    pub(super) fn without_env(mut self, name: &str) -> Self {
        self.removed.push(name.into());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Lets git ask the person at the terminal for a user name or a password, unless they have forbidden that.
    #[must_use]
    pub(crate) fn may_ask(mut self) -> Self {
        self.may_ask = true;
        self
    }

    /// Runs git in a process group of its own, which no signal of the terminal reaches. What asks a person there, a filter that opens a
    /// connection say, would be stopped for good: it is kept from asking.
    #[must_use]
    pub(super) fn apart_from_signals(mut self) -> Self {
        self.apart = true;
        self.env("SSH_ASKPASS", "false").env("SSH_ASKPASS_REQUIRE", "force")
    }

    /// Ends git, with all that it started, once it has written nothing for so long: what it reads may have no end. See [`Output::stalled`].
    #[must_use]
    pub(super) fn ended_after_silence(mut self, silence: Duration) -> Self {
        self.silence = Some(silence);
        self.apart_from_signals()
    }

    /// Lets git start the person's editor. Without this the editor of every command is one that does nothing.
    #[must_use]
    pub(crate) fn with_editor(mut self) -> Self {
        self.editor = true;
        self
    }

    /// Runs git without anything of the person's own, see [`secluded_env`].
    #[must_use]
    pub(crate) fn secluded(mut self, env: &Env) -> Self {
        for (name, value) in secluded_env(env) {
            match value {
                Some(value) => self.env.push((name, value)),
                None => self.removed.push(name),
            }
        }
        self
    }

    /// Repeats the command for as long as `patience` lasts, while another process has the index locked.
    #[must_use]
    pub(crate) fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Passes these bytes on stdin.
    #[must_use]
    pub(crate) fn stdin_bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Runs the command to its end, whatever the exit code. Errors only if git could not be run (`git-not-run`).
    ///
    /// Input and output go through unlinked files, not pipes: no size can dead-lock, and a process that a hook leaves behind
    /// with our stdout open cannot keep us waiting.
    pub(crate) fn run(&self) -> Result<Output> {
        let begun = Instant::now();
        loop {
            let output = self.spawn().map_err(|cause| self.not_run(&cause))?;
            if !self.prefix.is_empty() && did_not_start(output.code, &output.stderr) && begun.elapsed() < AMONG_OTHERS {
                std::thread::sleep(PAUSE);
                continue;
            }
            let repeatable = matches!(self.fault_name(), "git.read" | "git.fetch");
            let stumbled = repeatable && output.stumbled() && begun.elapsed() < AMONG_OTHERS;
            if !stumbled && (!output.waits_for_index() || begun.elapsed() >= self.patience) {
                return Ok(output);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Runs the command as [`Git::run`] does, and calls `beside` at the same time.
    pub(crate) fn run_beside<T>(&self, beside: impl FnOnce() -> T) -> (Result<Output>, T) {
        std::thread::scope(|scope| {
            let running = scope.spawn(|| self.run());
            let done = beside();
            (running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), done)
        })
    }

    /// Runs the command; an exit code other than 0 is an error with git's own complaint (`git-failed`).
    pub(crate) fn check(&self) -> Result<Output> {
        let output = self.run()?;
        if output.success() { Ok(output) } else { Err(self.failed(&output)) }
    }

    /// The error that says that this command ended as `output` tells.
    pub(crate) fn failed(&self, output: &Output) -> Error {
        let name = self.name();
        let message = match output.code {
            Some(_) => format!("git {name} failed: {}", output.complaint()),
            None => format!("git {name} was ended by a signal"),
        };
        Error::fatal(Kind::GitFailed, message).printed(&output.stderr.to_str_lossy())
    }

    fn command(&self) -> Command {
        let mut command = match self.prefix.split_first() {
            Some((program, words)) => {
                let mut command = Command::new(program);
                command.args(words).arg("git");
                command
            }
            None => Command::new("git"),
        };
        command.current_dir(&self.dir).args(&self.global).args(&self.args);
        for name in LOCAL_ENV_VARS.iter().filter(|name| !OVERRIDES.contains(name)).chain(LEFT_BY_GIT) {
            if !(self.editor && *name == "GIT_EDITOR") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").env(HOOKS_VARIABLE, "0");
        if !self.may_ask {
            command.env("GIT_TERMINAL_PROMPT", "0");
        }
        if !self.editor {
            command.env("GIT_EDITOR", ":").env("GIT_SEQUENCE_EDITOR", ":");
        }
        for name in &self.removed {
            command.env_remove(name);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if self.apart {
            command.process_group(0);
        }
        command
    }

    fn timed(&self) -> trace::Region {
        trace::region(|| {
            let words = self.global.iter().chain(&self.args).map(|word| word.to_string_lossy());
            format!("git {}", shell_words::join(words))
        })
    }

    fn spawn(&self) -> io::Result<Output> {
        let mut stdout = tempfile::tempfile()?;
        let output = self.exchange(self.stdin_file()?, &stdout)?;
        Ok(Output { stdout: read_back(&mut stdout)?, ..output })
    }

    /// Runs the command to its end with its standard output in `stdout`, which is not read here.
    fn exchange(&self, stdin: Stdio, stdout: &File) -> io::Result<Output> {
        let mut stderr = tempfile::tempfile()?;
        let mut command = self.command();
        command.stdin(stdin).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
        let timed = self.timed();
        let mut stalled = false;
        let status = fault::around(self.fault_name(), || match self.silence {
            Some(silence) => awaited::wait(
                || command.spawn(),
                |child| {
                    let ended = stall::wait(child, &[stdout, &stderr], silence)?;
                    stalled = ended.stalled;
                    Ok(ended.status)
                },
            ),
            None if self.apart => awaited::status(|| command.spawn()),
            None => command.status(),
        })?;
        drop(timed);
        Ok(Output { code: status.code(), stdout: BString::default(), stderr: read_back(&mut stderr)?, stalled })
    }

    /// Runs the command to its end. Its standard output, which may be large, is an unlinked file, to be read from the beginning.
    pub(super) fn run_to_file(&self) -> Result<(Output, File)> {
        let run = || {
            let mut stdout = tempfile::tempfile()?;
            let output = self.exchange(self.stdin_file()?, &stdout)?;
            stdout.rewind()?;
            Ok((output, stdout))
        };
        run().map_err(|cause: io::Error| self.not_run(&cause))
    }

    /// Runs the command to its end with the rest of `stdin` as its standard input.
    pub(super) fn run_on_file(&self, stdin: File) -> Result<Output> {
        let run = || self.exchange(stdin.into(), &tempfile::tempfile()?);
        run().map_err(|cause| self.not_run(&cause))
    }

    /// The name of the command for fault injection in test builds. All commands that only read have one name.
    fn fault_name(&self) -> &'static str {
        match self.args.first().and_then(|verb| verb.to_str()).unwrap_or_default() {
            "add" => "git.add",
            "checkout" | "read-tree" | "restore" | "rm" => "git.checkout",
            "clean" => "git.clean",
            "commit" => "git.commit",
            "fetch" => "git.fetch",
            "hook" => "git.hook",
            "merge" => "git.merge",
            "notes" => "git.notes",
            "push" => "git.push",
            "update-index" => "git.index",
            "update-ref" => "git.ref",
            "worktree" => "git.worktree",
            "write-tree" => "git.tree",
            _ => "git.read",
        }
    }

    fn stdin_file(&self) -> io::Result<Stdio> {
        if self.stdin.is_empty() {
            let held = if self.fault_name() == "git.read" { None } else { inherited_lock::newest()? };
            return Ok(held.map_or_else(Stdio::null, Stdio::from));
        }
        let mut file = tempfile::tempfile()?;
        file.write_all(&self.stdin)?;
        file.rewind()?;
        Ok(Stdio::from(file))
    }

    fn not_run(&self, cause: &io::Error) -> Error {
        if !self.dir.is_dir() {
            let message = format!("cannot run git in '{}': no such directory", self.dir.display());
            return Error::fatal(Kind::GitNotRun, message);
        }
        let error = Error::fatal(Kind::GitNotRun, format!("cannot run git {}: {cause}", self.name()));
        if cause.kind() == io::ErrorKind::NotFound { error.hint("is git installed and in PATH?") } else { error }
    }

    fn name(&self) -> String {
        self.args.first().map(|arg| arg.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

fn flag(name: &str, path: &Path) -> OsString {
    let mut text = OsString::from(name);
    text.push(path);
    text
}

fn read_back(file: &mut File) -> io::Result<BString> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes.into())
}
