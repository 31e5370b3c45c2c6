//! Pull requests and release notes: what others see of the work, in their terms.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Sandbox, terminal::Terminal};

struct Forked {
    sandbox: Sandbox,
    fix: String,
}

/// A clone with `origin` (the fork) and `upstream`, both bare repositories on disk, a `gh` that writes down what it is asked, and a fix
/// that is done on `fix/issue-1234`.
fn forked() -> Forked {
    let sandbox = Sandbox::new();
    for (remote, path) in [("origin", "ada/kvstore.git"), ("upstream", "upstream-org/kvstore.git")] {
        let bare = sandbox.dir().join(path);
        sandbox.git(&["init", "-q", "--bare", "-b", "main", bare.to_str().unwrap()]);
        sandbox.git(&["remote", "add", remote, bare.to_str().unwrap()]);
        sandbox.git(&["push", "-q", remote, "main"]);
    }
    let gh = sandbox.dir().join("bin/gh");
    std::fs::create_dir(gh.parent().unwrap()).unwrap();
    let log = sandbox.dir().join("gh.log");
    let script = format!(
        "#!/bin/sh\nfor word; do printf '%s\\n' \"[$word]\"; done >>'{}'\necho https://example.com/pull/7\n\
         echo 'A new release of gh is available' >&2\n",
        log.display()
    );
    std::fs::write(&gh, script).unwrap();
    std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.write("test.sh", "grep -q two file\n");
    sandbox.git(&["add", "test.sh"]);
    sandbox.git(&["commit", "-qm", "A test"]);
    sandbox.agent("echo two >file; git commit -qam 'Two'; sed 's/^<!-- Fill.*/### Fixed: lost writes (#1234)\\n\\nA write could be lost; `quoted` \"text\" $(id) stays text./' $CHANT_SPEC_FILE >.s && cat .s >$CHANT_SPEC_FILE && rm .s; tick");
    let args =
        ["investigate", "issue-1234", "--title", "Concurrent writes lose data", "--phases", "fork-fix,upstream-pr"];
    let out = sandbox
        .chant(&[&args[..], &["--issue-url", "https://example.com/issues/1234", "--reproduces", "sh test.sh"]].concat())
        .ok()
        .out;
    let fix = out.lines().next().unwrap()["Created spec: ".len()..][..18].to_owned();
    sandbox.chant(&["work", &fix]).ok();
    Forked { sandbox, fix }
}

impl Forked {
    fn with_gh(&self, args: &[&str]) -> std::process::Command {
        let mut command = self.sandbox.binary(args);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.sandbox.dir().join("bin").display()));
        command
    }

    fn asked(&self) -> String {
        std::fs::read_to_string(self.sandbox.dir().join("gh.log")).unwrap_or_default()
    }
}

#[test]
fn a_staging_request_is_printed_as_one_would_type_it_and_says_nothing_of_the_process() {
    let forked = forked();
    let sandbox = &forked.sandbox;
    for what in ["issue-1234", &forked.fix, &forked.fix[11..]] {
        let printed = sandbox.chant(&["pr", what, "--stage", "--draft"]).ok().out;
        let mut lines = printed.lines();
        assert_eq!(lines.next(), Some("git push origin fix/issue-1234"));
        let create = lines.next().unwrap();
        assert!(
            create.starts_with("gh pr create --repo ada/kvstore --base main --head fix/issue-1234 --title "),
            "{create}"
        );
        assert!(create.ends_with("--draft --body \"$(cat <<'EOF'"), "{create}");
        for part in [
            "Fixes https://example.com/issues/1234.",
            "- `file`",
            "`sh test.sh` fails without this change and passes with it",
            "$(id) stays text",
        ] {
            assert!(printed.contains(part), "'{part}' is not in\n{printed}");
        }
        for word in [".chant", "spec ", &forked.fix[11..], "criteri", "agent"] {
            assert!(!printed.contains(word), "'{word}' is in\n{printed}");
        }
    }
    assert_eq!(forked.asked(), "", "no command run; aborted");
    // What is printed does what it says in a shell.
    let printed = sandbox.chant(&["pr", "issue-1234", "--stage"]).ok().out;
    let with_gh = forked.with_gh(&[]);
    let path = with_gh.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_owned();
    sandbox.run(sandbox.command_in(&sandbox.repo, "sh").env("PATH", path).args(["-c", &printed])).ok();
    assert!(
        forked.asked().contains("[ada/kvstore]") && forked.asked().contains("$(id) stays text"),
        "{}",
        forked.asked()
    );
}

#[test]
fn it_is_run_where_that_is_asked_for() {
    let forked = forked();
    let ran = forked.sandbox.run(&mut forked.with_gh(&["pr", "issue-1234", "--stage", "--run"])).ok();
    assert_eq!(ran.out, "https://example.com/pull/7\n");
    assert!(forked.asked().starts_with("[pr]\n[create]\n[--repo]\n[ada/kvstore]\n"), "{}", forked.asked());
    let pushed = forked.sandbox.git(&["ls-remote", "origin", "fix/issue-1234"]);
    assert!(pushed.starts_with(&forked.sandbox.git(&["rev-parse", "fix/issue-1234"])), "{pushed}");
    let log = forked.sandbox.chant(&["log", &forked.fix]).ok().out;
    assert!(log.contains("pull request in the fork: https://example.com/pull/7"), "{log}");
}

#[test]
fn a_person_says_it_in_their_own_words_and_names_the_branch() {
    let forked = forked();
    let sandbox = &forked.sandbox;
    sandbox.write("body.md", "Because.\n");
    sandbox.git(&["branch", "topic", "fix/issue-1234"]);
    let own = ["pr", "issue-1234", "--stage", "--title", "Keep writes", "--body-file", "body.md", "--head", "topic"];
    let printed = sandbox.chant(&own).ok().out;
    let expected = "git push origin topic\ngh pr create --repo ada/kvstore --base main --head topic --title 'Keep writes' --body \"$(cat <<'EOF'\nBecause.\nEOF\n)\"\n";
    assert_eq!(printed, expected);
    sandbox.chant(&["pr", "issue-1234", "--stage", "--head", "nowhere"]).fails(1, &["there is no branch 'nowhere'"]);
    let editor = sandbox.dir().join("editor.sh");
    std::fs::write(&editor, "sed -i '1s/.*/Edited/; s/Summary/Why/' \"$1\"\n").unwrap();
    sandbox.git(&["config", "core.editor", &format!("sh {}", editor.display())]);
    let printed = sandbox.chant(&["pr", "issue-1234", "--stage", "--edit"]).ok().out;
    assert!(printed.contains("--title Edited --body") && printed.contains("\n## Why\n"), "{printed}");
    // What was edited is not lost where the command fails after that.
    let args = ["pr", "issue-1234", "--upstream", "--edit", "--run"];
    sandbox.chant(&args).fails(1, &["needs a person at a terminal", "your text is kept in", "PULL_REQUEST.md"]);
    assert!(sandbox.read(".git/chant/PULL_REQUEST.md").starts_with("Edited\n"));
    std::fs::write(&editor, "echo >\"$1\"\n").unwrap();
    sandbox.chant(&["pr", "issue-1234", "--stage", "--edit"]).fails(1, &["aborted"]);
}

#[test]
fn the_projects_template_its_issues_and_its_rule_about_agents_are_kept() {
    let forked = forked();
    let sandbox = &forked.sandbox;
    sandbox
        .write(".github/pull_request_template.md", "# What does this change?\n\n# Testing\n\n- [ ] I signed the CLA\n");
    sandbox.git(&["add", ".github"]);
    sandbox.git(&["commit", "-qm", "A template"]);
    let report = "https://example.com/ada/kvstore/issues/9";
    let args = [
        "investigate",
        "issue-9",
        "--title",
        "Three",
        "--phases",
        "fork-fix",
        "--issue-url",
        report,
        "--verify",
        "true",
    ];
    let out = sandbox.chant(&args).ok().out;
    sandbox.git(&["config", "chant.attribution", "assisted-by"]);
    sandbox.agent("cat >../prompt; echo three >three; sed 's/^<!-- Fill.*/### Added: three\\n\\nThere is a third one./' $CHANT_SPEC_FILE >.s && cat .s >$CHANT_SPEC_FILE && rm .s; tick");
    sandbox.chant(&["work", &out["Created spec: ".len()..][..18]]).ok();
    let body = sandbox.chant(&["pr", "issue-9", "--stage"]).ok().out;
    for part in [
        "# What does this change?\n\nFixes #9. ",
        "# Testing\n\n- `true` passes\n",
        "- [ ] I signed the CLA\n\nAssisted-by: scripted\n",
    ] {
        assert!(body.contains(part), "'{part}' is not in\n{body}");
    }
    // What the tool commits of the agent's work says so, too, and the agent is told.
    for commit in ["fix/issue-9", "fix/issue-9^2"] {
        let message = sandbox.git(&["log", "-1", "--format=%B", commit]);
        assert!(message.trim_end().ends_with("Assisted-by: scripted"), "{commit}: {message}");
    }
    let prompt = std::fs::read_to_string(sandbox.dir().join("prompt")).unwrap();
    assert!(prompt.contains("with this trailer: Assisted-by: scripted"), "{prompt}");
    sandbox.git(&["config", "chant.attribution", "none"]);
    assert!(!sandbox.chant(&["pr", "issue-9", "--stage"]).ok().out.contains("Assisted-by"));
}

#[test]
fn a_template_that_is_newer_than_the_work_counts() {
    let forked = forked();
    let sandbox = &forked.sandbox;
    sandbox.write(".github/pull_request_template.md", "# What does this change?\n\n# Checklist\n");
    sandbox.git(&["add", ".github"]);
    sandbox.git(&["commit", "-qm", "A template"]);
    sandbox.git(&["push", "-q", "origin", "main"]);
    let body = sandbox.chant(&["pr", "issue-1234", "--stage"]).ok().out;
    assert!(body.contains("# What does this change?\n\n") && body.contains("# Checklist\n"), "{body}");
}

#[test]
fn a_gate_that_is_not_ticked_says_how_to_tick_it() {
    let forked = forked();
    let gate =
        forked.sandbox.chant(&["list", "--phase", "upstream-pr", "--json"]).ok().json()["specs"][0]["short"].clone();
    let gate = gate.as_str().unwrap();
    let edit = format!("git chant edit {gate}");
    forked.sandbox.chant(&["finish", gate]).fails(1, &["to tick its criteria", &edit]);
}

#[test]
fn upstream_takes_a_person_at_a_terminal_who_types_it() {
    let forked = forked();
    let upstream = ["pr", "issue-1234", "--upstream", "--run"];
    forked.sandbox.chant(&upstream).fails(1, &["needs a person at a terminal"]);
    let as_agent = forked.sandbox.run(forked.with_gh(&upstream).env("CHANT_SPEC_ID", &forked.fix));
    as_agent.fails(1, &["only a person can make a pull request upstream"]);
    let at_terminal = |answer: &str| {
        let command = forked.with_gh(&upstream);
        let mut terminal = Terminal::start(command);
        let shown = terminal.expect("Type 'issue-1234' to continue");
        terminal.send_line(answer);
        format!("{shown}{}", terminal.end().0)
    };
    let said = at_terminal("yes");
    assert!(said.contains("aborted"), "{said}");
    assert!(said.contains("## Summary") && said.contains("Fixes https://example.com/issues/1234."), "{said}");
    assert_eq!(forked.asked(), "");
    let said = at_terminal("issue-1234");
    assert!(said.contains("https://example.com/pull/7"), "{said}");
    assert!(
        forked.asked().contains("[upstream-org/kvstore]\n[--base]\n[main]\n[--head]\n[ada:fix/issue-1234]\n"),
        "{}",
        forked.asked()
    );
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_gate_is_passed_once_the_merge_upstream_is_fetched() {
    for (squash, remote) in [(false, "upstream"), (true, "upstream"), (true, "origin")] {
        let forked = forked();
        let sandbox = &forked.sandbox;
        if remote == "origin" {
            // A person who writes to the project itself has no fork.
            sandbox.git(&["remote", "remove", "origin"]);
            sandbox.git(&["remote", "rename", "upstream", "origin"]);
        }
        let gate = sandbox.chant(&["list", "--phase", "upstream-pr", "--json"]).ok().json()["specs"][0]["id"].clone();
        let gate = gate.as_str().unwrap();
        sandbox.git(&["fetch", "-q", remote]);
        assert_eq!(sandbox.status(gate), "pending");
        sandbox.chant(&["archive", "--topic", "issue-1234"]).fails(1, &["is not over", "is pending"]);
        // A maintainer merges it upstream.
        let place = sandbox.dir().join("maintainer");
        let (bare, place) = (sandbox.dir().join("upstream-org/kvstore.git"), place.to_str().unwrap());
        sandbox.git(&["push", "-q", remote, "main", "fix/issue-1234"]);
        sandbox.git(&["clone", "-q", bare.to_str().unwrap(), place]);
        let there = std::path::Path::new(place);
        let how: &[&str] =
            if squash { &["merge", "-q", "--squash"] } else { &["merge", "-q", "--no-ff", "-m", "Merge"] };
        sandbox.git_in(there, &[how, &["origin/fix/issue-1234"]].concat());
        if squash {
            sandbox.git_in(there, &["commit", "-qm", "Fix lost writes (#7)"]);
        }
        sandbox.git_in(there, &["push", "-q", "origin", "main"]);
        assert_eq!(sandbox.status(gate), "pending", "it is not known here yet");
        sandbox.git(&["fetch", "-q", remote]);
        assert_eq!(sandbox.status(gate), "completed", "squash: {squash}");
        let notes = sandbox.chant(&["changelog", &format!("main..{remote}/main")]).ok().out;
        assert_eq!(notes, "### Fixed\n\n- lost writes (#1234)\n");
        assert_eq!(sandbox.ops(gate), ["add"], "reading writes nothing");
        sandbox.chant(&["archive", "--topic", "issue-1234"]).ok();
        assert_eq!(sandbox.ops(gate), ["add", "complete", "archive"]);
    }
}

#[test]
fn what_cannot_be_a_request_is_said() {
    let forked = forked();
    let sandbox = &forked.sandbox;
    sandbox.chant(&["pr", "issue-1234"]).fails(129, &["--stage"]);
    sandbox.chant(&["pr", "issue-1234", "--stage", "--fork", "absent"]).fails(1, &["there is no remote 'absent'"]);
    sandbox.chant(&["pr", "nothing", "--stage"]).fails(128, &["nothing"]);
    let open = sandbox.add(&["Not begun"]);
    sandbox.chant(&["pr", &open, "--stage"]).fails(1, &["no finished work"]);
    let direct = sandbox.add(&["Straight to main"]);
    sandbox.agent("echo x >x; tick");
    sandbox.chant(&["work", &direct]).ok();
    sandbox.chant(&["pr", &direct, "--stage"]).fails(1, &["a pull request needs its own branch"]);
    sandbox.git(&["remote", "set-url", "origin", "https://gitlab.example.com/group/sub/kvstore.git"]);
    let printed = sandbox.chant(&["pr", "issue-1234", "--stage"]).ok().out;
    assert!(printed.contains("glab mr create --repo group/sub/kvstore --target-branch main"), "{printed}");
}

#[test]
fn release_notes_of_a_range_make_a_changelog() {
    let forked = forked();
    let sandbox = &forked.sandbox;
    sandbox.agent("echo x >x; sed 's/^<!-- .*/### Added\\n\\n- A file of its own/' $CHANT_SPEC_FILE >.s && cat .s >$CHANT_SPEC_FILE && rm .s; tick");
    sandbox.write("body.md", "## Release Notes\n\n<!-- later -->\n");
    let added = sandbox.add(&["Add x", "--body-file", "body.md", "--onto", "fix/issue-1234"]);
    sandbox.chant(&["work", &added]).ok();
    let notes = sandbox.chant(&["changelog", "main..fix/issue-1234"]).ok().out;
    assert_eq!(notes, "### Added\n\n- A file of its own\n\n### Fixed\n\n- lost writes (#1234)\n");
    assert_eq!(sandbox.chant(&["changelog", "main"]).ok().out, "");
    sandbox.chant(&["changelog", "no..such"]).fails(1, &["is not a range of commits"]);
    sandbox.chant(&["changelog", "--", "--all"]).fails(1, &["is not a range of commits"]);
    let json = sandbox.chant(&["changelog", "main..fix/issue-1234", "--json"]).ok().json();
    assert_eq!(json["notes"][1]["spec"], forked.fix);
}

#[test]
fn a_reproduction_whose_fix_is_not_completed_is_no_pull_request() {
    let sandbox = Sandbox::new();
    sandbox.write("calc.py", "def add(a, b):\n    return a - b\n");
    sandbox.commit("A calculator");
    sandbox.git(&["remote", "add", "origin", "https://example.com/ada/calc.git"]);
    let run = "python3 -B -m unittest -q";
    let phases = ["--phases", "reproduction,fork-fix,upstream-pr", "--reproduces", run];
    let made = sandbox.chant(&[&["investigate", "sum", "--title", "Sums are wrong"], &phases[..]].concat()).ok().out;
    let ids: Vec<&str> = made.lines().filter_map(|line| Some(&line.strip_prefix("Created spec: ")?[..18])).collect();
    let test = "import unittest, calc\\nclass T(unittest.TestCase):\\n    def test_sum(self):\\n        self.assertEqual(calc.add(2, 3), 5)\\n";
    sandbox.agent(&format!("printf '{test}' >test_sum.py; git add -A; git commit -qm Test; tick"));
    sandbox.chant(&["work", ids[0]]).ok();
    sandbox.chant(&["pr", "sum", "--stage"]).fails(1, &["the fix", "is pending", "git chant work"]);
    sandbox.agent("echo nothing >nothing; git add -A; git commit -qm No; tick");
    sandbox.chant(&["work", ids[1]]).fails(1, &[]);
    sandbox.chant(&["pr", "sum", "--stage"]).fails(1, &["the fix", "is failed"]);
}

#[test]
fn the_main_branch_of_a_remote_may_be_master() {
    let forked = forked();
    let sandbox = &forked.sandbox;
    let upstream = sandbox.git(&["remote", "get-url", "upstream"]);
    sandbox.git(&["-C", upstream.trim(), "branch", "-q", "-m", "main", "master"]);
    // As `git remote add` leaves it before git 2.48.
    sandbox.git(&["fetch", "-q", "--prune", "upstream"]);
    sandbox.git(&["remote", "set-head", "upstream", "--delete"]);
    let mut terminal = Terminal::start(forked.with_gh(&["pr", "issue-1234", "--upstream", "--run"]));
    terminal.expect("Type 'issue-1234' to continue");
    terminal.send_line("issue-1234");
    let said = terminal.end().0;
    assert!(forked.asked().contains("[--base]\n[master]\n[--head]\n"), "{said}\n{}", forked.asked());
    let status = || sandbox.chant(&["status", "issue-1234"]).ok().out;
    assert!(status().contains("pending"), "{}", status());
    sandbox.git(&["push", "-q", "upstream", "fix/issue-1234:master"]);
    sandbox.git(&["fetch", "-q", "upstream"]);
    assert!(!status().contains("pending"), "{}", status());
    // Where nothing tells, it is asked for.
    sandbox.git(&["-C", upstream.trim(), "branch", "-q", "-m", "master", "trunk"]);
    sandbox.git(&["fetch", "-q", "--prune", "upstream"]);
    sandbox.git(&["remote", "set-head", "upstream", "--delete"]);
    let at_terminal = |args: &[&str]| Terminal::start(forked.with_gh(args)).end().0;
    let asked = at_terminal(&["pr", "issue-1234", "--upstream"]);
    for part in ["the main branch of 'upstream' is not known", "git remote set-head upstream --auto", "--base"] {
        assert!(asked.contains(part), "{asked}");
    }
    let named = at_terminal(&["pr", "issue-1234", "--upstream", "--base", "nowhere"]);
    for part in ["the branch 'nowhere' of 'upstream' was not fetched", "git fetch upstream"] {
        assert!(named.contains(part), "{named}");
    }
}

#[test]
fn what_a_person_rejected_does_not_go_upstream() {
    let forked = forked();
    let sandbox = &forked.sandbox;
    let gate = sandbox.chant(&["list", "--phase", "upstream-pr", "--json"]).ok().json()["specs"][0]["short"].clone();
    let gate = gate.as_str().unwrap();
    sandbox.chant(&["reject", gate, "-m", "embargo until Monday"]).ok();
    let said = sandbox.chant(&["status"]).ok().out;
    assert!(said.contains("Ada rejected it: embargo until Monday"), "{said}");
    assert!(!said.contains("waiting for your decision"), "{said}");
    let upstream = ["pr", "issue-1234", "--upstream", "--run"];
    let why = format!("cannot make a pull request upstream: '{gate}': Ada rejected it: embargo until Monday");
    let approve = format!("git chant approve {gate}");
    for what in ["issue-1234", gate, &forked.fix] {
        sandbox.chant(&["pr", what, "--upstream"]).fails(1, &[&why, &approve]);
    }
    let at_terminal = |expected: &str| {
        let mut terminal = Terminal::start(forked.with_gh(&upstream));
        terminal.expect(expected);
        terminal.send_line("issue-1234");
        terminal.end()
    };
    at_terminal("embargo until Monday");
    assert_eq!(forked.asked(), "");
    // What stays in the fork is not what the gate is about, and an approval opens it again.
    sandbox.chant(&["pr", "issue-1234", "--stage"]).ok();
    sandbox.chant(&["approve", gate]).ok();
    at_terminal("Type 'issue-1234' to continue");
    assert!(forked.asked().contains("[upstream-org/kvstore]"), "{}", forked.asked());
}

#[test]
fn release_notes_that_are_headings_are_told_and_go_where_a_template_asks_for_them() {
    let forked = forked();
    let sandbox = &forked.sandbox;
    sandbox.agent("echo x >x; sed 's/^<!-- .*/### Added: A file of its own./' $CHANT_SPEC_FILE >.s && cat .s >$CHANT_SPEC_FILE && rm .s; tick");
    sandbox.write("body.md", "## Context\n\nFrom a mail.\n\n## Release Notes\n\n<!-- later -->\n");
    let added = sandbox.add(&["Add x", "--body-file", "body.md", "--onto", "topic"]);
    sandbox.chant(&["work", &added]).ok();
    let body = sandbox.chant(&["pr", &added, "--stage"]).ok().out;
    assert!(body.contains("## Summary\n\nA file of its own.\n"), "{body}");
    assert!(!body.contains("Release notes"), "{body}");
    sandbox.write(".github/pull_request_template.md", "## What\n\n## Release notes\n\n## Checklist\n");
    sandbox.git(&["add", ".github"]);
    sandbox.git(&["commit", "-qm", "A template"]);
    sandbox.git(&["push", "-q", "origin", "main"]);
    let body = sandbox.chant(&["pr", &added, "--stage"]).ok().out;
    assert!(body.contains("## Release notes\n\n- Added: A file of its own.\n\n## Checklist"), "{body}");
}
