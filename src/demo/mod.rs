//! The use case `demo`: the investigation of a real bug, from report to fix, in a throw-away repository.
//!
//! Nothing is staged: each command is run as a person would type it, by this very executable, with the ordinary `work` path; only
//! the agent is a script. It needs git and `sh`, no network and no configuration.

mod material;
mod phases;
mod session;

use std::path::{Path, PathBuf};

use crate::{
    env::Env,
    error::{Error, IoContext, Result},
    git::process::Git,
    project::progress::{Progress, Step},
};
use phases::PHASES;
use session::Session;

/// What the demo left behind.
#[derive(Clone, Debug)]
pub struct Left {
    /// The repository.
    pub path: PathBuf,
    /// The full id of the fix.
    pub fix: String,
    /// The full id of the human gate.
    pub gate: String,
}

/// Settings of a person's own that have no business in a throw-away repository.
const NOBODY: [(&str, &str); 2] = [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")];

/// Runs the demo in `dir`, which must not exist or be empty; in a fresh temporary directory if there is none given.
///
/// # Errors
/// `not-empty` if there is something in `dir`; `demo` if a step does not end as it has to.
pub fn demo(env: &Env, dir: Option<&Path>, progress: &dyn Progress) -> Result<Left> {
    let path = place(env, dir)?;
    lay_out(&path)?;
    let session = Session::new(env, &path, progress)?;
    progress.say(&Step::Note(format!("A small key-value store with a bug: {}", path.display())));
    session.say("Issue #1234: two processes that write at once both say \"ok\", and one write is lost.");
    session.say("Six phases from the report to the pull request, each a spec, each informed by the ones before.");
    let mut ids: Vec<String> = Vec::new();
    for phase in &PHASES {
        session.say("");
        session.say(phase.tells);
        let id = session.add(&phase.arguments(&ids))?;
        session.work(&short(&id), !phase.gate)?;
        ids.push(id);
    }
    session.say("");
    session.say("The gate stays shut for agents: whether and when this goes upstream, a person decides.");
    session.chant(&["list"], true)?;
    let [.., fix, gate] = ids.as_slice() else { return Err(Error::fatal("demo", "the demo has no phases")) };
    Ok(Left { path, fix: fix.clone(), gate: gate.clone() })
}

/// `010-v7b` of a full id.
fn short(id: &str) -> String {
    crate::domain::id::SpecId::new(id).map_or_else(|_| id.to_owned(), |id| id.short().to_owned())
}

fn place(env: &Env, dir: Option<&Path>) -> Result<PathBuf> {
    let Some(dir) = dir else {
        let temporary = std::env::temp_dir();
        return tempfile::Builder::new()
            .prefix("git-chant-demo-")
            .tempdir()
            .io("create a directory in", &temporary)
            .map(|made| made.keep().join("kvstore"));
    };
    let path = env.cwd().join(dir);
    match std::fs::read_dir(&path).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(Error::fatal("not-empty", format!("'{}' exists and is not empty", dir.display()))
            .hint("name another directory")),
        Ok(false) => Ok(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(path),
        Err(error) => Err(error).io("read", &path),
    }
}

/// The repository with the store as its first commit, and the agent outside of its work tree.
fn lay_out(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).io("create", path)?;
    let git = |args: &[&str]| {
        let git = NOBODY.iter().fold(Git::in_dir(path), |git, (name, value)| git.env(name, value));
        git.args(args).check()
    };
    git(&["init", "--quiet", "--initial-branch=main"])?;
    for (key, value) in [
        ("user.name", "Ada Lovelace"),
        ("user.email", "ada@example.com"),
        ("core.autocrlf", "false"),
        ("commit.gpgSign", "false"),
    ] {
        git(&["config", key, value])?;
    }
    material::write(path, material::KVSTORE)?;
    let own = path.join(".git").join("chant-demo");
    material::write(&own.join("agent"), material::AGENT)?;
    material::write(&own.join("specs"), material::SPECS)?;
    let agent = own.join("agent").join("agent.sh");
    let command = format!("sh {}", shell_words::quote(&agent.to_string_lossy()));
    git(&["config", "chant.agent.demo.cmd", &command])?;
    git(&["config", "chant.agent", "demo"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "A small key-value store"])?;
    Ok(())
}
