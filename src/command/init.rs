//! `git chant init`

use super::{
    Context,
    outcome::{Body, Outcome},
};
use crate::{
    cli::init::InitArgs,
    error::{Error, IoContext, Result},
    git::branch,
    project::{Project, SPECS_DIR},
};

/// The line that hides `.chant/` from history.
const EXCLUDE: &str = "/.chant/";

pub(super) fn run(context: &Context<'_>, args: &InitArgs) -> Result<Outcome> {
    let project = context.project()?;
    let mut changes = Vec::new();
    // A branch of the prefix's own name would keep every work branch from being made.
    let probe = crate::git::reference::branch_name(&format!("{}probe", project.config().branch_prefix()?))?;
    if let Some(blocker) = branch::blocker(&project.repo, probe.as_ref())? {
        return Err(Error::fatal(
            "branch-blocked",
            format!("a ref named '{}' is in the way of work branches", blocker.as_bstr()),
        )
        .hint("rename that branch, or choose another prefix: git config chant.branchPrefix <prefix>"));
    }
    if args.silent && !project.silent {
        hide(&project)?;
        changes.push(format!("'{EXCLUDE}' is in .git/info/exclude: nothing of it will be committed"));
    }
    let silent = args.silent || project.silent;
    let top = if silent { project.repo.main_work_dir() } else { None };
    let top = match top {
        Some(top) => top,
        None => project.repo.require_work_dir("init")?.to_owned(),
    };
    let specs = top.join(SPECS_DIR);
    if !specs.is_dir() {
        std::fs::create_dir_all(&specs).io("create", &specs)?;
        changes.push(format!("made '{SPECS_DIR}'"));
    }
    let mut outcome = Outcome::new(Body::Initialized { path: top.join(".chant"), silent, changes });
    if project.config().agent()?.is_none() {
        outcome = outcome
            .hint("say which command carries out specs: git config chant.agent.claude.cmd \"claude -p\"")
            .hint("and make it the default: git config chant.agent claude");
    }
    Ok(outcome)
}

/// Adds the line to `info/exclude`, which may not exist, and leaves the rest of the file as it is.
fn hide(project: &Project) -> Result<()> {
    let dir = project.repo.common_dir().join("info");
    let path = dir.join("exclude");
    std::fs::create_dir_all(&dir).io("create", &dir)?;
    let mut text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).io("read", &path),
    };
    let tracked = crate::git::process::Git::at(&project.repo)
        .args(["ls-files", "-z", "--", ":(top).chant"])
        .run()?
        .records()
        .next()
        .is_some();
    if tracked {
        return Err(Error::negative("tracked", "'.chant/' is tracked here, so it cannot be hidden")
            .hint("silent mode is for repositories that have no specs in their history"));
    }
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.extend_from_slice(format!("{EXCLUDE}\n").as_bytes());
    let temporary = tempfile::NamedTempFile::new_in(&dir).io("create a file in", &dir)?;
    std::fs::write(temporary.path(), text).io("write", temporary.path())?;
    if let Ok(meta) = std::fs::metadata(&path) {
        std::fs::set_permissions(temporary.path(), meta.permissions()).io("write", temporary.path())?;
    }
    temporary.persist(&path).map_err(|error| error.error).io("write", &path).map(|_| ())
}
