//! What was built from the sources, and is in a checkout: it hides no red code.

use super::{NOTES, with};

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_one_checkout_built_is_not_there_in_the_next() {
    // Builds as make does: what was built of a file as old and as long is not built again.
    let build = "[ file -nt out ] || [ ! -e out ] || { cat out; exit; }; grep -q b file && echo good >out; cat out; grep -q good out\n";
    let sandbox =
        with(&[("check.sh", build), (".gitignore", "out\n"), ("file", "a\n")], &format!("echo b >file; tick; {NOTES}"));
    for round in 0..3 {
        let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", "sh check.sh"]);
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.status(&id), "completed", "{round}");
        sandbox.write("file", "a\n");
        sandbox.git(&["commit", "-qam", "Broken again"]);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn ignored_files_of_the_work_hide_no_red_code() {
    // What looks finished by its date, or by what a program remembers of it, and what a project tracks besides.
    let make = "test -e build/app -a ! src.txt -nt build/app || { mkdir -p build; cp src.txt build/app; }\ngrep -q good build/app\n";
    let by_sum = "s=$(cksum <src.txt); test -e build/sum -a \"$(cat build/sum 2>&1)\" = \"$s\" && exit 0\ngrep -q good src.txt\n";
    let files = [
        ("make.sh", make),
        ("sum.sh", by_sum),
        ("src.txt", "good\n"),
        ("dist/a.js", "old\n"),
        ("needs.sh", "cat t.data\n"),
        ("lib.so", "\x7fELFold"),
        (".gitignore", "build/\n*.data\n"),
    ];
    let red = "echo red >src.txt; mkdir build; echo good >build/app; cksum <src.txt >build/sum";
    let commit = "git add -f . ':!.chant/run'; git commit -qm Work; tick";
    let work = |script: &str, options: &[&str]| {
        let sandbox = with(&files, script);
        sandbox.write("dist/.gitignore", "*\n");
        sandbox.git(&["add", "-f", "dist"]);
        sandbox.git(&["commit", "-qm", "Ship dist"]);
        let id = sandbox.add(&[&["Do it"], options].concat());
        (sandbox, id)
    };
    let (sandbox, id) = work(&format!("{red}; {commit}"), &["--verify", "sh make.sh"]);
    sandbox.chant(&["work", &id]).fails(1, &["sh make.sh", "exit code 1", "compiled code: build/app, build/sum"]);
    for (script, command, paths) in [
        (red, "sh sum.sh", "build/app, build/sum"),
        ("echo red >src.txt; mkdir build; cksum <src.txt >build/sum; : >.gitignore", "sh sum.sh", "build/sum"),
        ("echo x >t.data", "sh needs.sh", "t.data"),
        ("printf '\\177ELFx' >tool", "cat tool", "tool"),
        ("printf '\\177ELFnew' >lib.so", "grep -q new lib.so", "lib.so"),
    ] {
        let (sandbox, id) = work(&format!("{script}; {commit}"), &["--verify", command]);
        let waits =
            sandbox.chant(&["work", &id]).fails(1, &["the checks are in doubt", paths, "without them", "accept"]);
        assert!(waits.err.contains(&format!("'{command}' fails")), "{}", waits.err);
        assert_eq!(sandbox.status(&id), "finished");
        sandbox.chant(&["show", &id]).fails(0, &["waits   built files", paths]);
        sandbox.chant(&["log", &id, "--checks"]).fails(0, &[command]);
        sandbox.chant(&["verify", &id]).fails(0, &["built files", paths]);
        sandbox.chant(&["accept", &id, "--reason", "Looked at"]).ok();
        sandbox.chant(&["merge", &id]).ok();
        sandbox.chant(&["show", &id]).fails(0, &["accepted by a person"]);
    }
    for (script, options) in [
        ("echo x >t.data", &["--verify", "sh needs.sh", "--target-file", "t.data"][..]),
        ("echo new >dist/b.js", &["--verify", "cat dist/b.js"]),
        ("echo x >u.data", &["--verify", "grep -q good src.txt"]),
    ] {
        let (sandbox, id) = work(&format!("{script}; {commit}"), options);
        sandbox.chant(&["work", &id]).ok();
    }
    // What is tracked and ignored is as old in the check of a later spec.
    let (sandbox, id) = work("echo good >build/app; echo red >src.txt; tick", &["--verify", "sh make.sh"]);
    sandbox.write("build/app", "good\n");
    sandbox.git(&["add", "-f", "build"]);
    sandbox.git(&["commit", "-qm", "Ship build"]);
    sandbox.chant(&["work", &id]).fails(1, &["sh make.sh", "exit code 1"]);
}

#[test]
fn the_merge_has_to_pass_without_files_that_the_work_built_too() {
    let files = [("build.sh", "test -e out && exit; echo good >out\n"), (".gitignore", "out\n")];
    let work = "echo two >new-$CHANT_SPEC_ID; echo good >out; git add -f out; tick";
    let sandbox = with(&files, work);
    let passes = "sh build.sh && grep -q good out";
    let [red, green] = ["Red", "Green"].map(|title| {
        let id = sandbox.add(&[title, "--verify", passes]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        id
    });
    sandbox.write("other", "other\n");
    sandbox.git(&["add", "other"]);
    sandbox.git(&["commit", "-qm", "Other"]);
    let merged = sandbox.chant(&["merge", &green]).ok();
    assert!(merged.err.contains("running the commands without out as well"), "{}", merged.err);
    // The target no longer builds; what the work brings finished hides that.
    sandbox.git(&["rm", "-q", "out"]);
    sandbox.write("build.sh", "test -e out\n");
    sandbox.git(&["commit", "-qam", "Break the build"]);
    sandbox.agent("exit 1");
    sandbox.chant(&["merge", &red]).fails(1, &["without out, merged with 'main', 'sh build.sh"]);
    assert_eq!(sandbox.status(&red), "finished");
}

#[test]
fn what_was_made_before_of_a_file_that_the_work_changes_is_older() {
    // As in the worktree of a person, whatever the names of the files are.
    let make = "for f in a z; do if test -n \"$(find m.txt -newer $f)\"; then cp m.txt $f; fi; grep -q good $f || exit 1; done\n";
    let sandbox =
        with(&[("make.sh", make), ("a", "good\n"), ("z", "good\n"), ("m.txt", "good\n")], "echo red >m.txt; tick");
    sandbox.git(&["config", "chant.checkMayChange", "a z"]);
    let id = sandbox.add(&["Change it", "--verify", "sh make.sh"]);
    sandbox.chant(&["work", &id]).fails(1, &["sh make.sh", "exit code 1"]);
    sandbox.agent("echo good >m.txt; echo x >new; tick");
    sandbox.chant(&["work", &id]).ok();
}
