//! The cache: every answer is the same with it and without it, after any change, and for any content of the cache.

use std::{fs, os::unix::fs::FileExt as _, path::PathBuf, process::Stdio, time::Duration};

use crate::support::Sandbox;

/// People and machines are shown a spec from different parts of its record.
const QUESTIONS: [&[&str]; 8] = [
    &["lint", "--json"],
    &["list", "--all", "--json"],
    &["list", "--all"],
    &["list", "--ready"],
    &["list", "--ready", "--explain", "--json"],
    &["list", "--ready", "--explain"],
    &["graph", "--json"],
    &["drift", "--json"],
];

fn path(sandbox: &Sandbox) -> PathBuf {
    sandbox.dir().join("repo/.git/chant/index")
}

/// Asks everything: with the index as it is, with what that left, and without.
#[track_caller]
fn same(sandbox: &Sandbox, after: &str) {
    ask(sandbox, after, &QUESTIONS);
}

/// Compares how specs are listed alone.
#[track_caller]
fn same_list(sandbox: &Sandbox, after: &str) {
    ask(sandbox, after, &[&["list", "--all"], &["list", "--all", "--json"], &["list", "--ready"]]);
}

#[track_caller]
fn ask(sandbox: &Sandbox, after: &str, questions: &[&[&str]]) {
    for question in questions {
        // Of all of them only `lint` may find something and say so.
        let said = |ran: crate::support::Ran| if question[0] == "lint" { ran.out } else { ran.ok().out };
        let with = |sandbox: &Sandbox| said(sandbox.run(&mut sandbox.binary(question)));
        let without = said(sandbox.run(sandbox.binary(question).env("CHANT_NO_INDEX", "1")));
        assert_eq!(with(sandbox), without, "{question:?} after: {after}");
        assert_eq!(with(sandbox), without, "{question:?} again after: {after}");
    }
}

/// Three specs, the second of which depends on the first and the third of which is informed by it.
fn three(sandbox: &Sandbox) -> [String; 3] {
    let first = sandbox.add(&["First"]);
    let second = sandbox.add(&["Second", "--depends-on", &first]);
    let third = sandbox.add(&["Third", "--informed-by", &first]);
    [first, second, third]
}

fn file(sandbox: &Sandbox, id: &str) -> PathBuf {
    sandbox.dir().join(format!("repo/.chant/specs/{id}.md"))
}

fn title(sandbox: &Sandbox, id: &str) -> String {
    let list = sandbox.run(&mut sandbox.binary(&["list", "--json"])).ok().json();
    let found = list["specs"].as_array().unwrap().iter().find(|spec| spec["id"] == id).cloned();
    found.unwrap()["title"].as_str().unwrap().to_owned()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_happens_to_files_is_seen() {
    let sandbox = Sandbox::new();
    let [first, second, _] = three(&sandbox);
    same(&sandbox, "add");
    // At once, in place and of the same size; and the same when the index believes what it has.
    for (now, settled) in [("Fires", false), ("Fiver", true), ("Fixed", false)] {
        if settled {
            sandbox.settle();
            title(&sandbox, &first);
        }
        let text = fs::read_to_string(file(&sandbox, &first)).unwrap();
        let before = title(&sandbox, &first);
        let times = fs::metadata(file(&sandbox, &first)).unwrap().modified().unwrap();
        fs::write(file(&sandbox, &first), text.replace(&format!("# {before}"), &format!("# {now}"))).unwrap();
        // A modification time that is set back does not hide the change.
        fs::File::options().write(true).open(file(&sandbox, &first)).unwrap().set_modified(times).unwrap();
        assert_eq!(title(&sandbox, &first), now);
        same(&sandbox, "an edit");
    }
    let future = std::time::SystemTime::now() + Duration::from_secs(3600);
    for now in ["Later", "After"] {
        let text = fs::read_to_string(file(&sandbox, &first)).unwrap();
        let before = title(&sandbox, &first);
        fs::write(file(&sandbox, &first), text.replace(&format!("# {before}"), &format!("# {now}"))).unwrap();
        fs::File::options().write(true).open(file(&sandbox, &first)).unwrap().set_modified(future).unwrap();
        assert_eq!(title(&sandbox, &first), now, "a clock was set back");
    }
    sandbox.settle();
    same(&sandbox, "time");
    fs::remove_file(file(&sandbox, &second)).unwrap();
    same(&sandbox, "the file is gone");
    fs::create_dir(file(&sandbox, &second)).unwrap();
    same(&sandbox, "a directory in its place");
    fs::remove_dir(file(&sandbox, &second)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", file(&sandbox, &second)).unwrap();
    same(&sandbox, "a link in its place");
    fs::remove_file(file(&sandbox, &second)).unwrap();
    sandbox.write(".chant/specs/2026-01-01-001-abc.md", "---\nstatus: completed\n---\n# By hand\r\n");
    sandbox.write(".chant/specs/2026-01-01-002-bad.md", "---\ntype: [\n---\n# Broken\n");
    same(&sandbox, "files by hand");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_happens_to_chains_is_seen() {
    let sandbox = Sandbox::new();
    let [first, second, third] = three(&sandbox);
    sandbox.agent("echo two >file; tick");
    sandbox.settle();
    same(&sandbox, "add");
    sandbox.chant(&["work", &first]).ok();
    same(&sandbox, "work");
    sandbox.chant(&["cancel", &second, "-m", "no"]).ok();
    same(&sandbox, "cancel");
    sandbox.git(&["pack-refs", "--all"]);
    sandbox.settle();
    same(&sandbox, "pack-refs");
    sandbox.git(&["gc", "-q", "--prune=now"]);
    same(&sandbox, "gc");
    let name = format!("refs/chant/specs/{third}");
    sandbox.chant(&["cancel", &third, "-m", "no"]).ok();
    sandbox.settle();
    same(&sandbox, "a loose ref over a packed one");
    let before = sandbox.git(&["rev-parse", &format!("{name}^")]);
    let ref_file = sandbox.dir().join("repo/.git").join(&name);
    // In place, as an editor might: neither the directory nor the length changes.
    fs::File::options().write(true).open(ref_file).unwrap().write_all_at(before.as_bytes(), 0).unwrap();
    assert_eq!(sandbox.status(&third), "pending");
    same(&sandbox, "a ref written by hand");
    sandbox.git(&["update-ref", "-d", &name]);
    same(&sandbox, "a deleted ref");
    sandbox.git(&["symbolic-ref", &name, "refs/heads/main"]);
    same(&sandbox, "a symbolic ref");
    sandbox.git(&["symbolic-ref", "-d", &name]);
    sandbox.chant(&["archive", &first]).ok();
    same(&sandbox, "archive");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_becomes_of_the_inputs_of_what_is_over_is_seen() {
    let sandbox = Sandbox::new();
    let [first, _, third] = three(&sandbox);
    sandbox.agent("echo $CHANT_SPEC_ID >>file; tick");
    sandbox.chant(&["work", &first]).ok();
    sandbox.chant(&["work", &third]).ok();
    sandbox.settle();
    let line = |sandbox: &Sandbox| {
        let list = sandbox.chant(&["list"]).ok().out;
        list.lines().find(|line| line.starts_with(&third[11..])).unwrap().to_owned()
    };
    same(&sandbox, "work on what was informed");
    assert!(line(&sandbox).contains("completed  Third"), "{}", line(&sandbox));
    sandbox.chant(&["reset", &first]).ok();
    assert!(line(&sandbox).contains("completed (stale)"), "{}", line(&sandbox));
    same(&sandbox, "a reset of the input");
    sandbox.chant(&["accept", &third, "-m", "seen"]).ok();
    sandbox.settle();
    same(&sandbox, "ack");
    assert!(line(&sandbox).contains("completed  Third"), "{}", line(&sandbox));
    sandbox.add(&["In its place", "--supersedes", &first]);
    sandbox.settle();
    for _ in 0..2 {
        assert!(line(&sandbox).contains("completed (stale)"), "{}", line(&sandbox));
    }
    same(&sandbox, "another in the place of the input");
    sandbox.write(".chant/research/notes.md", "one\n");
    let files = sandbox.add(&["Fourth", "--informed-by", ".chant/research/notes.md"]);
    sandbox.chant(&["work", &files]).ok();
    sandbox.settle();
    same(&sandbox, "a file as an input");
    sandbox.write(".chant/research/notes.md", "two\n");
    same(&sandbox, "another text in that file");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_another_clone_did_is_seen() {
    let sandbox = Sandbox::new();
    let [first, second, _] = three(&sandbox);
    let [server, other] = ["server.git", "other"].map(|name| sandbox.dir().join(name));
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "Specs"]);
    sandbox.git(&["init", "-q", "--bare", "-b", "main", &server.to_string_lossy()]);
    sandbox.git(&["remote", "add", "origin", &server.to_string_lossy()]);
    sandbox.git(&["push", "-q", "-u", "origin", "main"]);
    sandbox.chant(&["sync"]).ok();
    sandbox.git(&["clone", "-q", &server.to_string_lossy(), &other.to_string_lossy()]);
    sandbox.chant_in(&other, &["sync"]).ok();
    sandbox.settle();
    same(&sandbox, "the first sync");
    sandbox.chant_in(&other, &["cancel", &first, "-m", "no"]).ok();
    sandbox.chant_in(&other, &["sync"]).ok();
    sandbox.chant(&["cancel", &second, "-m", "no"]).ok();
    sandbox.chant(&["sync"]).ok();
    assert_eq!(sandbox.status(&first), "cancelled");
    same(&sandbox, "events of another clone");
    sandbox.git(&["pack-refs", "--all"]);
    same(&sandbox, "packed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_happens_to_branches_and_settings_is_seen() {
    let sandbox = Sandbox::new();
    let [first, second, _] = three(&sandbox);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "Specs"]);
    let old = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.agent("echo two >file; tick");
    sandbox.chant(&["work", &first]).ok();
    sandbox.settle();
    same(&sandbox, "work");
    sandbox.git(&["checkout", "-q", "-b", "other", &old]);
    same(&sandbox, "another branch, which lacks the work");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "More"]);
    same(&sandbox, "a commit");
    sandbox.git(&["config", "chant.approval.required", "code"]);
    same(&sandbox, "a setting");
    let tree = sandbox.dir().join("linked");
    sandbox.git(&["worktree", "add", "-q", &tree.to_string_lossy(), &old]);
    let list = |dir: &std::path::Path| sandbox.chant_in(dir, &["list", "--json"]).ok().json()["specs"].clone();
    fs::write(tree.join(format!(".chant/specs/{second}.md")), "# Other here\n").unwrap();
    for _ in 0..2 {
        assert!(list(&tree).to_string().contains("Other here"));
        assert!(!list(&sandbox.dir().join("repo")).to_string().contains("Other here"));
    }
    sandbox.git(&["worktree", "remove", "--force", &tree.to_string_lossy()]);
    sandbox.git(&["replace", &sandbox.git(&["rev-parse", &format!("chant/specs/{first}")]), "HEAD"]);
    same(&sandbox, "an object in the place of another");
}

#[test]
fn a_damaged_one_is_none() {
    let sandbox = Sandbox::new();
    let [first, ..] = three(&sandbox);
    sandbox.settle();
    title(&sandbox, &first);
    let whole = fs::read(path(&sandbox)).unwrap();
    let expected = sandbox.run(sandbox.binary(&["list", "--json"]).env("CHANT_NO_INDEX", "1")).ok().out;
    let check = |what: &str| {
        assert_eq!(sandbox.run(&mut sandbox.binary(&["list", "--json"])).ok().out, expected, "{what}");
    };
    for length in [0, 1, 8, 40, whole.len() / 2, whole.len() - 1] {
        fs::write(path(&sandbox), &whole[..length]).unwrap();
        check("cut off");
        assert_eq!(fs::read(path(&sandbox)).unwrap().len(), whole.len(), "it is made anew");
    }
    for at in (0..whole.len()).step_by(whole.len() / 12) {
        let mut flipped = whole.clone();
        flipped[at] ^= 4;
        fs::write(path(&sandbox), flipped).unwrap();
        check("a flipped bit");
    }
    // Well summed, and by another version.
    let mut foreign = whole.clone();
    foreign[BEGIN + 4] ^= 1;
    fs::write(path(&sandbox), summed(foreign)).unwrap();
    check("another version");
    fs::write(path(&sandbox), summed([&whole[..whole.len() / 2], &[0xff; 64]].concat())).unwrap();
    check("nonsense");
    fs::remove_file(path(&sandbox)).unwrap();
    fs::create_dir(path(&sandbox)).unwrap();
    check("a directory");
    fs::remove_dir(path(&sandbox)).unwrap();
    assert!(sandbox.run(sandbox.command_in(sandbox.dir(), "mkfifo").arg(path(&sandbox))).code == 0);
    check("a FIFO");
}

#[test]
fn who_dies_over_it_leaves_it_as_it_was() {
    let sandbox = Sandbox::new();
    for (number, fault) in ["index.place.before", "index.place.after"].into_iter().enumerate() {
        sandbox.add(&[&format!("Number {number}")]);
        sandbox.settle();
        let killed = sandbox.run(sandbox.binary(&["list"]).env("CHANT_FAULT", fault));
        assert_ne!(killed.code, 0, "{fault} was passed");
        same(&sandbox, fault);
        let problems = sandbox.chant(&["fsck", "--json"]).ok().json();
        assert!(!problems.to_string().contains("stale-index"), "{problems}");
    }
}

/// Where the name of what made the file begins.
const BEGIN: usize = 8;

/// The changed cache with a checksum that fits.
fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - 4;
    let sum = crc32fast::hash(&bytes[..end]);
    bytes[end..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

#[test]
fn one_that_lies_is_found_and_made_anew() {
    let sandbox = Sandbox::new();
    let [first, ..] = three(&sandbox);
    sandbox.settle();
    title(&sandbox, &first);
    assert!(sandbox.chant(&["fsck"]).out.is_empty());
    let whole = fs::read(path(&sandbox)).unwrap();
    let at = whole.windows(5).position(|bytes| bytes == b"First").unwrap();
    let mut lies = whole;
    lies[at..at + 5].copy_from_slice(b"Worst");
    fs::write(path(&sandbox), summed(lies)).unwrap();
    // That it is shown is the proof that the index was asked at all, and that the file was not.
    assert_eq!(title(&sandbox, &first), "Worst");
    assert_eq!(sandbox.show(&first)["title"], "First", "one spec is read where it lies");
    let found = sandbox.chant(&["fsck", "--json"]).json();
    assert!(found.to_string().contains("stale-index"), "{found}");
    sandbox.chant(&["fsck", "--repair"]).ok();
    assert_eq!(title(&sandbox, &first), "First");
    assert!(path(&sandbox).exists());
    sandbox.git(&["pack-refs", "--all"]);
    sandbox.settle();
    title(&sandbox, &first);
    let mut lies = fs::read(path(&sandbox)).unwrap();
    let tip = sandbox.git(&["rev-parse", &format!("chant/specs/{first}")]);
    let tip: Vec<u8> = (0..20).map(|at| u8::from_str_radix(&tip[2 * at..2 * at + 2], 16).unwrap()).collect();
    let at = lies.windows(20).position(|bytes| bytes == tip).unwrap();
    lies[at] ^= 1;
    fs::write(path(&sandbox), summed(lies)).unwrap();
    let found = sandbox.chant(&["fsck", "--json"]).json();
    assert!(found.to_string().contains("it has another ref of"), "{found}");
}

#[test]
fn many_read_and_write_it_at_once() {
    let sandbox = Sandbox::new();
    three(&sandbox);
    let start = |args: &[&str]| sandbox.binary(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut running = Vec::new();
    for number in 0..6 {
        running.push(start(&["list"]));
        running.push(start(&["add", &format!("Number {number}")]));
        running.push(start(&["list", "--ready"]));
    }
    for child in running {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    sandbox.settle();
    same(&sandbox, "all of that");
    let left = fs::read_dir(sandbox.dir().join("repo/.git/chant")).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.starts_with(".tmp")), "{names:?}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_packed_refs_hold_is_seen() {
    let sandbox = Sandbox::new();
    let [first, second, third] = three(&sandbox);
    let packed = sandbox.dir().join("repo/.git/packed-refs");
    let pack = || sandbox.git(&["pack-refs", "--all", "--prune"]);
    pack();
    sandbox.settle();
    same_list(&sandbox, "pack-refs");
    sandbox.chant(&["cancel", &first, "-m", "no"]).ok();
    pack();
    // At once, before times can tell it from what comes next, and the same later.
    same_list(&sandbox, "another event, packed");
    assert_eq!(sandbox.status(&first), "cancelled");
    sandbox.settle();
    same_list(&sandbox, "the same, settled");
    let name = format!("refs/chant/specs/{second}");
    let tip = sandbox.git(&["rev-parse", &name]);
    sandbox.git(&["update-ref", "-d", &name]);
    same_list(&sandbox, "a packed ref less");
    sandbox.git(&["update-ref", &name, tip.trim()]);
    same_list(&sandbox, "and a loose one");
    pack();
    sandbox.settle();
    same_list(&sandbox, "packed again");
    // In place, as an editor might: the file is the same one and as long as before.
    let before = sandbox.git(&["rev-parse", &format!("refs/chant/specs/{first}^")]);
    let (text, now) =
        (fs::read_to_string(&packed).unwrap(), sandbox.git(&["rev-parse", &format!("chant/specs/{first}")]));
    fs::write(&packed, text.replace(now.trim(), before.trim())).unwrap();
    assert_eq!(sandbox.status(&first), "pending");
    same_list(&sandbox, "packed refs written by hand");
    sandbox.settle();
    same_list(&sandbox, "the same, settled");
    fs::rename(&packed, packed.with_extension("there")).unwrap();
    std::os::unix::fs::symlink("packed-refs.there", &packed).unwrap();
    same_list(&sandbox, "a link to packed refs");
    assert_eq!(sandbox.status(&third), "pending");
    fs::remove_file(&packed).unwrap();
    same_list(&sandbox, "no packed refs at all");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_line_that_hangs_on_more_than_its_spec_is_not_taken_from_it_alone() {
    let sandbox = Sandbox::new();
    let [first, second, _] = three(&sandbox);
    sandbox.add(&["Gate", "--type", "gate", "--depends-on", &first]);
    let driver = sandbox.add(&["Driver", "--type", "driver"]);
    sandbox.settle();
    same_list(&sandbox, "add");
    fs::copy(file(&sandbox, &first), file(&sandbox, &format!("{driver}.1"))).unwrap();
    same_list(&sandbox, "a member");
    sandbox.agent("echo two >file; tick");
    sandbox.chant(&["work", &format!("{driver}.1")]).ok();
    sandbox.settle();
    same_list(&sandbox, "a driver that is done");
    assert_eq!(sandbox.status(&driver), "completed");
    sandbox.git(&["config", "chant.approval.required", "code"]);
    let line = |id: &str| {
        let list = sandbox.chant(&["list"]).ok().out;
        list.lines().find(|line| line.starts_with(&id[11..])).unwrap().to_owned()
    };
    assert!(line(&second).contains("needs-approval"), "{}", line(&second));
    sandbox.chant(&["approve", &second, "-m", "yes"]).ok();
    sandbox.settle();
    same_list(&sandbox, "an approval");
    assert!(!line(&second).contains("needs-approval"), "{}", line(&second));
    sandbox.git(&["config", "--unset", "chant.approval.required"]);
    sandbox.chant(&["reject", &second, "-m", "no"]).ok();
    sandbox.settle();
    same_list(&sandbox, "a rejection");
    assert!(line(&second).contains("needs-approval"), "{}", line(&second));
}
