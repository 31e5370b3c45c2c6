//! What an agent can claim without having done it: each is caught, named in words, and recorded.

use serde_json::Value;

use crate::support::Sandbox;

const BODY: &str = "## Acceptance Criteria\n\n- [ ] file says two\n- [ ] it is tested\n";

/// What is recorded of an attempt that did not do what it claims.
struct Caught {
    sandbox: Sandbox,
    id: String,
}

/// Works a spec for `file` with a test, `check.sh`, that passes where `file` says two; the agent runs `script`.
#[track_caller]
fn claim(options: &[&str], script: &str) -> Caught {
    let sandbox = Sandbox::new();
    sandbox.write("check.sh", "grep -q two file\n");
    sandbox.write("body.md", BODY);
    sandbox.git(&["add", "check.sh"]);
    sandbox.git(&["commit", "-qm", "A test"]);
    sandbox.agent(script);
    let id = sandbox.add(&[&["Make it two", "--body-file", "body.md"], options].concat());
    Caught { sandbox, id }
}

impl Caught {
    /// The attempt failed for this reason, on stdout and on record, and main is what it was.
    #[track_caller]
    fn by(&self, reason: &str) {
        let main = self.sandbox.git(&["rev-parse", "main"]);
        self.sandbox.chant(&["work", &self.id]).fails(1, &[reason]);
        assert_eq!(self.sandbox.status(&self.id), "failed");
        let log = self.sandbox.chant(&["log", &self.id, "--json"]).ok().json();
        assert!(log["events"][0]["reason"].as_str().unwrap().contains(reason), "{log}");
        assert_eq!(self.sandbox.git(&["rev-parse", "main"]), main);
    }

    fn checks(&self) -> Value {
        self.sandbox.show(&self.id)["checks"]["evidence"].clone()
    }
}

const VERIFY: [&str; 2] = ["--verify", "sh check.sh"];
const ON_FILE: [&str; 4] = ["--verify", "sh check.sh", "--target-file", "file"];

#[test]
fn boxes_ticked_and_nothing_else() {
    claim(&VERIFY, "tick").by("verify 'sh check.sh'");
}

#[test]
fn the_work_done_and_no_box_ticked() {
    claim(&VERIFY, "echo two >file").by("criterion 'file says two': unticked");
}

#[test]
fn nothing_done_and_a_good_exit_code() {
    claim(&[], "exit 0").by("criterion");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn more_left_behind_than_a_record_can_hold() {
    let name = "f".repeat(100);
    let many = format!("echo two >file; tick; seq -f '{name}%.0f' 11000 | xargs touch");
    claim(&ON_FILE, &many).by("and 10980 more");
}

#[test]
fn the_test_emptied() {
    claim(&ON_FILE, "echo three >file; : >check.sh; tick").by("outside target_files: check.sh");
}

#[test]
fn the_test_deleted() {
    claim(&ON_FILE, "echo three >file; git rm -q check.sh; tick").by("check.sh");
}

#[test]
fn the_test_renamed_away() {
    claim(&ON_FILE, "git mv check.sh other.sh; echo two >file; tick").by("outside target_files: check.sh, other.sh");
}

#[test]
fn the_verify_command_edited_in_the_spec() {
    let script = "sed 's/sh check.sh/true/' $CHANT_SPEC_FILE >.s && cat .s >$CHANT_SPEC_FILE && rm .s; tick";
    claim(&VERIFY, script).by("the front matter of the spec was changed");
}

#[test]
fn a_criterion_deleted() {
    let script =
        "echo two >file; tick; sed '/it is tested/d' $CHANT_SPEC_FILE >.s && cat .s >$CHANT_SPEC_FILE && rm .s";
    claim(&VERIFY, script).by("criterion 'it is tested': missing");
}

#[test]
fn a_criterion_reworded_to_what_is_true() {
    let script =
        "echo one >file; sed 's/says two/is there/' $CHANT_SPEC_FILE >.s && cat .s >$CHANT_SPEC_FILE && rm .s; tick";
    claim(&[], script).by("criterion 'file says two': missing");
}

#[test]
fn criteria_ticked_in_a_code_block_only() {
    let script = "echo two >file; { cat $CHANT_SPEC_FILE; printf '\\n```\\n- [x] file says two\\n- [x] it is tested\\n```\\n'; } >.s && cat .s >$CHANT_SPEC_FILE && rm .s";
    claim(&VERIFY, script).by("criterion 'file says two': unticked");
}

#[test]
fn criteria_ticked_in_a_copy_of_the_section() {
    let script = "echo two >file; { printf '# Other\\n\\n## Acceptance Criteria\\n\\n- [x] file says two\\n- [x] it is tested\\n\\n'; cat $CHANT_SPEC_FILE; } >.s && cat .s >$CHANT_SPEC_FILE && rm .s";
    let caught = claim(&VERIFY, script);
    caught.sandbox.chant(&["work", &caught.id]).fails(1, &[]);
    assert_eq!(caught.sandbox.status(&caught.id), "failed");
}

#[test]
fn a_document_of_a_title() {
    let caught = claim(
        &["--type", "research", "--target-file", "doc.md"],
        "printf '# The answer\\n\\n## Findings\\n\\n' >doc.md; tick",
    );
    caught.by("output 'doc.md': it has a title but no text");
}

#[test]
fn a_document_of_one_line() {
    claim(&["--type", "research", "--target-file", "doc.md"], "echo 'Looks fine to me.' >doc.md; tick")
        .by("it has only one line");
}

#[test]
fn a_document_that_was_there_before() {
    let caught = claim(&["--type", "research", "--target-file", "doc.md"], "tick");
    caught.sandbox.write("doc.md", "# Old\n\nFindings of last year.\n");
    caught.sandbox.git(&["add", "doc.md"]);
    caught.sandbox.git(&["commit", "-qm", "Old"]);
    caught.by("output 'doc.md': it is unchanged");
}

#[test]
fn a_document_that_is_only_a_link() {
    let caught = claim(
        &["--type", "research", "--target-file", "doc.md"],
        "ln -s /etc/passwd doc.md; git add -A; git commit -qm x; tick",
    );
    caught.by("doc.md");
}

#[test]
fn work_committed_on_another_branch() {
    let script = "git checkout -q -b mine; echo two >file; git commit -qam two; git checkout -q -; tick";
    let Caught { sandbox, id } = claim(&VERIFY, script);
    let caught = Caught { sandbox: sandbox.unconfined(), id };
    caught.by("verify 'sh check.sh'");
    assert_eq!(caught.sandbox.git(&["show", "mine:file"]), "two", "and is not lost");
}

#[test]
fn a_change_outside_the_map() {
    let caught = claim(&ON_FILE, "echo two >file; echo x >elsewhere; git add -A; git commit -qm x; tick");
    caught.by("outside target_files: elsewhere");
    assert_eq!(caught.checks()["scope"]["outside"], serde_json::json!(["elsewhere"]));
}

#[test]
fn another_spec_ticked_off_by_the_way() {
    let caught = claim(
        &[],
        "echo two >file; for s in .chant/specs/*; do echo done >>$s; done; git add -A; git commit -qm x; tick",
    );
    let other = caught.sandbox.add(&["Other"]);
    caught.sandbox.git(&["add", &format!(".chant/specs/{other}.md")]);
    caught.sandbox.git(&["commit", "-qm", "Other"]);
    caught.by("may not be changed");
}

#[test]
fn a_test_that_passes_only_with_what_is_ignored() {
    let caught = claim(
        &["--reproduces", "sh check.sh", "--phase", "fork-fix"],
        "echo build >.gitignore; echo two >build; printf '\n## Release Notes\n\nFixed.\n' >>$CHANT_SPEC_FILE; tick",
    );
    // What an ignored file makes pass in the worktree does not pass in a clean checkout of the commit.
    caught.sandbox.write("check.sh", "grep -q two build\n");
    caught.sandbox.git(&["commit", "-qam", "Look at the build"]);
    caught.by("reproduces 'sh check.sh'");
}

#[test]
fn a_fix_that_does_not_fix() {
    let options = ["--phase", "fork-fix", "--reproduces", "sh check.sh"];
    let notes = "printf '\\n## Release Notes\\n\\nFixed.\\n' >>$CHANT_SPEC_FILE; ";
    let caught = claim(&options, &format!("echo three >file; {notes}tick"));
    caught.by("reproduces 'sh check.sh'");
    assert_eq!(caught.checks()["reproduces"]["tip"]["exit"], 1);
}

#[test]
fn a_fix_of_what_was_not_broken() {
    let options = ["--phase", "fork-fix", "--reproduces", "true"];
    let notes = "printf '\\n## Release Notes\\n\\nFixed.\\n' >>$CHANT_SPEC_FILE; ";
    claim(&options, &format!("echo two >file; {notes}tick")).by("expected: fails at the base, passes at the tip");
}

#[test]
fn a_fix_without_release_notes() {
    claim(&["--phase", "fork-fix", "--reproduces", "sh check.sh"], "echo two >file; tick")
        .by("release notes: the section is empty");
}

#[test]
fn a_reproduction_that_does_not_reproduce() {
    let options = ["--phase", "reproduction", "--reproduces", "sh new.sh"];
    claim(&options, "echo true >new.sh; git add -A; git commit -qm x; tick")
        .by("expected: fails at the tip and not at the base");
}

#[test]
fn a_reproduction_that_always_failed() {
    let options = ["--phase", "reproduction", "--reproduces", "false"];
    claim(&options, "echo exit 1 >new.sh; git add -A; git commit -qm x; tick")
        .by("expected: fails at the tip and not at the base");
}

#[test]
fn a_reproduction_that_fails_for_want_of_the_command() {
    let options = ["--phase", "reproduction", "--reproduces", "[ ! -e new.sh ] || no-such-command-anywhere"];
    claim(&options, "echo x >new.sh; git add -A; git commit -qm x; tick").by("command not found");
}

#[test]
fn a_reproduction_that_fails_by_a_signal() {
    let options = ["--phase", "reproduction", "--reproduces", "[ ! -e new.sh ] || kill -9 $$"];
    let Caught { sandbox, id } = claim(&options, "echo x >new.sh; git add -A; git commit -qm x; tick");
    // In a sandbox a shell stands between, which says 137.
    Caught { sandbox: sandbox.unconfined(), id }.by("signal 9");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_was_red_before_is_told_from_what_turned_red() {
    let red = claim(&["--verify", "false"], "echo two >file; tick");
    red.sandbox.git(&["config", "chant.verifyBase", "true"]);
    red.by("it also failed at the base");
    let turned = claim(&["--verify", "grep -q one file"], "echo two >file; tick");
    turned.sandbox.git(&["config", "chant.verifyBase", "true"]);
    turned.by("it passed at the base");
    assert_eq!(turned.checks()["verify"][0]["base"]["exit"], 0);
}

#[test]
fn the_research_edited_after_the_fact_shows() {
    let caught = claim(&["--informed-by", "why.md", "--verify", "sh check.sh"], "echo two >file; tick");
    caught.sandbox.write("why.md", "Because.\n");
    caught.sandbox.git(&["add", "why.md"]);
    caught.sandbox.git(&["commit", "-qm", "Why"]);
    caught.sandbox.chant(&["work", &caught.id]).ok();
    caught.sandbox.write("why.md", "Because of something else.\n");
    caught.sandbox.git(&["commit", "-qam", "Edited"]);
    assert_eq!(caught.sandbox.show(&caught.id)["stale"], true);
    caught.sandbox.chant(&["drift", "--exit-code"]).fails(1, &["why.md"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn everything_is_checked_again_at_any_commit() {
    let done = claim(&ON_FILE, "echo two >file; tick");
    done.sandbox.chant(&["work", &done.id]).ok();
    let verify = |more: &[&str]| done.sandbox.chant(&[&["verify", "--all"], more].concat());
    assert!(verify(&[]).ok().out.contains("ok"));
    done.sandbox.write("file", "broken\n");
    done.sandbox.git(&["commit", "-qam", "Break it"]);
    verify(&["--exit-code"]).fails(1, &["FAILED", "verify 'sh check.sh'"]);
    verify(&["--at", "HEAD~1"]).ok();
    let json = verify(&["--json"]).fails(1, &[]).json();
    assert_eq!(
        (&json["checked"][0]["ok"], &json["checked"][0]["spec"]["id"]),
        (&false.into(), &done.id.as_str().into())
    );
    assert_eq!(done.sandbox.status(&done.id), "completed");
}

#[test]
fn an_approval_that_the_project_asks_for_is_waited_for() {
    let done = claim(&["--label", "security", "--target-file", "file"], "echo two >file; tick");
    done.sandbox.git(&["config", "chant.approval.required", "documentation, security"]);
    done.sandbox.chant(&["work", &done.id]).fails(1, &["is not approved", "git chant approve"]);
    let as_agent = |verb: &[&str]| {
        let mut command = done.sandbox.binary(&[verb, &[done.id.as_str()]].concat());
        done.sandbox.run(command.env("CHANT_SPEC_ID", &done.id))
    };
    as_agent(&["approve"]).fails(1, &["only a person can approve"]);
    as_agent(&["reject", "-m", "x"]).fails(1, &["only a person can reject"]);
    done.sandbox.chant(&["approve", &done.id]).ok();
    let path = format!(".chant/specs/{}.md", done.id);
    done.sandbox.write(&path, &format!("{}\nMore.\n", done.sandbox.read(&path)));
    assert_eq!(done.sandbox.show(&done.id)["approval"]["stale"], true);
    done.sandbox.chant(&["work", &done.id]).fails(1, &["is not approved"]);
    done.sandbox.chant(&["approve", &done.id]).ok();
    done.sandbox.chant(&["work", &done.id]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn tests_that_are_deleted_skipped_or_renamed_are_named() {
    let two =
        "import unittest\nclass T(unittest.TestCase):\n    def test_one(self): pass\n    def test_two(self): pass\n";
    for (script, named) in [
        ("git rm -q test_a.py", "it deletes 'test_a.py'"),
        ("sed -i 's/test_two/later/' test_a.py", "it renames or replaces tests in 'test_a.py': test_two"),
        ("sed -i '/test_two/d' test_a.py", "it removes tests in 'test_a.py': test_two"),
        ("sed -i '2i @unittest.skip(\"later\")' test_a.py", "it has tests in 'test_a.py' skipped"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("test_a.py", two);
        sandbox.write("test_b.py", two);
        sandbox.commit("Tests");
        sandbox.agent(&format!("echo two >file; {script}"));
        let id = sandbox.add(&["Make it two", "--verify", "python3 -B -m unittest -q"]);
        let ran = sandbox.chant(&["work", &id]).ok();
        let named = named
            .replace("renames or replaces", if script.contains("later/") { "removes" } else { "renames or replaces" });
        assert!(ran.err.contains(&format!("warning: {named}")), "{}", ran.err);
        assert!(sandbox.chant(&["show", &id]).ok().out.contains(&named));
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_link_out_of_the_repository_and_what_python_compiled_are_no_work() {
    for (script, named) in [
        ("ln -sf \"$HOME\" there", "the link 'there' leads out of the repository"),
        ("mkdir a; ln -s ../../x a/there", "the link 'a/there' leads out of the repository"),
        ("mkdir -p __pycache__; echo x >__pycache__/a.pyc", "'__pycache__/a.pyc' may not be changed"),
    ] {
        claim(&VERIFY, &format!("echo two >file; {script}; tick")).by(named);
    }
    let Caught { sandbox, id } = claim(&VERIFY, "echo two >file; mkdir a; ln -s ../file a/there; tick");
    sandbox.chant(&["work", &id]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_bare_repository_in_the_work_is_told() {
    let make = "git init -q --bare x/y.git; touch x/y.git/objects/info/a x/y.git/refs/heads/a";
    for (script, told) in [(make, true), ("mkdir -p x/y.git; touch x/y.git/HEAD x/y.git/config", false)] {
        let Caught { sandbox, id } = claim(&VERIFY, &format!("echo two >file; {script}; git add -A; tick"));
        let said = sandbox.chant(&["work", &id]).ok().err;
        assert_eq!(said.contains("warning: the work has a bare repository in 'x/y.git'"), told, "{said}");
        let shown = sandbox.chant(&["show", &id]).ok().out;
        assert_eq!(
            shown.contains("'x/y.git' is a bare repository: git obeys its configuration there"),
            told,
            "{shown}"
        );
    }
}

#[test]
fn release_notes_that_contradict_a_criterion_are_caught() {
    let script = "echo two >file; tick; printf '\\n## Release Notes\\n\\n- [ ] it is tested\\n' >>$CHANT_SPEC_FILE";
    claim(&VERIFY, script).by("the release notes contradict the criterion 'it is tested'");
}

#[test]
fn research_changes_nothing_that_runs() {
    for path in ["Makefile", ".github/workflows/x.yml", ".husky/pre-commit"] {
        let sandbox = Sandbox::new();
        sandbox.agent(&format!("mkdir -p $(dirname {path}); echo x >{path}; echo found >findings.txt"));
        let id = sandbox.add(&["Why?", "--type", "research"]);
        sandbox.chant(&["work", &id]).fails(1, &[&format!("'{path}' may not be changed")]);
    }
}
