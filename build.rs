//! Tells the binary how it was built: from which commit, for what, with what. What cannot be found out is left out; nothing here makes
//! a build fail.

use std::{env, fs, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let top = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let top = Path::new(&top);
    tell("TARGET", env::var("TARGET").ok());
    tell("PROFILE", env::var("PROFILE").ok());
    tell("RUSTC", env::var("RUSTC").ok().and_then(|rustc| answer(Command::new(rustc).arg("--version"))));
    tell("GIX", gix_version(&top.join("Cargo.lock")));
    let features = env::vars().filter_map(|(name, _)| name.strip_prefix("CARGO_FEATURE_").map(str::to_lowercase));
    let mut features: Vec<_> = features.filter(|name| name != "default").collect();
    features.sort();
    tell("FEATURES", Some(features.join(" ")).filter(|features| !features.is_empty()));
    // Tests start the binary thousands of times, and two fifths of a start were the relocations of a build without optimisation.
    let target = |part: &str| env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    if env::var("PROFILE").as_deref() == Ok("debug") && target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bin=git-chant=-no-pie");
    }
    // Only a release build records its commit: otherwise each commit would build the whole crate again.
    if env::var("PROFILE").as_deref() == Ok("release") {
        let (commit, dirty) = of_package(top).or_else(|| of_checkout(top)).unzip();
        tell("COMMIT", commit);
        tell("DIRTY", dirty.map(|dirty| dirty.to_string()));
    }
}

fn tell(name: &str, value: Option<String>) {
    if let Some(value) = value {
        println!("cargo::rustc-env=GIT_CHANT_BUILD_{name}={value}");
    }
}

/// What a command prints, if it succeeds: one line.
fn answer(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.trim().to_owned();
    (!line.contains('\n')).then_some(line)
}

/// The version of the library that reads and writes git's objects.
fn gix_version(lock: &Path) -> Option<String> {
    let lock = fs::read_to_string(lock).ok()?;
    let (_, rest) = lock.split_once("name = \"gix\"\nversion = \"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// The commit that a package from the registry was made of, as cargo has put it there.
fn of_package(top: &Path) -> Option<(String, bool)> {
    let info = fs::read_to_string(top.join(".cargo_vcs_info.json")).ok()?;
    let (_, rest) = info.split_once("\"sha1\":")?;
    let commit = rest.trim_start().strip_prefix('"')?.split_once('"')?.0;
    let hexadecimal = !commit.is_empty() && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| (commit.to_owned(), info.contains("\"dirty\": true")))
}

/// The commit of a checkout, if this directory is the top of one: that of a repository around it says nothing.
fn of_checkout(top: &Path) -> Option<(String, bool)> {
    if !top.join(".git").exists() {
        return None;
    }
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        // In a hook they would lead to another repository.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"] {
            command.env_remove(name);
        }
        answer(command.arg("-C").arg(top).args(args))
    };
    let commit = git(&["rev-parse", "--verify", "HEAD"])?;
    // Anew after each commit and checkout, and where a source was changed: one that is missing would mean each time.
    let heads = ["HEAD", "logs/HEAD"].map(|name| git(&["rev-parse", "--path-format=absolute", "--git-path", name]));
    for path in heads.into_iter().flatten().chain(["src".to_owned(), "Cargo.toml".to_owned()]) {
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let clean = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|status| status.is_empty());
    Some((commit, !clean))
}
