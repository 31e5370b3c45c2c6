//! The aliases of gitchant-aliases(7) do what is said of them, as they stand there.

use git_chant::testing::Guide;

use crate::support::{Ran, Sandbox};

/// Runs every line of the guide that sets something, in a shell, as a person would.
fn set_all(sandbox: &Sandbox) {
    let guide = Guide::named("aliases").unwrap();
    let lines: Vec<_> = guide.source.lines().filter_map(|line| line.strip_prefix("$ git config ")).collect();
    assert!(lines.len() > 10, "{lines:?}");
    for line in lines {
        let line = format!("git config {line}");
        sandbox.run(sandbox.command_in(&sandbox.repo, "sh").args(["-c", &line])).ok();
    }
}

#[track_caller]
fn git(sandbox: &Sandbox, args: &[&str]) -> Ran {
    sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(args).env("SHELL", "/bin/pwd")).ok()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn each_does_what_it_says() {
    let sandbox = Sandbox::new();
    set_all(&sandbox);
    sandbox.git(&["config", "--global", "color.chant", "never"]);
    sandbox.agent("echo two >>file; git commit -qam 'Make it two'; tick");

    let added = git(&sandbox, &["ca", "Make it two", "--verify", "true"]).out;
    let id = added.trim().strip_prefix("Created spec: ").unwrap().to_owned();
    let short = &id[11..];
    assert!(git(&sandbox, &["cs"]).out.contains("Make it two"));
    assert!(git(&sandbox, &["cw", short, "--no-merge"]).out.contains("Finished"));
    // A '!' alias, with words of its own and from a directory below the top.
    std::fs::create_dir(sandbox.repo.join("below")).unwrap();
    let below = sandbox.repo.join("below");
    let both = sandbox.run(sandbox.command_in(&below, "git").args(["can", "And \"that\", too"])).ok().out;
    assert_eq!(both.matches("And \"that\", too").count(), 1, "{both}");
    assert!(both.starts_with("Created spec: "), "{both}");

    let place = sandbox.chant(&["path", short]).ok().out;
    assert_eq!(git(&sandbox, &["cd-spec", short]).out, place);
    let changed = git(&sandbox, &["cdiff", short]).out;
    assert!(changed.contains("+two\n"), "{changed}");
    git(&sandbox, &["chant", "merge", short]);

    let events = git(&sandbox, &["cl"]).out;
    assert!(events.contains("chant(") && !events.contains("Initial commit"), "{events}");
    assert!(git(&sandbox, &["log", "--oneline", "--all"]).out.contains("chant("));
    let log = git(&sandbox, &["la"]).out;
    assert!(log.contains("Make it two") && log.contains("Initial commit"), "{log}");
    assert!(!log.contains("chant(") && !log.contains("Notes of"), "{log}");
    let decorated = git(&sandbox, &["log", "--decorate", "--oneline", "--all"]).out;
    assert!(decorated.contains("main") && !decorated.contains("refs/chant") && !decorated.contains("chant/specs"));
    let noted = git(&sandbox, &["log", "-3", "main"]).out;
    assert!(noted.contains(&format!("Chant-Spec: {id}")) && noted.contains("Notes (chant)"), "{noted}");

    git(&sandbox, &["cgo"]);
    assert!(git(&sandbox, &["-p", "chant", "list"]).out.contains("completed"));
    assert!(git(&sandbox, &["-c", "chant.agent=codex", "chant", "list"]).out.contains("completed"));
}
