//! A repository that is made once and copied for each run, and what is left in it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Ran, Sandbox};

/// A directory with a home, a repository, its remote and its worktrees.
pub struct Place {
    _dir: tempfile::TempDir,
    pub dir: PathBuf,
}

/// What has to be the same whether or not somebody died.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    /// Status of each spec.
    pub specs: Vec<(String, String)>,
    /// The tree of the target.
    pub tree: String,
    /// How often the work is in the history of the target.
    pub works: usize,
    /// The person's index, changes and other files.
    pub person: Vec<String>,
    /// Branches, worktrees, leases, files put aside, locks.
    pub rest: Vec<String>,
    /// What `fsck` says, ours and git's.
    pub faults: Vec<String>,
}

impl Place {
    /// The same files under another path. Git and the tests write absolute paths: they are rewritten.
    pub fn copy_of(template: &Sandbox) -> Place {
        let from = template.dir();
        let dir = tempfile::tempdir().unwrap();
        let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(dir.path()).status().unwrap();
        assert!(copied.success());
        let place = Place { dir: dir.path().to_owned(), _dir: dir };
        let old = from.to_str().unwrap();
        let mut files = vec![place.repo().join(".git/config"), place.dir.join("agent.sh")];
        files.extend(list(&place.repo().join(".git/worktrees")).iter().map(|tree| tree.join("gitdir")));
        files.extend(list(&place.repo().join(".git/chant/leases")));
        files.extend(list(&place.dir).iter().map(|tree| tree.join(".git")).filter(|file| file.is_file()));
        for file in files.iter().filter(|file| file.is_file()) {
            let text = std::fs::read_to_string(file).unwrap();
            std::fs::write(file, text.replace(old, place.dir.to_str().unwrap())).unwrap();
        }
        place
    }

    pub fn repo(&self) -> PathBuf {
        self.dir.join("repo")
    }

    /// A command in the repository with an environment that has nothing of the machine's own.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let bin = Path::new(env!("CARGO_BIN_EXE_git-chant")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .current_dir(self.repo())
            .env_clear()
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("HOME", self.dir.join("home"))
            .env("GIT_CONFIG_GLOBAL", self.dir.join("home/gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("TMPDIR", self.dir.join("home"))
            .stdin(std::process::Stdio::null());
        for (who, name) in [("AUTHOR", "Ada"), ("COMMITTER", "Ada")] {
            command.env(format!("GIT_{who}_NAME"), name).env(format!("GIT_{who}_EMAIL"), "ada@example.com");
        }
        command
    }

    /// The tool itself: it is what dies, not the git around it.
    pub fn chant(&self, args: &[&str], fault: Option<&str>) -> Ran {
        let mut command = self.command(env!("CARGO_BIN_EXE_git-chant"));
        if let Some(fault) = fault {
            command.env("CHANT_FAULT", fault);
        }
        Ran::of(command.args(args).output().unwrap())
    }

    /// What git prints, whatever its exit code.
    pub fn git(&self, args: &[&str]) -> String {
        let ran = Ran::of(self.command("git").args(args).output().unwrap());
        ran.out + &ran.err
    }

    /// The status of each spec, in the order of their ids.
    pub fn statuses(&self) -> Vec<(String, String)> {
        let listed = self.chant(&["list", "--all", "--json"], None);
        let specs = listed.json()["specs"].clone();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let mut all: Vec<_> =
            specs.as_array().unwrap().iter().map(|spec| (text(&spec["id"]), text(&spec["status"]))).collect();
        all.sort();
        all
    }

    /// What is left, once nothing is to be done any more.
    pub fn left(&self) -> Left {
        let mut rest: Vec<String> =
            self.git(&["for-each-ref", "--format=%(refname)", "refs/heads"]).lines().map(str::to_owned).collect();
        rest.extend(
            self.git(&["worktree", "list", "--porcelain"])
                .lines()
                .filter(|line| line.contains("worktree "))
                .map(|line| line.replace(self.dir.to_str().unwrap(), "")),
        );
        for dir in ["leases", "aside"] {
            rest.extend(list(&self.repo().join(".git/chant").join(dir)).iter().map(|path| name(path)));
        }
        rest.extend(list(&self.dir).iter().map(|path| name(path)));
        let found = Ran::of(
            self.command("find").args([".", "-name", "*.lock", "-o", "-name", ".chant-old*"]).output().unwrap(),
        );
        rest.extend(found.out.lines().map(str::to_owned));
        rest.retain(|name| !name.starts_with(".tmp") && !name.starts_with(".lease"));
        let mut faults = Vec::new();
        let problems = self.chant(&["fsck", "--json"], None).json()["problems"].clone();
        faults.extend(
            problems
                .as_array()
                .unwrap()
                .iter()
                .map(|problem| format!("{}: {} {}", problem["code"], problem["path"], problem["message"])),
        );
        faults.extend(
            self.git(&["fsck", "--strict", "--no-dangling", "--no-progress"])
                .lines()
                .filter(|line| !line.starts_with("notice"))
                .map(str::to_owned),
        );
        Left {
            specs: self.statuses(),
            tree: self.git(&["rev-parse", "main^{tree}"]),
            works: self.git(&["log", "--format=%s", "main"]).lines().filter(|line| *line == "Done").count(),
            person: self.person(),
            rest,
            faults,
        }
    }

    /// The person's own: what is staged, what is changed, what git does not know, and where `HEAD` stands.
    pub fn person(&self) -> Vec<String> {
        let status = self.git(&["status", "--porcelain", "--untracked-files=all"]);
        // Names of temporary files of the dead: `fsck` takes them away once they are old.
        let status = status.lines().filter(|line| !line.contains(".chant-tmp-")).collect::<Vec<_>>().join("\n");
        let texts = ["staged", "changed", "scratch"]
            .map(|name| std::fs::read_to_string(self.repo().join(name)).unwrap_or_default());
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

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// What is in a directory, sorted; nothing if it is not there.
pub fn list(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}
