//! Sandboxes with the real bubblewrap: what a run in one can write, and what it cannot. Where there is no sandbox they say so.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{FileTypeExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::{
    agent::confine::{Confinement, Identities, Mapped, Sandbox, enter, profile},
    domain::confined::Confined,
};
use tempfile::TempDir;

/// A home with a repository-like folder, a worktree beside it, and a folder of the run.
struct Layout {
    _root: TempDir,
    home: PathBuf,
    common: PathBuf,
    worktree: PathBuf,
    sandbox: Sandbox,
}

impl Layout {
    fn new(name: &OsStr) -> Layout {
        let root = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(root.path()).unwrap().join(name);
        let (main, worktree) = (home.join("main"), home.join("work"));
        let (common, run_dir) = (main.join(".git"), main.join(".git/chant/runs/1"));
        for dir in [&run_dir.join("git"), &common.join("worktrees/work"), &worktree] {
            fs::create_dir_all(dir).unwrap();
        }
        for (path, text) in [
            (common.join("config"), "real"),
            (common.join("worktrees/work/commondir"), "../.."),
            (run_dir.join("commondir"), "private"),
            (worktree.join(".git"), "gitdir: there"),
        ] {
            fs::write(path, text).unwrap();
        }
        let sandbox = Sandbox {
            worktree: worktree.clone(),
            own: vec![run_dir.join("git"), common.join("worktrees/work")],
            read_only: vec![main, worktree.join(".git"), home.join("not-there")],
            kept_files: vec![common.join("worktrees/work/config.worktree"), home.join(".gitconfig")],
            kept_dirs: vec![home.join(".config/git")],
            mapped: vec![Mapped { content: run_dir.join("commondir"), at: common.join("worktrees/work/commondir") }],
            run_dir,
            ..Sandbox::default()
        };
        Layout { _root: root, home, common, worktree, sandbox }
    }

    /// The sandbox in force; `None`, and a word of it, where there is none here.
    fn enter(&self) -> Option<Confinement> {
        match enter(&self.sandbox).unwrap() {
            Ok(confinement) => Some(confinement),
            Err(why) => {
                assert!(std::env::var_os("CHANT_TEST_REQUIRE_SANDBOX").is_none(), "{why}");
                println!("skipped: {why}");
                None
            }
        }
    }
}

fn run(confinement: &Confinement, script: &str) -> Output {
    let mut command = Command::new(&confinement.prefix[0]);
    command.args(&confinement.prefix[1..]).args(["/bin/sh", "-c", script]).envs(confinement.env.iter().cloned());
    command.stdin(Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Each command has to fail in the sandbox, by the system's own word.
fn denied(confinement: &Confinement, commands: &[String]) {
    for command in commands {
        let output = run(confinement, command);
        assert!(!output.status.success(), "allowed: {command}: {}", said(&output));
    }
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display())
}

#[test]
fn a_run_writes_what_is_its_own_and_nothing_of_the_repository() {
    let layout = Layout::new(OsStr::new("a home"));
    let Some(confinement) = layout.enter() else { return };
    assert_eq!(confinement.by, Confined::Bubblewrap);
    let (common, home) = (quoted(&layout.common), quoted(&layout.home));
    let own = run(
        &confinement,
        &format!(
            "set -e; echo x >file; echo x >{home}/other; echo x >{common}/worktrees/work/index; echo x >{common}/chant/runs/1/git/HEAD; \
             cat {common}/worktrees/work/commondir; pwd; cat {common}/config"
        ),
    );
    assert!(own.status.success(), "{}", said(&own));
    assert_eq!(String::from_utf8_lossy(&own.stdout), format!("private{}\nreal", layout.worktree.display()));
    denied(
        &confinement,
        &[
            format!("echo x >{common}/config"),
            format!("echo x >{common}/new"),
            format!("rm {common}/config"),
            format!("mv {home}/main {home}/other-main"),
            format!("echo x >{home}/main/file"),
            format!("echo x >{common}/worktrees/work/commondir"),
            format!("rm -f {common}/worktrees/work/commondir"),
            format!("echo x >{common}/worktrees/work/config.worktree"),
            format!("mv {common}/worktrees/work {common}/worktrees/other"),
            format!("echo x >{common}/chant/runs/1/commondir"),
            "echo x >.git".into(),
            "mv .git old".into(),
            format!("echo x >{home}/.gitconfig"),
            format!("rm {home}/.gitconfig"),
            format!("mkdir {home}/.config/git/x"),
            format!("rmdir {home}/.config/git"),
            format!("mount -o remount,rw {common}"),
            format!("umount {common}"),
        ],
    );
    assert_eq!(fs::read_to_string(layout.common.join("worktrees/work/commondir")).unwrap(), "../..");
    drop(confinement);
    for made in [".gitconfig", ".config/git", ".config", "main/.git/worktrees/work/config.worktree"] {
        assert!(!layout.home.join(made).exists(), "{made} is only there for the time of the run");
    }
}

#[test]
fn a_run_sees_no_process_terminal_disk_or_descriptor_of_others() {
    let layout = Layout::new(OsStr::new("home"));
    let Some(confinement) = layout.enter() else { return };
    let me = std::process::id();
    let output = run(
        &confinement,
        "ls /proc/self/fd | tr '\\n' ' '; (: </dev/tty) 2>/dev/null && echo a tty; ls /dev/pts | grep '[0-9]'; find /dev/. -maxdepth 2 -type b; \
         grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status",
    );
    let said = said(&output);
    assert!(said.contains("CapEff:\t0000000000000000") && said.contains("NoNewPrivs:\t1"), "{said}");
    let (descriptors, others) = said.split_once("CapEff").unwrap();
    assert!(!others.contains("a tty") && !descriptors.contains("/dev/") && !descriptors.contains('\n'), "{said}");
    // What this process itself was given is given on; what it has opened is not.
    let inherited = Command::new("ls").arg("/proc/self/fd").output().unwrap();
    assert_eq!(descriptors.split_whitespace().count(), String::from_utf8(inherited.stdout).unwrap().lines().count());
    denied(
        &confinement,
        &[
            format!("test -e /proc/{me}/root{}", layout.common.display()),
            format!("kill -0 {me}"),
            "test -w /proc/sys/kernel/printk".into(),
            "test -w /proc/sysrq-trigger".into(),
            "mkdir /sys/fs/cgroup/x".into(),
            "mknod node b 8 0 2>/dev/null && : <node".into(),
        ],
    );
}

#[test]
fn exceptions_lie_within_exceptions() {
    let mut layout = Layout::new(OsStr::new("home"));
    let inside = layout.home.join("main/trees/work");
    fs::create_dir_all(inside.join("sub")).unwrap();
    fs::create_dir_all(layout.home.join("main/target")).unwrap();
    layout.sandbox.worktree = inside.clone();
    layout.sandbox.writable = vec![layout.home.join("main/target"), layout.home.join("main/.git/config")];
    layout.sandbox.read_only.extend([inside.join("sub"), layout.home.join("main/.git/config")]);
    let Some(confinement) = layout.enter() else { return };
    let main = quoted(&layout.home.join("main"));
    let own = run(&confinement, &format!("echo x >file && echo x >{main}/target/x"));
    assert!(own.status.success(), "{}", said(&own));
    denied(
        &confinement,
        &[
            "echo x >sub/file".into(),
            format!("echo x >{main}/trees/file"),
            format!("echo x >{main}/.git/config"),
            format!("mv {main}/trees {main}/other"),
        ],
    );
}

#[test]
fn odd_names_and_links_are_paths_like_others() {
    let layout = Layout::new(OsStr::from_bytes(b"a \"line\"\nand \\ \xff\xfe more"));
    let link = layout.home.parent().unwrap().join("link");
    std::os::unix::fs::symlink(&layout.home, &link).unwrap();
    let mut sandbox = layout.sandbox.clone();
    sandbox.worktree = link.join("work");
    sandbox.read_only = vec![link.join("main"), link.join("work/.git")];
    let Ok(confinement) = enter(&sandbox).unwrap() else { return };
    let own = run(&confinement, "echo x >file && cat ../main/.git/worktrees/work/commondir");
    assert!(own.status.success() && said(&own) == "private", "{}", said(&own));
    denied(&confinement, &["echo x >../main/.git/config".into(), "echo x >.git".into()]);
    denied(&confinement, &[format!("echo x >{}/main/.git/config", quoted(&link))]);
}

#[test]
fn hidden_sockets_are_not_reached() {
    let mut layout = Layout::new(OsStr::new("home"));
    let (alone, dir) = (layout.home.join("alone.sock"), layout.home.join("sockets"));
    fs::create_dir(&dir).unwrap();
    let one = std::os::unix::net::UnixListener::bind(&alone).unwrap();
    let other = std::os::unix::net::UnixListener::bind(dir.join("s")).unwrap();
    layout.sandbox.hidden = vec![alone.clone(), dir.clone(), layout.home.join("none")];
    let Some(confinement) = layout.enter() else { return };
    let seen = run(&confinement, &format!("test -S {} || ls -A {}", quoted(&alone), quoted(&dir)));
    assert!(seen.status.success() && said(&seen).is_empty(), "{}", said(&seen));
    assert!(fs::metadata(&alone).unwrap().file_type().is_socket());
    drop((one, other));
}

#[test]
fn a_strict_run_writes_nothing_else() {
    let mut layout = Layout::new(OsStr::new("home"));
    fs::create_dir(layout.home.join("cache")).unwrap();
    layout.sandbox.strict = true;
    layout.sandbox.writable = vec![layout.home.join("cache")];
    let Some(confinement) = layout.enter() else { return };
    let home = quoted(&layout.home);
    let own = run(&confinement, &format!("echo x >file && echo x >{home}/cache/x && echo x >\"$TMPDIR\"/x"));
    assert!(own.status.success(), "{}", said(&own));
    run(&confinement, &format!("echo x >{home}/x"));
    assert!(!layout.home.join("x").exists());
    denied(&confinement, &["echo x >/var/of-git-chant".into(), "echo x >/tmp/of-git-chant".into()]);
}

#[test]
fn a_sandbox_that_fails_says_why() {
    let mut layout = Layout::new(OsStr::new("home"));
    fs::remove_dir_all(&layout.worktree).unwrap();
    layout.sandbox.worktree = layout.home.join("gone");
    fs::write(&layout.sandbox.worktree, "").unwrap();
    let Err(why) = enter(&layout.sandbox).unwrap() else { panic!("a file is no place to work in") };
    assert!(!why.to_string().is_empty());
}

#[test]
fn a_directory_that_was_put_in_the_place_of_another_is_noticed() {
    let layout = Layout::new(OsStr::new("home"));
    let identities = Identities::of([layout.worktree.as_path(), &layout.common]);
    fs::write(layout.worktree.join("file"), "").unwrap();
    assert!(identities.changed().is_empty());
    let away = layout.home.with_extension("away");
    fs::rename(&layout.home, &away).unwrap();
    assert!(identities.changed().is_empty(), "what is gone was not replaced");
    fs::create_dir_all(layout.home.join("main/.git")).unwrap();
    assert_eq!(identities.changed(), std::slice::from_ref(&layout.home));
    fs::remove_dir_all(&layout.home).unwrap();
    fs::rename(&away, &layout.home).unwrap();
    assert!(identities.changed().is_empty());
}

#[test]
fn the_profile_of_macos_has_exceptions_after_rules() {
    let mut layout = Layout::new(OsStr::new("a \"home\""));
    layout.sandbox.worktree = layout.home.join("main/trees/work");
    fs::create_dir_all(&layout.sandbox.worktree).unwrap();
    let socket = layout.home.join("socket");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    layout.sandbox.hidden = vec![socket];
    let text = profile(&layout.sandbox).replace(layout.home.parent().unwrap().to_str().unwrap(), "");
    // What is above the home cannot be renamed by an ordinary user anyway.
    let is_above = |line: &&str| line.contains("(literal ") && !line.contains("home");
    let text: String = text.lines().filter(|line| !is_above(line)).map(|line| format!("{line}\n")).collect();
    drop(listener);
    let want = r#"(version 1)
(allow default)
(deny appleevent-send)
(deny signal)
(allow signal (target same-sandbox))
(deny file-write-unlink (literal "/a \"home\""))
(deny file-write* (subpath "/a \"home\"/main"))
(deny file-read* file-write* (subpath "/a \"home\"/socket"))
(deny network-outbound (subpath "/a \"home\"/socket"))
(deny file-write-unlink (literal "/a \"home\"/work"))
(deny file-write* (subpath "/a \"home\"/work/.git"))
(allow file-write* (subpath "/a \"home\"/main/trees/work"))
(allow file-write* (subpath "/a \"home\"/main/.git/worktrees/work"))
(deny file-write* (subpath "/a \"home\"/main/.git/worktrees/work/commondir"))
(allow file-write* (subpath "/a \"home\"/main/.git/chant/runs/1/git"))
"#;
    assert_eq!(text, want);
}

/// What the tests above show holds for an ordinary user too: root runs them again as one.
#[test]
fn an_ordinary_user_is_confined_as_well() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let binary = dir.path().join("tests");
    fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&binary).arg("agent::tests::confine::");
    command.args(["--test-threads", "1"]).env("TMPDIR", dir.path()).env("HOME", dir.path());
    let Ok(output) = command.output() else { return println!("skipped: no setpriv") };
    assert!(output.status.success(), "{}", said(&output));
}
