//! Opening a repository as git would, and refusing what gix would misread.
//!
//! Differences between git and gix that are made up for here: gix opens a repository of another user with reduced trust
//! where git refuses; it does not read `GIT_CONFIG_PARAMETERS`; it accepts unknown extensions and reftables and then writes
//! refs that git never sees; with `GIT_DIR` it guesses another work tree; it puts refs into `GIT_NAMESPACE`.

use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};
use gix::odb::store::init::Slots;

use super::{config_parameters, process::Git, repository::Repository, special_file, worktree::same_place};
use crate::{
    env::{Env, local_file, trace},
    error::{Error, Kind, Result},
};

impl Repository {
    /// Opens the repository that the environment or the working directory name, as git does.
    pub(crate) fn discover(env: &Env) -> Result<Self> {
        let _timed = trace::region(|| "open the repository".to_owned());
        discover(env)
    }

    /// The repository opened anew from another of its worktrees, or any other directory: the environment's `GIT_DIR` and
    /// its like are ignored, the `-c` overrides kept.
    pub(crate) fn reopen_at(&self, path: &Path) -> Result<Self> {
        // The environment or `core.worktree` may name a work tree in which nothing leads to the repository.
        if self.work_dir().is_some_and(|top| same_place(top, path)) {
            return Ok(self.clone());
        }
        at(self.env(), path)
    }
}

/// The extensions of `core.repositoryFormatVersion` that do not change what we read and write.
const KNOWN_EXTENSIONS: &[&str] = &[
    "noop",
    "noop-v1",
    "partialclone",
    "preciousobjects",
    "worktreeconfig",
    "objectformat",
    "refstorage",
    "relativeworktrees",
];

/// How many packs gix can know of: there may be more at the end of a command than at its start, for example in a partial clone.
const SLOTS: Slots = Slots::AsNeededByDiskState { multiplier: 2.0, minimum: 128 };

/// How large a `.git` file may be, in bytes.
const MAX_LINK: u64 = 1 << 12;

/// Opens the repository that `GIT_DIR` names, otherwise the one at or above the working directory.
///
/// Honours `GIT_DIR`, `GIT_WORK_TREE`, `GIT_CEILING_DIRECTORIES`, `GIT_DISCOVERY_ACROSS_FILESYSTEM`, `safe.directory`, and
/// `git -c`. Errors: `not-a-repository`, `dubious-ownership`, `unsupported-repository`, `bad-config`.
fn discover(env: &Env) -> Result<Repository> {
    refuse_special_files(env)?;
    let overrides = overrides(env)?;
    let Some(git_dir) = env.var("GIT_DIR") else {
        let upwards = gix::discover::upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
        let opened = gix::ThreadSafeRepository::discover_with_environment_overrides_opts(
            env.cwd(),
            upwards,
            trust_mapping(&overrides),
        );
        let found = opened.as_ref().ok().map(gix::ThreadSafeRepository::to_thread_local);
        refuse_broken_link(env, found.as_ref())?;
        let repo = opened.map_err(|error| not_a_repository(&error))?.to_thread_local();
        let repo = checked(&overrides, repo)?;
        require_below_ceiling(env, &repo)?;
        require_own_stores(env, &repo)?;
        return Ok(Repository::new(repo, env, false));
    };
    // A person who sets GIT_DIR vouches for it: git does not check its owner then, and reads its configuration.
    let path = env.cwd().join(git_dir);
    let opened = gix::open_opts(&path, vouched_for(&overrides)).map_err(|error| {
        let message = format!("not a git repository: '{}'", git_dir.to_string_lossy());
        if path.exists() { unreadable(&error) } else { Error::fatal(Kind::NotARepository, message) }
    })?;
    let mut repo = supported(opened)?;
    let work_tree = explicit_work_tree(env, &repo);
    refuse_part(env, &repo, work_tree.as_deref())?;
    repo.set_workdir(work_tree)?;
    require_own_stores(env, &repo)?;
    Ok(Repository::new(repo, env, true))
}

/// Opens the repository at or above `path` without the environment's say in where it is.
pub(super) fn at(env: &Env, path: &Path) -> Result<Repository> {
    let overrides = overrides(env)?;
    let upwards = || gix::discover::upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
    let opened = gix::ThreadSafeRepository::discover_opts(path, upwards(), trust_mapping(&overrides));
    let mut repo = checked(&overrides, opened.map_err(|error| not_a_repository(&error))?.to_thread_local())?;
    if env.var("GIT_WORK_TREE").is_some() {
        // gix lets this variable override the work tree of every repository that it opens.
        let (found, _) = gix::discover::upwards_opts(path, upwards())?;
        let (_, inferred) = found.into_repository_and_work_tree_directories();
        let work_tree = if repo.config_snapshot().boolean("core.bare") == Some(true) && inferred.is_none() {
            None
        } else {
            configured_work_tree(&repo).or(inferred)
        };
        repo.set_workdir(work_tree)?;
    }
    Ok(Repository::new(repo, env, false))
}

/// Refuses a repository in which git would wait for ever to read a file. Asked before the repository is opened, which reads some of them.
fn refuse_special_files(env: &Env) -> Result<()> {
    let dot_git = match env.var("GIT_DIR") {
        Some(dir) => Some(env.cwd().join(dir)),
        None => env.cwd().ancestors().map(|dir| dir.join(".git")).find(|path| path.symlink_metadata().is_ok()),
    };
    let Some(dot_git) = dot_git else { return Ok(()) };
    let link = if dot_git.is_dir() { None } else { local_file::read(&dot_git, MAX_LINK).ok().flatten() };
    let target =
        link.as_ref().and_then(|link| gix::path::from_byte_slice(link.strip_prefix(b"gitdir: ")?.trim_end()).ok());
    let git_dir = target.map_or_else(|| dot_git.clone(), |target| dot_git.with_file_name("").join(target));
    let shared = git_dir.parent().filter(|dir| dir.ends_with("worktrees")).and_then(Path::parent);
    let Some(path) = special_file::in_the_way(shared.unwrap_or(&git_dir), &git_dir) else { return Ok(()) };
    let path = path.display().to_string();
    Err(Error::fatal(
        Kind::RefusedFile,
        format!("cannot use the repository: '{path}' is a FIFO or a device, not a file"),
    )
    .hint(format!("to remove it: rm {}", shell_words::quote(&path))))
}

fn overrides(env: &Env) -> Result<Vec<BString>> {
    match env.var("GIT_CONFIG_PARAMETERS") {
        Some(value) => config_parameters::parse(value.as_encoded_bytes()),
        None => Ok(Vec::new()),
    }
}

fn options(overrides: &[BString]) -> gix::open::Options {
    gix::open::Options::default().cli_overrides(overrides.iter().cloned()).object_store_slots(SLOTS)
}

/// How a repository is opened whose owner does not matter, by its git directory.
fn vouched_for(overrides: &[BString]) -> gix::open::Options {
    options(overrides).open_path_as_is(true).with(gix::sec::Trust::Full).filter_config_section(|_| true)
}

fn trust_mapping(overrides: &[BString]) -> gix::sec::trust::Mapping<gix::open::Options> {
    gix::sec::trust::Mapping { full: options(overrides), reduced: options(overrides) }
}

/// The repository if it is this user's and one that we can work with.
fn checked(overrides: &[BString], repo: gix::Repository) -> Result<gix::Repository> {
    let mut repo = repo;
    repo.make_paths_absolute()?;
    if repo.git_dir_trust() == gix::sec::Trust::Full {
        return supported(repo);
    }
    let place = repo.workdir().unwrap_or(repo.git_dir());
    // `safe.directory` counts in `-c` and in the environment too, where gix does not look for it.
    // Nor does git, if it cannot even go there.
    if !Git::in_dir(place).args(["rev-parse", "--git-dir"]).run().is_ok_and(|output| output.success()) {
        return Err(dubious_ownership(place));
    }
    let mut trusted = gix::open_opts(repo.git_dir(), vouched_for(overrides)).map_err(|error| unreadable(&error))?;
    trusted.set_workdir(repo.workdir().map(Path::to_owned))?;
    supported(trusted)
}

fn dubious_ownership(place: &Path) -> Error {
    let place = place.display().to_string();
    Error::fatal(Kind::DubiousOwnership, format!("detected dubious ownership in repository at '{place}'")).hint(
        format!(
            "to add an exception for this directory: git config --global --add safe.directory {}",
            shell_words::quote(&place)
        ),
    )
}

/// The repository if git's own rules for versions and extensions let us in, and its refs are files.
fn supported(mut repo: gix::Repository) -> Result<gix::Repository> {
    repo.make_paths_absolute()?;
    if let Some(why) = unsupported(&repo) {
        return Err(why);
    }
    // A namespace concerns what is served to others, never local commands.
    repo.clear_namespace();
    repo.object_cache_size_if_unset(8 << 20);
    Ok(repo)
}

fn unsupported(repo: &gix::Repository) -> Option<Error> {
    let refuse = |what: String| Error::fatal(Kind::UnsupportedRepository, what);
    let snapshot = repo.config_snapshot();
    let config = snapshot.plumbing();
    // Only the repository's own file counts: that is where git looks.
    let mut local = |meta: &gix::config::file::Metadata| meta.source == gix::config::Source::Local;
    let version = config.integer_filter("core.repositoryFormatVersion", &mut local).ok().flatten().unwrap_or(0);
    if !(0..=1).contains(&version) {
        return Some(refuse(format!("expected git repo version <= 1, found {version}")));
    }
    for section in config.sections_by_name("extensions").into_iter().flatten() {
        if !local(section.meta()) {
            continue;
        }
        for name in section.value_names() {
            let name = name.to_ascii_lowercase();
            if name == "refstorage" {
                let storage = section.value("refStorage").unwrap_or_default();
                if storage != "files" {
                    let what =
                        format!("the refs of this repository are stored as '{storage}', which git-chant cannot write");
                    return Some(refuse(what).hint("to store them as files: git refs migrate --ref-format=files"));
                }
            } else if version == 1 && !KNOWN_EXTENSIONS.contains(&name.as_str()) {
                let what = format!("unknown repository extension found: '{}'", name.escape_debug());
                return Some(refuse(what).hint("a newer git-chant may support it"));
            }
        }
    }
    None
}

/// The work tree that git takes when `GIT_DIR` is set.
fn explicit_work_tree(env: &Env, repo: &gix::Repository) -> Option<PathBuf> {
    if let Some(path) = env.var("GIT_WORK_TREE") {
        return Some(env.cwd().join(path));
    }
    let snapshot = repo.config_snapshot();
    if snapshot.boolean("core.bare") == Some(true) {
        return None;
    }
    if let Some(path) = configured_work_tree(repo) {
        return Some(path);
    }
    let implicit = env
        .text("GIT_IMPLICIT_WORK_TREE")
        .is_none_or(|value| !matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off"));
    implicit.then(|| env.cwd().to_owned())
}

/// Refuses a work tree that is only a part of the repository's: `GIT_DIR` alone makes the working directory the work tree, and specs would be
/// written there.
fn refuse_part(env: &Env, repo: &gix::Repository, work_tree: Option<&Path>) -> Result<()> {
    if env.var("GIT_WORK_TREE").is_some() || work_tree != Some(env.cwd()) {
        return Ok(());
    }
    let Ok(git_dir) = std::fs::canonicalize(repo.git_dir()) else { return Ok(()) };
    let Some(top) = git_dir.parent().filter(|_| git_dir.ends_with(".git")) else { return Ok(()) };
    let Ok(dir) = std::fs::canonicalize(env.cwd()) else { return Ok(()) };
    if dir == top || !dir.starts_with(top) || dir.starts_with(&git_dir) {
        return Ok(());
    }
    let message = format!("git takes '{}' for the whole work tree, because --git-dir or GIT_DIR is set", dir.display());
    Err(Error::fatal(Kind::UnsupportedRepository, message)
        .hint(format!("leave it out, or add: --work-tree={}", shell_words::quote(&top.display().to_string()))))
}

/// `core.worktree` of the configuration files, relative to the git directory.
fn configured_work_tree(repo: &gix::Repository) -> Option<PathBuf> {
    let from_files = |meta: &gix::config::file::Metadata| meta.source != gix::config::Source::EnvOverride;
    let value = repo.config_snapshot().plumbing().string_filter("core.worktree", from_files)?;
    let path = gix::path::from_bstring(value).ok()?;
    gix::path::normalize(repo.git_dir().join(path).into(), repo.current_dir()).map(|path| path.into_owned())
}

/// Refuses what gix cannot see: objects or shared files that the environment puts elsewhere.
fn require_own_stores(env: &Env, repo: &gix::Repository) -> Result<()> {
    let common = repo.common_dir();
    for (name, own) in [("GIT_COMMON_DIR", common.to_owned()), ("GIT_OBJECT_DIRECTORY", common.join("objects"))] {
        let Some(value) = env.var(name).filter(|value| !value.is_empty()) else { continue };
        let theirs = env.cwd().join(value);
        if std::fs::canonicalize(&theirs).ok() != std::fs::canonicalize(&own).ok() {
            let what = format!("{name} is set to '{}', which git-chant cannot follow", value.to_string_lossy());
            return Err(Error::fatal(Kind::UnsupportedRepository, what).hint(format!("unset {name}")));
        }
    }
    Ok(())
}

/// Refuses a repository that lies in a ceiling directory or above one: gix searches the ceiling itself too, git doesn't.
fn require_below_ceiling(env: &Env, repo: &gix::Repository) -> Result<()> {
    let Some(ceilings) = env.var("GIT_CEILING_DIRECTORIES") else { return Ok(()) };
    let found = match repo.workdir() {
        Some(top) if env.cwd().starts_with(top) => top,
        _ if repo.git_dir().ends_with(".git") => repo.git_dir().parent().unwrap_or(repo.git_dir()),
        _ => repo.git_dir(),
    };
    let blocks = |ceiling: &Path| {
        let ceiling = std::fs::canonicalize(ceiling).unwrap_or_else(|_| ceiling.to_owned());
        env.cwd() != ceiling && env.cwd().starts_with(&ceiling) && ceiling.starts_with(found)
    };
    let blocked = std::env::split_paths(ceilings).any(|ceiling| ceiling.is_absolute() && blocks(&ceiling));
    if blocked { Err(none_found()) } else { Ok(()) }
}

/// Refuses a `.git` file at or above the working directory that leads nowhere, as that of a worktree does whose repository was moved: gix
/// goes on to the directories above it, git doesn't.
fn refuse_broken_link(env: &Env, found: Option<&gix::Repository>) -> Result<()> {
    let top = found.and_then(gix::Repository::workdir);
    for dir in env.cwd().ancestors().take_while(|dir| Some(*dir) != top) {
        let Ok(Some(text)) = local_file::read(&dir.join(".git"), MAX_LINK) else { continue };
        let target =
            text.strip_prefix(b"gitdir: ").and_then(|target| gix::path::from_byte_slice(target.trim_end()).ok());
        let Some(target) = target.map(|target| dir.join(target)) else { continue };
        if target.exists() {
            break;
        }
        let error = Error::fatal(Kind::NotARepository, format!("not a git repository: '{}'", target.display()));
        let registered = target.file_name().and_then(|name| {
            let common = found?.common_dir();
            common.join("worktrees").join(name).is_dir().then_some(common)
        });
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
        let of = registered
            .map_or_else(|| "<repository>".to_owned(), |common| shell_words::quote(&real(common)).into_owned());
        let place = dir.display().to_string();
        let command = format!("git -C {of} worktree repair {}", shell_words::quote(&place));
        return Err(error.hint(format!("if the repository was moved: {command}")));
    }
    Ok(())
}

fn none_found() -> Error {
    Error::fatal(Kind::NotARepository, "not a git repository (or any of the parent directories): .git")
}

fn not_a_repository(error: &gix::Error) -> Error {
    use gix::discover::upwards::Error as Upwards;
    match error.downcast_any_ref::<Upwards>() {
        Some(Upwards::NoTrustedGitRepository { candidate, .. }) => dubious_ownership(candidate),
        Some(_) => none_found(),
        None => unreadable(error),
    }
}

fn unreadable(error: &gix::Error) -> Error {
    let cause = cause(error);
    // gix reads the format before it opens anything else; its complaints name the key.
    let foreign = ["core.repositoryFormatVersion", "extensions.objectFormat"].iter().any(|key| cause.contains(key));
    let kind = if foreign { Kind::UnsupportedRepository } else { Kind::NotARepository };
    Error::fatal(kind, format!("cannot open the git repository: {cause}"))
}

fn cause(error: &gix::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(next) = source {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = next.source();
    }
    text.as_bytes().as_bstr().lines().next().unwrap_or_default().as_bstr().to_string()
}
