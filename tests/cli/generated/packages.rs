//! What packages are made of: every page, the schema and every completion, each in its place.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt, process::Command};

use serde_json::Value;

use crate::generated::{files, source};

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

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_archive_has_everything_in_its_place() {
    let room = crate::support::scratch::scratch();
    let binary = room.path().join("git-chant");
    std::fs::write(&binary, "#!/bin/sh\necho 'target: some-target'\n").expect("a file can be written");
    std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let make = || {
        let made = Command::new(source(".ci/package")).arg("--binary").arg(&binary).arg(room.path()).output();
        let made = made.expect("the script runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).expect("UTF-8").trim().to_owned()
    };
    let archive = make();
    let name = concat!("git-chant-", env!("CARGO_PKG_VERSION"), "-some-target");
    assert!(archive.ends_with(&format!("/{name}.tar.gz")), "{archive}");
    let listed = Command::new("tar").args(["-tzf", &archive]).output().expect("tar runs");
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    let below = listed.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('/'));
    let found: BTreeSet<_> = below.filter(|path| !path.is_empty() && !path.ends_with('/')).map(str::to_owned).collect();
    let docs = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
    let docs = docs.map(|doc| format!("share/doc/git-chant/{doc}"));
    assert_eq!(found, wanted("site-functions").into_iter().chain(docs).collect());
    let read = || std::fs::read(&archive).expect("it is there");
    let before = read();
    make();
    assert!(read() == before, "the same source makes the same archive");
}

#[test]
fn the_debian_package_has_everything_in_its_place() {
    let told = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(source("Cargo.toml"))
        .output()
        .expect("cargo runs");
    let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let metadata = &told["packages"][0]["metadata"];
    let assets = metadata["deb"]["assets"].as_array().expect("there are assets");
    let room = crate::support::scratch::scratch();
    let made =
        Command::new(source(".ci/package")).arg("--pointers").arg(room.path()).status().expect("the script runs");
    assert!(made.success());
    let made = std::fs::read_dir(room.path()).expect("it was made").map(|entry| entry.expect("it is read").file_name());
    let made: Vec<String> = made.map(|name| name.into_string().expect("ASCII")).collect();
    let mut found = BTreeSet::new();
    for asset in assets {
        let [from, to] = [0, 1].map(|at| asset[at].as_str().expect("a path"));
        let to = to.strip_prefix("usr/").expect("below /usr");
        let (dir, pattern) = from.rsplit_once('/').unwrap_or((".", from));
        let names = match pattern.strip_prefix('*') {
            Some(_) if dir == "target/pointers" => made.clone(),
            Some(end) => files(dir).into_iter().filter(|name| name.ends_with(end)).collect(),
            None => vec![pattern.to_owned()],
        };
        assert!(!names.is_empty(), "{from} is nothing");
        found.extend(
            names.into_iter().map(|name| if to.ends_with('/') { format!("{to}{name}") } else { to.to_owned() }),
        );
    }
    found.retain(|path| !path.starts_with("share/doc/"));
    assert_eq!(found, wanted("vendor-completions"));
    // What cargo-binstall looks for is what the script makes.
    let dir = metadata["binstall"]["bin-dir"].as_str().expect("it is said");
    assert!(dir.starts_with("{ name }-{ version }-{ target }/bin/"), "{dir}");
}
