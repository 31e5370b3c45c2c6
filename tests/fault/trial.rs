//! One run of a scenario: a copy of its repository, commands in it, and what is left in the end.

use std::{path::Path, process::Command};

use crate::{
    scenario::Start,
    support::{Ran, Sandbox},
};

/// A copy of the repository that a scenario starts from.
pub(crate) struct Trial {
    pub(crate) sandbox: Sandbox,
    /// The time of every commit that is made here, in seconds. By the machine's clock it would be chance whether two snapshots of
    /// one state are one commit, and how many refs a command writes.
    clock: u64,
}

/// What has to be equal whether a command was killed or not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Status of each spec.
    pub(crate) specs: Vec<(String, String)>,
    /// The tree of the target.
    pub(crate) tree: String,
    /// How often the work is in the history of the target.
    pub(crate) works: usize,
    /// The person's index, changes and other files.
    pub(crate) person: Vec<String>,
    /// Branches, worktrees, leases, files put aside, locks.
    pub(crate) rest: Vec<String>,
    /// The problems that `git chant fsck` and `git fsck` find.
    pub(crate) faults: Vec<String>,
}

impl Trial {
    pub(crate) fn new(start: &Start) -> Trial {
        // Later than every commit of the scenario's repository.
        let clock = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() + 1;
        Trial { sandbox: start.sandbox.copy(), clock }
    }

    /// Sets the clock to the next second.
    pub(crate) fn tick(&mut self) {
        self.clock += 1;
    }

    /// A command at the top of the repository.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = self.sandbox.command_in(&self.sandbox.repo, program);
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_DATE"), format!("@{} +0000", self.clock));
        }
        command
    }

    /// The tool itself, without git around it.
    pub(crate) fn tool(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_git-chant"));
        command.args(args);
        command
    }

    /// Runs the tool to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.tool(args).output().unwrap())
    }

    /// Runs the tool to the point at which it kills itself, given as `<point>:<n>`.
    pub(crate) fn run_killed(&self, args: &[&str], fault: &str) -> Ran {
        Ran::of(self.tool(args).env("CHANT_FAULT", fault).output().unwrap())
    }

    /// What git prints, whatever its exit code.
    fn git(&self, args: &[&str]) -> String {
        let ran = Ran::of(self.command("git").args(args).output().unwrap());
        ran.out + &ran.err
    }

    /// The status of each spec, in the order of their ids.
    pub(crate) fn statuses(&self) -> Vec<(String, String)> {
        let listed = self.run(&["list", "--all", "--json"]);
        let specs = listed.json()["specs"].clone();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let mut all: Vec<_> =
            specs.as_array().unwrap().iter().map(|spec| (text(&spec["id"]), text(&spec["status"]))).collect();
        all.sort();
        all
    }

    /// What is left, once nothing is to be done any more.
    pub(crate) fn left(&self) -> Left {
        Left {
            specs: self.statuses(),
            tree: self.git(&["rev-parse", "main^{tree}"]),
            works: self.git(&["log", "--format=%s", "main"]).lines().filter(|line| *line == "Done").count(),
            person: self.person(),
            rest: self.rest(),
            faults: self.faults(),
        }
    }

    fn rest(&self) -> Vec<String> {
        let (dir, repo) = (self.sandbox.dir(), &self.sandbox.repo);
        let mut rest: Vec<String> =
            self.git(&["for-each-ref", "--format=%(refname)", "refs/heads"]).lines().map(str::to_owned).collect();
        let trees = self.git(&["worktree", "list", "--porcelain"]);
        let trees = trees.lines().filter(|line| line.contains("worktree "));
        rest.extend(trees.map(|line| line.replace(dir.to_str().unwrap(), "")));
        for dir in ["leases", "aside"] {
            rest.extend(names(&repo.join(".git/chant").join(dir)));
        }
        rest.extend(names(dir));
        let locks = self.command("find").args([".", "-name", "*.lock", "-o", "-name", ".chant-old*"]).output().unwrap();
        rest.extend(Ran::of(locks).out.lines().map(str::to_owned));
        rest.retain(|name| !name.starts_with(".tmp") && !name.starts_with(".lease"));
        rest
    }

    fn faults(&self) -> Vec<String> {
        let problems = self.run(&["fsck", "--json"]).json()["problems"].clone();
        let problems = problems.as_array().unwrap().iter();
        let mut faults: Vec<String> = problems
            .map(|problem| format!("{}: {} {}", problem["code"], problem["path"], problem["message"]))
            .collect();
        let git = self.git(&["fsck", "--strict", "--no-dangling", "--no-progress"]);
        faults.extend(git.lines().filter(|line| !line.starts_with("notice")).map(str::to_owned));
        faults.extend(self.miscounted());
        faults
    }

    /// How the cost of runs is wrong, if it is: each is counted once, except one that was killed before its report was read.
    fn miscounted(&self) -> Option<String> {
        let runs = std::fs::read_to_string(self.sandbox.dir().join("home/runs")).ok()?.lines().count() as u64;
        let costs = self.run(&["cost", "--json"]).json()["costs"].clone();
        let (counted, tokens) = (costs["runs"].as_u64()?, costs["total"]["tokens_in"].as_u64());
        let right = (counted == runs || counted + 1 == runs) && tokens == Some(700 * counted);
        (!right).then(|| format!("{runs} runs, {counted} counted with {tokens:?} tokens"))
    }

    /// The person's own: what is staged, what is changed, what git does not know, and where `HEAD` stands.
    fn person(&self) -> Vec<String> {
        let status = self.git(&["status", "--porcelain", "--untracked-files=all"]);
        // Names of temporary files of the dead: `fsck` takes them away once they are old.
        let status = status.lines().filter(|line| !line.contains(".chant-tmp-")).collect::<Vec<_>>().join("\n");
        let texts = ["staged", "changed", "scratch"]
            .map(|name| std::fs::read_to_string(self.sandbox.repo.join(name)).unwrap_or_default());
        let mut all = vec![
            status,
            self.git(&["diff", "--cached"]),
            self.git(&["diff"]),
            self.git(&["symbolic-ref", "HEAD"]),
            self.git(&["stash", "list"]),
        ];
        all.extend(texts);
        all
    }
}

/// The names in a directory, sorted; none if it is not there.
fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let mut all: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    all.sort();
    all
}
