//! Files that git goes by here, wherever they lie: its configuration with all that it includes, and what settings and variables name.
//!
//! An include counts whether its file is there or not, and whether its condition holds in this repository or in another one. So does a
//! setting in such a file: a person's git reads it sooner or later.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Component, Path, PathBuf},
};

use bstr::{BStr, BString, ByteSlice};
use gix::config::{File, Source, file::Metadata, path::interpolate};

use super::repository::Repository;
use crate::env::local_file;

/// Keys that name files and directories which git obeys.
const NAMING: &[&str] = &["core.hookspath", "core.attributesfile", "core.excludesfile", "init.templatedir"];

/// Variables that name directories which git obeys.
const NAMING_VARIABLES: &[&str] = &["GIT_TEMPLATE_DIR", "GIT_EXEC_PATH"];

/// Variables whose values git runs.
const RUN_VARIABLES: &[&str] = &[
    "EDITOR",
    "GIT_ASKPASS",
    "GIT_EDITOR",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_PROXY_COMMAND",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "PAGER",
    "SSH_ASKPASS",
    "VISUAL",
];

/// The last part of keys whose values git or git-chant runs; a file that such a value names may be a script without the bit that says so.
const RUN: &[&str] = &[
    "askpass",
    "clean",
    "cmd",
    "command",
    "driver",
    "editor",
    "external",
    "fsmonitor",
    "gitproxy",
    "helper",
    "notify",
    "pager",
    "process",
    "program",
    "smudge",
    "sshcommand",
    "textconv",
    "worktreesetup",
];

/// Where the system has its programs. They are as open as `git` itself, which is one of them.
const SYSTEM: &[&str] = &["/bin", "/lib", "/sbin", "/usr"];

/// A configuration file that is larger is not read, in bytes.
const MOST: u64 = 4 << 20;

/// How many configuration files are read.
const MANY: usize = 1000;

/// What git goes by. Every path is absolute, and as git would name it: links are not resolved.
#[derive(Debug, Default)]
pub(crate) struct Obeyed {
    /// Configuration files, whether they are there or not.
    pub configuration: BTreeSet<PathBuf>,
    /// Those of them that others include.
    pub included: BTreeSet<PathBuf>,
    /// Files and directories that settings name: hooks, attributes, patterns, templates.
    pub named: BTreeSet<PathBuf>,
    /// Programs that settings and variables name by a path.
    pub programs: BTreeSet<PathBuf>,
    /// Programs of agents, likewise: they run where agents run.
    pub agents: BTreeSet<PathBuf>,
    /// Programs that settings of git name by a path in the worktree where git runs, each with its setting.
    pub relative: BTreeMap<PathBuf, String>,
}

impl Obeyed {
    /// Looks through the configuration of `repo`, of its worktrees, of the user and the machine.
    pub(crate) fn of(repo: &Repository) -> Obeyed {
        let env = repo.env();
        let mut reader = Reader { home: env.home(), found: Obeyed::default(), open: Vec::new() };
        let mut variable = |name: &str| env.var(name).map(ToOwned::to_owned);
        for source in [Source::System, Source::Git, Source::User] {
            reader.open.extend(source.storage_location(&mut variable));
        }
        // A variable may name another file here, and not in every shell of the person.
        reader
            .open
            .extend(env.home().into_iter().flat_map(|home| [home.join(".gitconfig"), home.join(".config/git/config")]));
        let common = repo.common_dir();
        reader.open.extend([
            common.join("config"),
            common.join("config.worktree"),
            repo.git_dir().join("config.worktree"),
        ]);
        let worktrees = fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten().take(MANY);
        reader.open.extend(worktrees.map(|entry| entry.path().join("config.worktree")).filter(|path| path.exists()));
        // Settings of the command line and of variables, and what gix found that is not found here.
        reader.file(repo.gix().config_snapshot().plumbing(), None);
        reader.read_all();
        for name in RUN_VARIABLES {
            if let Some(value) = env.text(name) {
                reader.command(value.into(), true, false);
            }
        }
        let named = NAMING_VARIABLES.iter().filter_map(|name| env.var(name)).map(PathBuf::from);
        reader.found.named.extend(named.filter(|path| path.is_absolute()));
        reader.found
    }
}

/// Whether a configuration file sets anything; one that cannot be read may.
pub(crate) fn sets_anything(path: &Path) -> bool {
    match fs::canonicalize(path).map(|path| local_file::read(&path, MOST)) {
        Ok(Ok(Some(bytes))) => parse(&bytes, path).is_none_or(|file| file.sections().next().is_some()),
        Ok(Ok(None)) | Err(_) => false,
        Ok(Err(_)) => true,
    }
}

fn parse(bytes: &[u8], path: &Path) -> Option<File> {
    File::from_bytes_no_includes(
        bytes,
        Metadata::from(Source::User).at(path),
        gix::config::file::init::Options::default(),
    )
    .ok()
}

struct Reader {
    home: Option<PathBuf>,
    found: Obeyed,
    /// Configuration files that are still to be read.
    open: Vec<PathBuf>,
}

impl Reader {
    fn read_all(&mut self) {
        while let Some(path) = self.open.pop() {
            if !path.is_absolute() || self.found.configuration.len() >= MANY {
                continue;
            }
            let path = plain(&path);
            if !self.found.configuration.insert(path.clone()) {
                continue;
            }
            let Ok(real) = fs::canonicalize(&path) else { continue };
            let bytes = local_file::read(&real, MOST).ok().flatten().unwrap_or_default();
            if let Some(file) = parse(&bytes, &path) {
                self.file(&file, Some(&path));
            }
        }
    }

    /// Takes what the settings of a file name; of several files each section says where it is from.
    fn file(&mut self, file: &File, path: Option<&Path>) {
        for section in file.sections() {
            let path = path.or(section.meta().path.as_deref()).and_then(Path::parent);
            let (name, subsection) =
                (section.header().name().to_string().to_lowercase(), section.header().subsection_name());
            for key in section.value_names() {
                let key = key.to_lowercase();
                for value in section.values(&key) {
                    self.setting((&name, subsection, &key), value, path);
                }
            }
        }
    }

    fn setting(&mut self, (section, subsection, key): (&str, Option<&BStr>, &str), value: BString, dir: Option<&Path>) {
        let whole = format!("{section}.{key}");
        if matches!(&*whole, "include.path" | "includeif.path") {
            if let Some(path) = self.path(value).and_then(|path| beside(path, dir)) {
                self.found.included.insert(plain(&path));
                self.open.push(path);
            }
        } else if NAMING.contains(&&*whole) {
            self.found.named.extend(self.path(value).filter(|path| path.is_absolute()));
        } else if !(section == "chant" && subsection.is_some_and(|name| name == "confine")) {
            let is_agents = section == "chant" && subsection.is_some_and(|name| name.starts_with(b"agent."));
            self.command(value.as_bstr(), RUN.contains(&key), is_agents);
            if section != "chant" && RUN.contains(&key) {
                let name = subsection.map_or_else(|| whole.clone(), |name| format!("{section}.{name}.{key}"));
                self.found.relative.extend(relative(value.as_bstr()).map(|path| (path, name.clone())));
            }
        }
    }

    /// Takes the programs that a value names by their paths: files that can be run, and of a command what it begins with, or what its first
    /// word reads, too.
    fn command(&mut self, value: &BStr, is_command: bool, is_agents: bool) {
        let Ok(text) = value.to_str() else { return };
        let text = text.trim_start().trim_start_matches('!');
        let words = shell_words::split(text).unwrap_or_else(|_| text.split_whitespace().map(str::to_owned).collect());
        let (mut is_argument, mut is_output) = (false, false);
        for word in words {
            // Where a shell writes to, nothing is read from.
            let is_written = std::mem::replace(&mut is_output, is_redirection(&word));
            if is_written {
                continue;
            }
            let is_program = is_command && !is_argument;
            is_argument = word.starts_with("--");
            let from_home = ["$HOME/", "${HOME}/"].iter().find_map(|home| word.strip_prefix(home));
            let word = from_home.map_or_else(|| word.clone(), |rest| format!("~/{rest}"));
            let Some(path) = self.path(word.into()).filter(|path| path.is_absolute()) else { continue };
            let meta = fs::metadata(&path).ok().filter(fs::Metadata::is_file);
            let runs = meta.is_some_and(|meta| is_program || meta.permissions().mode() & 0o111 != 0);
            if runs && !SYSTEM.iter().any(|system| path.starts_with(system)) {
                let of = if is_agents { &mut self.found.agents } else { &mut self.found.programs };
                of.insert(plain(&path));
            }
        }
    }

    /// A path as git reads it, `~` included.
    fn path(&self, value: BString) -> Option<PathBuf> {
        let context = interpolate::Context { home_dir: self.home.as_deref(), ..interpolate::Context::default() };
        gix::config::Path::from(value).interpolate(context).ok()
    }
}

/// Whether the shell writes the output of a command to the file that the next word names: `>`, `2>>`.
fn is_redirection(word: &str) -> bool {
    ["", ">", "|"]
        .iter()
        .any(|end| word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&').strip_prefix('>') == Some(end))
}

/// The files that a command names by relative paths, as words of their own: a program, or what its interpreter reads.
fn relative(command: &BStr) -> impl Iterator<Item = PathBuf> {
    let words = command.to_str().ok().and_then(|text| shell_words::split(text).ok()).unwrap_or_default();
    words.into_iter().filter_map(|word| {
        let is_path = word.contains('/') && !word.starts_with(['/', '-', '~', '$', '!', '%']) && !word.contains("://");
        is_path.then(|| plain(Path::new(&word))).filter(|path| path.components().next().is_some())
    })
}

/// A path that a file in `dir` names; the command line can name none but absolute ones.
fn beside(path: PathBuf, dir: Option<&Path>) -> Option<PathBuf> {
    if path.is_absolute() { Some(path) } else { dir.map(|dir| dir.join(path)) }
}

/// The path without `.` and `..`, as it is written.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = plain.pop(),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}
