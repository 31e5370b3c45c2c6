//! What a command runs is a test, however the command line gets to it: through variables, other programs, a text, a directory, a makefile.
//! Where it finds nothing to run, it shows no bug.

use crate::{
    doubts::NOTES,
    support::{Ran, Sandbox},
};

const LIB: (&str, &str) = ("lib.sh", "add() { echo $(($1 - $2)); }\n");
const CHECK: (&str, &str) = ("sub/check.sh", ". ./lib.sh\n[ \"$(add 2 3)\" = 5 ] || exit 1\n");

/// A project of these files, and a fix that is proved by `command` and made by `script`; how `work` ended, and the spec's status.
fn fixed(files: &[(&str, &str)], command: &str, script: &str) -> (Ran, String) {
    let sandbox = Sandbox::new();
    for (path, text) in files {
        sandbox.write(path, text);
    }
    sandbox.commit("A project");
    sandbox.agent(&format!("{script}\ngit add -A; git commit -qm Work; {NOTES}tick"));
    let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", command]);
    let ran = sandbox.chant(&["work", &id]);
    let status = sandbox.status(&id);
    (ran, status)
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_test_is_held_however_it_is_run() {
    for command in ["CI=1 sh sub/check.sh", "timeout 20 sh sub/check.sh", "sh -c 'sh sub/check.sh'"] {
        let (ran, status) = fixed(&[LIB, CHECK], command, "echo : >sub/check.sh; echo '# add' >>lib.sh");
        assert_eq!(status, "failed", "{command}: {ran:?}");
        ran.fails(1, &["the test passes without the fix"]);
    }
    let (ran, status) = fixed(&[LIB, CHECK], "CI=1 sh sub/check.sh", "sed -i 's/1 - /1 + /' lib.sh");
    assert_eq!(status, "completed", "{ran:?}");
}

#[test]
fn a_command_that_finds_nothing_to_run_shows_no_bug() {
    let (ran, status) = fixed(&[LIB], "for t in sub/*.sh; do sh $t || exit 1; done", "mkdir sub; echo : >sub/check.sh");
    assert_eq!(status, "failed", "{ran:?}");
    ran.fails(1, &["the command does not find what it is to run", "fails_with"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_a_command_does_not_find_without_the_work_came_with_it() {
    let makes = "printf 'check:\\n\\tsh sub/run\\n' >Makefile; mkdir sub; echo 'sh sub/check.sh' >sub/run";
    let asks = "cat >sub/check.sh <<'T'\n. ./lib.sh\n[ \"$(add 2 3)\" = 5 ] || exit 1\nT";
    let (ran, status) = fixed(&[LIB], "make check", &format!("{makes}; echo : >sub/check.sh"));
    assert_eq!(status, "failed", "{ran:?}");
    ran.fails(1, &["the test passes without the fix"]);
    let (ran, status) = fixed(&[LIB], "make check", &format!("{makes}; sed -i 's/1 - /1 + /' lib.sh; {asks}"));
    assert_eq!(status, "completed", "{ran:?}");
    // What a test names is what it tests, and data that the code needs is no test.
    let test = ("check.sh", "[ \"$(sh bin/sum 2 3)\" = 5 ] || exit 1\n");
    let (ran, status) = fixed(&[LIB, test], "sh check.sh", "mkdir bin; echo 'echo $(($1 + $2))' >bin/sum");
    assert_eq!(status, "completed", "{ran:?}");
    let app = ("app.sh", "read -r sum <sum.txt && [ \"$sum\" = 5 ]\n");
    let (ran, status) = fixed(&[app], "sh app.sh || exit 1", "echo 5 >sum.txt");
    assert_eq!(status, "completed", "{ran:?}");
}
