//! What packages are made of: every page, the schema and every completion, each in its place.

use std::{
    collections::BTreeSet,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    generated::{files, source},
    support::tools::need,
};

/// What `git chant` itself knows nothing of: where each file of ours goes, below a prefix.
fn wanted(zsh: &str) -> BTreeSet<String> {
    let page = |name: &String| match name.rsplit_once('.') {
        Some((_, "json")) => format!("share/git-chant/{name}"),
        Some((_, section)) => format!("share/man/man{section}/{name}"),
        None => panic!("{name}"),
    };
    let completions = [
        "share/bash-completion/completions/git-chant".to_owned(),
        format!("share/zsh/{zsh}/_git-chant"),
        "share/fish/vendor_completions.d/git-chant.fish".to_owned(),
    ];
    assert_eq!(files("completions").len(), completions.len());
    let pointer = |name: &String| Some(format!("share/man/man1/gitchant-{}", name.strip_prefix("git-chant-")?));
    let pointers = files("man").into_iter().filter(|name| name.ends_with(".1")).filter_map(|name| pointer(&name));
    files("man").iter().map(page).chain(pointers).chain(completions).chain(["bin/git-chant".to_owned()]).collect()
}

/// The archive for `target` that `.ci/package` makes in `dir`, with a script in place of the binary.
fn archive(dir: &Path, target: &str) -> PathBuf {
    let binary = dir.join("git-chant");
    std::fs::write(&binary, format!("#!/bin/sh\necho 'target: {target}'\n")).expect("a file can be written");
    std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let made = Command::new(source(".ci/package")).arg("--binary").arg(&binary).arg(dir).output();
    let made = made.expect("the script runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8(made.stdout).expect("UTF-8").trim())
}

/// What a command prints that must succeed.
fn printed(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The files that a listing of an archive has below `top`.
fn below(listing: &str, top: &str) -> BTreeSet<String> {
    let paths = listing.lines().filter_map(|line| line.split(' ').next_back()?.strip_prefix(top));
    paths.filter(|path| !path.is_empty() && !path.ends_with('/')).map(str::to_owned).collect()
}

const NAME: &str = concat!("git-chant-", env!("CARGO_PKG_VERSION"));

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_archive_has_everything_in_its_place() {
    let room = crate::support::scratch::scratch();
    let archive = || archive(room.path(), "some-target");
    let made = archive();
    assert_eq!(made.file_name().and_then(|name| name.to_str()), Some(&*format!("{NAME}-some-target.tar.gz")));
    let listed = printed(Command::new("tar").arg("-tzf").arg(&made));
    let docs = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
    let docs = docs.map(|doc| format!("share/doc/git-chant/{doc}"));
    let found = below(&listed, &format!("{NAME}-some-target/"));
    assert_eq!(found, wanted("site-functions").into_iter().chain(docs).collect());
    let read = || std::fs::read(&made).expect("it is there");
    let before = read();
    archive();
    assert!(read() == before, "the same source makes the same archive");
    // What cargo-binstall looks for is what the script makes.
    let manifest = std::fs::read_to_string(source("Cargo.toml")).expect("it is there");
    assert!(manifest.contains("bin-dir = \"{ name }-{ version }-{ target }/bin/"), "{manifest}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_debian_package_has_everything_in_its_place() {
    if !need("dpkg-deb") {
        return;
    }
    let room = crate::support::scratch::scratch();
    let archive = archive(room.path(), "x86_64-unknown-linux-musl");
    let made = printed(Command::new(source(".ci/deb")).arg(archive));
    assert!(made.trim().ends_with(concat!("/git-chant_", env!("CARGO_PKG_VERSION"), "_amd64.deb")), "{made}");
    let listed = printed(Command::new("dpkg-deb").arg("--contents").arg(made.trim()));
    let found = below(&listed, "./usr/").into_iter().filter(|path| !path.starts_with("share/doc/"));
    let found: BTreeSet<_> = found.map(|path| path.trim_end_matches(".gz").to_owned()).collect();
    assert_eq!(found, wanted("vendor-completions"));
    let depends = printed(Command::new("dpkg-deb").args(["--field", made.trim(), "Depends"]));
    assert_eq!(depends.trim(), "git (>= 1:2.39)", "a binary that is linked statically needs no library");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_installs_an_archive_checks_it_first() {
    if !need("curl") {
        return;
    }
    let room = crate::support::scratch::scratch();
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let archive = archive(room.path(), &target);
    let url = format!("file://{}", room.path().display());
    printed(Command::new(source(".ci/installers")).arg(room.path()).arg(&url));
    let install = |prefix: &Path| Command::new("sh").arg(room.path().join("install.sh")).arg(prefix).output();
    let prefix = room.path().join("prefix");
    let ran = install(&prefix).expect("it runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(printed(&mut Command::new(prefix.join("bin/git-chant"))).contains(&target));
    assert!(prefix.join("share/man/man7/gitchant-workflow.7").is_file());
    let formula = std::fs::read_to_string(room.path().join("git-chant.rb")).expect("it is there");
    let sum = std::fs::read_to_string(archive.with_extension("gz.sha256")).expect("it is there");
    let sum = sum.split(' ').next().expect("a checksum");
    assert!(formula.contains(&format!("url \"{url}/{NAME}-{target}.tar.gz\"\n      sha256 \"{sum}\"")), "{formula}");
    // Another archive than the one that was made is not unpacked.
    std::fs::write(&archive, "another").expect("it can be written");
    let other = room.path().join("other");
    let ran = install(&other).expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(!ran.status.success() && said.contains("nothing is installed") && !other.exists(), "{said}");
}
