//! Clones of one bare repository that exchange over a real transport.

use std::{
    collections::BTreeSet,
    net::TcpListener,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{http, ssh};
use crate::support::{Ran, Sandbox};

/// The refs that all clones have in common in the end.
const SHARED: &[&str] = &["refs/chant/specs", "refs/chant/archive", "refs/notes/chant"];

/// How the clones reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `file://`
    File,
    /// `git://`, with git's own daemon behind a socket.
    Daemon,
    /// `ssh://`, with an sshd of the test's own.
    Ssh,
    /// `http://`, with git's own `http-backend` behind a small server.
    Http,
}

/// A bare repository and clones of it, all in one sandbox.
pub struct Net {
    pub sandbox: Sandbox,
    pub server: PathBuf,
    pub clones: Vec<PathBuf>,
}

impl Net {
    /// `count` clones over `file://`.
    pub fn new(count: usize) -> Net {
        Net::over(Transport::File, count)
    }

    /// `count` clones over `transport`.
    pub fn over(transport: Transport, count: usize) -> Net {
        let sandbox = Sandbox::new();
        let server = sandbox.dir().join("server.git");
        sandbox.git(&["clone", "-q", "--bare", &sandbox.repo.display().to_string(), &server.display().to_string()]);
        sandbox.git_in(&server, &["config", "http.receivepack", "true"]);
        let url = match transport {
            Transport::File => format!("file://{}", server.display()),
            Transport::Daemon => format!("git://127.0.0.1:{}/server.git", daemon(&sandbox)),
            Transport::Ssh => format!("{}{}", ssh::serve(&sandbox), server.display()),
            Transport::Http => format!("http://127.0.0.1:{}/server.git", http::serve(&sandbox)),
        };
        let mut net = Net { sandbox, server, clones: Vec::new() };
        for _ in 0..count {
            net.add_clone(&url);
        }
        net
    }

    /// One more clone of `url`; returns its number.
    pub fn add_clone(&mut self, url: &str) -> usize {
        let dir = self.sandbox.dir().join(format!("clone{}", self.clones.len()));
        self.sandbox.git_in(self.sandbox.dir(), &["clone", "-q", url, &dir.display().to_string()]);
        self.clones.push(dir);
        self.clones.len() - 1
    }

    pub fn dir(&self, clone: usize) -> &Path {
        &self.clones[clone]
    }

    #[track_caller]
    pub fn chant(&self, clone: usize, args: &[&str]) -> Ran {
        self.sandbox.chant_in(self.dir(clone), args)
    }

    #[track_caller]
    pub fn git(&self, clone: usize, args: &[&str]) -> String {
        self.sandbox.git_in(self.dir(clone), args)
    }

    /// Starts the binary in a clone.
    pub fn start(&self, clone: usize, args: &[&str]) -> std::process::Child {
        let mut command = self.sandbox.command_in(self.dir(clone), env!("CARGO_BIN_EXE_git-chant"));
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Adds a spec in a clone; returns its id.
    #[track_caller]
    pub fn add(&self, clone: usize, title: &str) -> String {
        let out = self.chant(clone, &["add", title]).ok().out;
        out.trim().strip_prefix("Created spec: ").unwrap_or_else(|| panic!("{out}")).to_owned()
    }

    #[track_caller]
    pub fn sync(&self, clone: usize) -> Vec<Value> {
        exchanged(&self.chant(clone, &["sync", "--json"]).ok())
    }

    #[track_caller]
    pub fn show(&self, clone: usize, spec: &str) -> Value {
        self.chant(clone, &["show", spec, "--json"]).ok().json()["spec"].clone()
    }

    #[track_caller]
    pub fn status(&self, clone: usize, spec: &str) -> String {
        self.show(clone, spec)["status"].as_str().unwrap().to_owned()
    }

    /// What a ref of a clone holds; nothing if it is not there.
    pub fn held(&self, dir: &Path, name: &str) -> String {
        self.sandbox.git_in(dir, &["for-each-ref", "--format=%(objectname)", name])
    }

    /// The shared refs in `dir`, one a line.
    pub fn shared(&self, dir: &Path) -> String {
        let mut args = vec!["for-each-ref", "--format=%(refname) %(objectname)"];
        args.extend(SHARED);
        self.sandbox.git_in(dir, &args)
    }

    /// Every ref of a clone.
    pub fn all_refs(&self, clone: usize) -> String {
        self.git(clone, &["for-each-ref", "--format=%(refname) %(objectname)"])
    }

    /// The ids of all events but merges that a clone knows, sorted.
    pub fn events(&self, clone: usize) -> Vec<String> {
        let refs = self.git(clone, &["for-each-ref", "--format=%(refname)", "refs/chant/specs", "refs/chant/archive"]);
        if refs.is_empty() {
            return Vec::new();
        }
        let mut args =
            vec!["log", "--grep=^Chant-Op: ", "--format=%H %(trailers:key=Chant-Op,valueonly,separator=%x20)"];
        args.extend(refs.lines());
        let log = self.git(clone, &args);
        let mut events: Vec<String> = log.lines().filter(|line| !line.ends_with(" merge")).map(str::to_owned).collect();
        events.sort();
        events
    }

    /// The status of every spec, by id.
    #[track_caller]
    pub fn statuses(&self, clone: usize) -> Vec<(String, String)> {
        let list = self.chant(clone, &["list", "--all", "--json"]).ok().json();
        let text = |spec: &Value, key: &str| spec[key].as_str().unwrap().to_owned();
        list["specs"].as_array().unwrap().iter().map(|spec| (text(spec, "id"), text(spec, "status"))).collect()
    }

    /// Lets all clones sync until one round does nothing, then checks that they and the server hold the same.
    #[track_caller]
    pub fn settle(&self, order: impl FnMut(usize) -> Vec<usize>) {
        self.converge(order);
        assert_eq!(self.shared(&self.server), self.shared(self.dir(0)), "the server");
        self.sandbox.git_in(&self.server, &["fsck", "--strict", "--no-dangling"]);
    }

    /// Lets all clones sync, in orders that `order` gives, until one round does nothing; then checks that they hold the same, and
    /// that nothing was lost.
    #[track_caller]
    pub fn converge(&self, mut order: impl FnMut(usize) -> Vec<usize>) {
        let known: BTreeSet<String> = (0..self.clones.len()).flat_map(|clone| self.events(clone)).collect();
        let mut rounds = 0;
        loop {
            let done = order(self.clones.len()).into_iter().map(|clone| self.sync(clone).len()).sum::<usize>();
            if done == 0 {
                break;
            }
            rounds += 1;
            assert!(rounds < 5, "it does not come to rest");
        }
        let refs = self.shared(self.dir(0));
        let (events, statuses) = (self.events(0), self.statuses(0));
        assert!(known.iter().all(|event| events.contains(event)), "of {known:?} there is {events:?}");
        for clone in 0..self.clones.len() {
            assert_eq!(self.shared(self.dir(clone)), refs, "clone {clone}");
            assert_eq!(self.events(clone), events, "clone {clone}");
            assert_eq!(self.statuses(clone), statuses, "clone {clone}");
        }
    }

    /// Makes `script` the agent of a clone.
    pub fn agent(&self, clone: usize, script: &str) {
        let path = self.sandbox.dir().join(format!("agent{clone}.sh"));
        std::fs::write(&path, script).unwrap();
        self.git(clone, &["config", "chant.agent.scripted.cmd", &format!("sh {}", path.display())]);
        self.git(clone, &["config", "chant.agent", "scripted"]);
    }

    /// A hook of the server.
    pub fn hook(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.server.join("hooks").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
}

/// The entries of `sync --json`.
#[track_caller]
pub fn exchanged(ran: &Ran) -> Vec<Value> {
    ran.json()["exchanged"].as_array().unwrap().clone()
}

/// The entries of one way: (spec or ref, why).
pub fn of_way<'a>(entries: &'a [Value], way: &str) -> Vec<&'a Value> {
    entries.iter().filter(|entry| entry["way"] == way).collect()
}

/// `git daemon` behind a socket of our own, as inetd would start it: the port is free for certain. Ends with the test's process.
fn daemon(sandbox: &Sandbox) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let base = sandbox.dir().to_owned();
    let mut template = sandbox.command_in(&base, "git");
    template
        .args(["daemon", "--inetd", "--export-all", "--enable=receive-pack"])
        .arg(format!("--base-path={}", base.display()));
    let (args, envs) = parts(&template);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream: OwnedFd = stream.unwrap().into();
            let mut git = Command::new("git");
            git.args(&args).env_clear().envs(envs.clone()).current_dir(&base);
            git.stdin(stream.try_clone().unwrap()).stdout(stream).stderr(Stdio::null());
            std::thread::spawn(move || git.status());
        }
    });
    port
}

type Parts = (Vec<std::ffi::OsString>, Vec<(std::ffi::OsString, std::ffi::OsString)>);

/// The arguments and the environment of a command, to start it more than once.
pub fn parts(command: &Command) -> Parts {
    let envs = command.get_envs().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect();
    (command.get_args().map(ToOwned::to_owned).collect(), envs)
}

/// Chance that is the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % below as u64).unwrap()
    }

    pub fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            order.swap(at, self.roll(at + 1));
        }
        order
    }
}
