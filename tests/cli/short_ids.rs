//! The names of all specs, which are kept: a short form and completion find what is there now, whatever was there before.

use std::{fs, path::Path};

use crate::support::Sandbox;

/// As many specs as are worth it, without chains.
fn many(sandbox: &Sandbox) {
    for number in 100..330 {
        sandbox.write(&format!(".chant/specs/2026-02-08-{number}-a{number}.md"), &format!("# Number {number}\n"));
    }
}

/// The title of what a short form means, if it means anything.
fn title(sandbox: &Sandbox, dir: &Path, short: &str) -> Option<String> {
    let ran = sandbox.run(sandbox.binary(&["show", short, "--json"]).current_dir(dir));
    (ran.code == 0).then(|| ran.json()["spec"]["title"].as_str().unwrap().to_owned())
}

/// What a shell is offered for the beginning of an id.
fn offered(sandbox: &Sandbox, typed: &str) -> usize {
    let mut ask = sandbox.binary(&["--", "git-chant", "show", typed]);
    sandbox.run(ask.env("COMPLETE", "fish")).ok().out.lines().count()
}

#[test]
fn what_comes_and_goes_is_seen() {
    let sandbox = Sandbox::new();
    let names = sandbox.repo.join(".git/chant/names");
    let at = |short: &str| title(&sandbox, &sandbox.repo, short);
    many(&sandbox);
    sandbox.settle();
    assert_eq!(at("150").as_deref(), Some("Number 150"));
    let first = fs::read(&names).expect("they are kept");
    assert_eq!(offered(&sandbox, "15"), 10);
    assert_eq!(fs::read(&names).unwrap(), first, "nothing has come or gone");

    // A file, at once, before its time tells anything; and once it does.
    for (round, number) in [(0, 901), (1, 902)] {
        sandbox.write(&format!(".chant/specs/2026-02-08-{number}-z{number}.md"), "# New\n");
        assert_eq!(at(&number.to_string()).as_deref(), Some("New"), "{round}");
        assert_eq!(offered(&sandbox, "90"), 1 + round);
        sandbox.settle();
        assert_eq!(at(&number.to_string()).as_deref(), Some("New"), "{round}");
    }
    fs::remove_file(sandbox.repo.join(".chant/specs/2026-02-08-902-z902.md")).unwrap();
    assert_eq!((at("902"), offered(&sandbox, "90")), (None, 1));

    // A chain without a file: loose, packed, and gone.
    let id = sandbox.add(&["A chain of its own"]);
    let (short, name) = (&id[11..], format!("refs/chant/specs/{id}"));
    fs::remove_file(sandbox.repo.join(format!(".chant/specs/{id}.md"))).unwrap();
    for pack in [false, true] {
        if pack {
            sandbox.git(&["pack-refs", "--all"]);
        }
        for _ in 0..2 {
            assert_eq!(at(short).as_deref(), Some("A chain of its own"), "packed: {pack}");
            sandbox.settle();
        }
    }
    sandbox.git(&["update-ref", "-d", &name]);
    assert_eq!(at(short), None);
    // Many short forms in one go are found, too.
    let waits = ["100", "a101", "102", "103-a103", "104", "a105"].map(|on| ["--depends-on", on]).concat();
    sandbox.chant(&[&["add", "Waits"], &waits[..]].concat()).ok();
}

#[test]
fn a_damaged_file_is_none_and_each_worktree_has_its_own() {
    let sandbox = Sandbox::new();
    let names = sandbox.repo.join(".git/chant/names");
    many(&sandbox);
    sandbox.settle();
    let without = sandbox.run(sandbox.binary(&["show", "150"]).env("CHANT_NO_INDEX", "1")).ok().out;
    assert!(!names.exists());
    assert_eq!(sandbox.chant(&["show", "150"]).ok().out, without);
    let whole = fs::read(&names).unwrap();
    for length in [0, 7, 9, whole.len() / 2, whole.len() - 1] {
        fs::write(&names, &whole[..length]).unwrap();
        assert_eq!(sandbox.chant(&["show", "150"]).ok().out, without, "{length} bytes");
    }
    let mut other = whole.clone();
    let at = whole.len() - 40;
    other[at] ^= 1;
    fs::write(&names, &other).unwrap();
    assert_eq!(sandbox.chant(&["show", "150"]).ok().out, without);

    let linked = sandbox.dir().join("linked");
    sandbox.git(&["worktree", "add", "-q", "../linked"]);
    assert_eq!(title(&sandbox, &linked, "150"), None, "the specs are not committed");
    assert_eq!(title(&sandbox, &sandbox.repo, "150").as_deref(), Some("Number 150"));
}
