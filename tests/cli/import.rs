//! Specs of chant, imported and worked on.

mod broken;

use serde_json::Value;

use crate::support::Sandbox;

/// Commits the work tree, with an author and a date.
fn commit(sandbox: &Sandbox, who: &str, when: &str, message: &str) -> String {
    sandbox.git(&["add", "-A"]);
    let mut command = sandbox.command_in(&sandbox.repo, "git");
    command.args(["commit", "-qm", message]);
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), who);
        command.env(format!("GIT_{role}_EMAIL"), format!("{}@example.com", who.to_lowercase()));
        command.env(format!("GIT_{role}_DATE"), when);
    }
    sandbox.run(&mut command).ok();
    sandbox.git(&["rev-parse", "HEAD"])
}

/// Writes a spec as chant does; `front` are lines of front matter after its type.
fn spec(sandbox: &Sandbox, path: &str, front: &str) {
    let tick = if front.contains("status: completed") { "x" } else { " " };
    let text = format!("---\ntype: code\n{front}---\n# Spec {path}\n\n## Acceptance Criteria\n\n- [{tick}] it works\n");
    sandbox.write(&format!(".chant/{path}.md"), &text);
}

fn import(sandbox: &Sandbox) -> Value {
    sandbox.chant(&["import", "--json"]).ok().json()
}

/// What was not carried over, as `file:line: message`.
fn left(answer: &Value) -> Vec<String> {
    let line = |one: &Value| {
        let line = one["line"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}: {}", one["path"].as_str().unwrap(), one["message"].as_str().unwrap())
    };
    answer["left"].as_array().unwrap().iter().map(line).collect()
}

/// Op, author and time of each event, oldest first.
fn events(sandbox: &Sandbox, id: &str) -> Vec<(String, String, String)> {
    let log = sandbox.chant(&["log", id, "--json"]).ok().json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut events: Vec<_> = log["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (text(&event["op"]), text(&event["author"]["name"]), text(&event["at"])))
        .collect();
    events.reverse();
    events
}

fn owned(events: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    events.iter().map(|(op, who, when)| ((*op).to_owned(), (*who).to_owned(), (*when).to_owned())).collect()
}

/// All refs and what they hold.
fn refs(sandbox: &Sandbox) -> String {
    sandbox.git(&["for-each-ref"])
}

#[test]
fn a_completed_spec_keeps_its_people_dates_commits_and_model() {
    let sandbox = Sandbox::new();
    let id = "2026-01-20-001-abc";
    spec(&sandbox, &format!("specs/{id}"), "status: pending\n");
    commit(&sandbox, "Grace", "2026-01-20T10:00:00Z", "Add a spec");
    sandbox.write("src/a.rs", "work\n");
    let work = commit(&sandbox, "Robot", "2026-01-21T10:00:00Z", "chant(001): work");
    let done = format!(
        "status: completed\ncommits:\n- {}\n- fffffff\ncompleted_at: 2026-01-21T11:00:00Z\nmodel: haiku\n",
        &work[..7]
    );
    spec(&sandbox, &format!("specs/{id}"), &done);
    let head = commit(&sandbox, "Linus", "2026-01-22T10:00:00Z", "Finalize");
    // The text changes once more, the status does not.
    let text = sandbox.read(&format!(".chant/specs/{id}.md"));
    sandbox.write(&format!(".chant/specs/{id}.md"), &format!("{text}\nMore\n"));
    let head = (head, commit(&sandbox, "Mallory", "2026-01-23T10:00:00Z", "More")).1;

    let before = refs(&sandbox);
    let dry = sandbox.chant(&["import", "--dry-run", "--json"]).ok().json();
    assert_eq!(refs(&sandbox), before);
    let answer = import(&sandbox);
    assert_eq!((&dry["imported"], &dry["left"]), (&answer["imported"], &answer["left"]));
    assert_eq!(left(&answer), [format!(".chant/specs/{id}.md:4: 'fffffff' is no commit of this repository")]);

    let seen = sandbox.show(id);
    assert_eq!((&seen["status"], &seen["model"]), (&"completed".into(), &"haiku".into()));
    assert_eq!(seen["work_commits"], serde_json::json!([work]));
    assert_eq!(
        (&seen["target"], &seen["created_at"]),
        (&"refs/heads/main".into(), &"2026-01-20T10:00:00+00:00".into())
    );
    assert_eq!(
        events(&sandbox, id),
        owned(&[("add", "Grace", "2026-01-20T10:00:00+00:00"), ("complete", "Linus", "2026-01-21T11:00:00+00:00"),])
    );
    assert_eq!(sandbox.git(&["notes", "--ref=chant", "show", &work]), format!("Chant-Spec: {id}"));
    // Nothing else was touched.
    assert_eq!((sandbox.git(&["rev-parse", "HEAD"]), sandbox.git(&["status", "--porcelain"])), (head, String::new()));
    sandbox.git(&["fsck", "--strict"]);
    sandbox.chant(&["fsck"]).ok();
    assert_eq!(sandbox.chant(&["why", &work, "--json"]).ok().json()["why"][0]["spec"]["id"], id);

    // A second time there is nothing to do.
    let after = refs(&sandbox);
    let again = import(&sandbox);
    assert_eq!(
        (&again["imported"], &again["recorded"], &again["left"]),
        (&serde_json::json!([]), &1.into(), &serde_json::json!([]))
    );
    assert_eq!(refs(&sandbox), after);
    assert_eq!(sandbox.chant(&["import"]).ok().out, "1 spec was already recorded\n");
}

#[test]
fn each_status_becomes_one_of_ours() {
    let sandbox = Sandbox::new();
    let statuses = [
        ("pending", "pending", ""),
        ("ready", "pending", ""),
        ("blocked", "pending", ""),
        ("in_progress", "pending", "'in_progress' counts as pending: no run of chant is active here"),
        ("paused", "pending", "'paused' counts as pending: no run of chant is active here"),
        ("completed", "completed", ""),
        ("failed", "failed", ""),
        ("needs_attention", "failed", "'needs_attention' counts as failed"),
        ("cancelled", "cancelled", ""),
        ("novel", "pending", "'novel' is not a status; it counts as pending"),
    ];
    for (at, (status, ..)) in statuses.iter().enumerate() {
        spec(&sandbox, &format!("specs/2026-01-20-{at:03}-abc"), &format!("status: {status}\n"));
    }
    let answer = import(&sandbox);
    let mut said = Vec::new();
    for (at, (_, status, why)) in statuses.iter().enumerate() {
        let id = format!("2026-01-20-{at:03}-abc");
        assert_eq!(sandbox.status(&id), *status, "{id}");
        // In no commit: the day is that of the id.
        assert_eq!(sandbox.show(&id)["created_at"], "2026-01-20T00:00:00+00:00");
        if !why.is_empty() {
            said.push(format!(".chant/specs/{id}.md:3: {why}"));
        }
    }
    assert_eq!(left(&answer), said);
    let printed = sandbox.chant(&["list", "--status", "failed", "--json"]).ok().json();
    assert_eq!(printed["specs"].as_array().unwrap().len(), 2);
}

#[test]
fn an_archive_is_an_archive_whatever_its_layout() {
    let sandbox = Sandbox::new();
    spec(&sandbox, "archive/2026-01-20-001-abc", "status: completed\n");
    spec(&sandbox, "archive/2026-01-20/2026-01-20-002-def", "status: completed\n");
    spec(&sandbox, "archive/2026-01-20-003-ghi", "status: failed\n");
    spec(&sandbox, "specs/2026-01-20-004-jkl", "status: cancelled\n");
    commit(&sandbox, "Grace", "2026-01-21T10:00:00Z", "Specs");
    sandbox.git(&["mv", ".chant/specs/2026-01-20-004-jkl.md", ".chant/archive/"]);
    commit(&sandbox, "Linus", "2026-01-22T10:00:00Z", "Archive");
    let answer = import(&sandbox);
    assert_eq!(
        left(&answer),
        [
            ".chant/archive/2026-01-20: git-chant keeps no files there; events keep the texts of its specs",
            ".chant/archive/2026-01-20-003-ghi.md:3: it was archived as failed; imported as cancelled",
        ]
    );
    for short in ["001", "002", "003", "004"] {
        assert_eq!(sandbox.status(short), "archived", "{short}");
    }
    assert_eq!(
        events(&sandbox, "004"),
        owned(&[
            ("add", "Grace", "2026-01-21T10:00:00+00:00"),
            ("cancel", "Grace", "2026-01-21T10:00:00+00:00"),
            ("archive", "Linus", "2026-01-22T10:00:00+00:00"),
        ])
    );
    assert_eq!(sandbox.show("002")["title"], "Spec archive/2026-01-20/2026-01-20-002-def");
    // They are folded, and known all the same.
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/chant"]), "refs/chant/archive/2026-01");
    let again = import(&sandbox);
    assert_eq!((&again["recorded"], &again["imported"]), (&4.into(), &serde_json::json!([])));
    sandbox.chant(&["archive", "--restore", "001", "004"]).ok();
    assert_eq!((sandbox.status("001"), sandbox.status("004")), ("completed".into(), "cancelled".into()));
    assert!(sandbox.repo.join(".chant/specs/2026-01-20-001-abc.md").exists());
    let linted = sandbox.chant(&["lint"]).ok().out;
    let odd = ".chant/archive/2026-01-20-003-ghi.md:3:9: warning: the file says 'failed', but the recorded status is 'archived'\n";
    assert!(linted.starts_with(odd) && !linted.contains("002-def") && !linted.contains("004"), "{linted}");
}

#[test]
fn an_approval_holds_for_the_text_that_was_approved() {
    let sandbox = Sandbox::new();
    let approval = |status: &str| {
        format!("approval:\n  required: true\n  status: {status}\n  by: Grace\n  at: 2026-01-21T09:00:00Z\n")
    };
    let name = |at: usize| format!("specs/2026-01-20-{at:03}-abc");
    for at in 1..=3 {
        spec(&sandbox, &name(at), &format!("status: pending\n{}", approval("pending")));
    }
    commit(&sandbox, "Linus", "2026-01-20T10:00:00Z", "Specs");
    for (at, status) in [(1, "approved"), (2, "approved"), (3, "rejected")] {
        spec(&sandbox, &name(at), &format!("status: pending\n{}", approval(status)));
    }
    commit(&sandbox, "Grace", "2026-01-21T10:00:00Z", "Answers");
    // The state of the first changes, and nothing that was asked for; the second asks for something else.
    spec(&sandbox, &name(1), &format!("status: in_progress\nmodel: haiku\n{}", approval("approved")));
    spec(&sandbox, &name(2), &format!("status: pending\nverify: rm -rf x\n{}", approval("approved")));
    commit(&sandbox, "Mallory", "2026-01-22T10:00:00Z", "Work");
    let answer = import(&sandbox);
    let said = left(&answer);
    assert!(said.contains(&format!(".chant/{}.md:5: the text has changed since that decision", name(2))), "{said:#?}");
    let seen = |short: &str| sandbox.show(short);
    assert_eq!(seen("001")["ready"], true);
    assert_eq!(seen("001")["approval"]["state"], "approved");
    assert_eq!((&seen("002")["ready"], &seen("002")["approval"]["stale"]), (&false.into(), &true.into()));
    assert_eq!((&seen("003")["ready"], &seen("003")["approval"]["state"]), (&false.into(), &"rejected".into()));
    assert_eq!(events(&sandbox, "001")[1], ("approve".into(), "Grace".into(), "2026-01-21T09:00:00+00:00".into()));

    // What a file says is no signature.
    let signed = Sandbox::new();
    spec(&signed, &name(1), &format!("status: pending\n{}", approval("approved")));
    signed.git(&["config", "chant.requireSigned", "true"]);
    let said = left(&import(&signed));
    assert_eq!(said, [format!(".chant/{}.md:4: the approval is not imported: 'chant.requireSigned' is set", name(1))]);
    assert_eq!(signed.ops("001"), ["add"]);
}

#[test]
fn a_spec_whose_events_are_elsewhere_is_left_alone() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Make it two"]);
    commit(&sandbox, "Grace", "2026-01-20T10:00:00Z", "Spec");
    let clone = sandbox.dir().join("clone");
    sandbox.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    let answer = sandbox.chant_in(&clone, &["import", "--json"]).ok().json();
    assert_eq!((&answer["imported"], &answer["left"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert_eq!(sandbox.git_in(&clone, &["for-each-ref", "refs/chant"]), "");
    sandbox.chant_in(&clone, &["sync"]).ok();
    assert_eq!(sandbox.chant_in(&clone, &["show", &id, "--json"]).ok().json()["spec"]["tip"], sandbox.show(&id)["tip"]);
}

#[test]
fn a_group_is_worked_to_its_end() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo work >\"w-$CHANT_SPEC_ID\"; tick");
    let driver = "2026-01-20-001-abc";
    let members = format!("members:\n- {driver}.1\n- {driver}.2\n- other\n");
    spec(&sandbox, &format!("specs/{driver}"), &format!("status: in_progress\n{members}"));
    let text = sandbox.read(&format!(".chant/specs/{driver}.md")).replace("type: code", "type: group");
    // Its own criteria count, too.
    let text = text.replace("- [ ]", "- [x]");
    sandbox.write(&format!(".chant/specs/{driver}.md"), &text);
    spec(&sandbox, &format!("specs/{driver}.1"), "status: completed\n");
    spec(&sandbox, &format!("specs/{driver}.2"), &format!("status: pending\ndepends_on:\n- {driver}.1\n"));
    spec(&sandbox, &format!("specs/{driver}.4"), "status: pending\n");
    spec(&sandbox, &format!("specs/{driver}.2.1"), "status: pending\n");
    commit(&sandbox, "Grace", "2026-01-20T10:00:00Z", "Specs");
    let said = left(&import(&sandbox));
    assert_eq!(
        said,
        [
            format!(".chant/specs/{driver}.md:4: 'other' is no member: those of '{driver}' are '{driver}.1' and on"),
            format!(".chant/specs/{driver}.2.1.md:2: it is no member of '{driver}.2', which is one itself"),
        ]
    );
    assert_eq!((sandbox.status("001"), sandbox.status("001.1")), ("pending".into(), "completed".into()));
    sandbox.chant(&["work", "001.2"]).ok();
    assert_eq!(sandbox.status("001"), "pending");
    // A gap in the numbers changes nothing.
    sandbox.chant(&["work", "001.4"]).ok();
    assert_eq!(sandbox.status("001"), "completed");
    assert_eq!(sandbox.show("001")["type"], "driver");
}

#[test]
fn what_was_begun_is_worked_with_nothing_lost() {
    let sandbox = Sandbox::new();
    let id = "2026-01-20-001-abc";
    // As chant sets a repository up.
    sandbox.write(
        ".chant/prompts/standard.md",
        "---\nname: standard\n---\nFor {{project.name}}: {{spec.title}} ({{spec.id}})\n\n{{spec.description}}\n",
    );
    sandbox.write(".chant/config.md", "---\nproject:\n  name: kv\n\ndefaults:\n  prompt: standard\n  main_branch: main\n  branch_prefix: chant/\n  model: haiku\n  provider: claude\n---\n# Config\n");
    spec(&sandbox, &format!("specs/{id}"), "status: in_progress\nprompt: standard\n");
    commit(&sandbox, "Grace", "2026-01-20T10:00:00Z", "Spec");
    sandbox.git(&["checkout", "-q", "-b", &format!("chant/{id}")]);
    sandbox.write("half", "half\n");
    let half = commit(&sandbox, "Robot", "2026-01-20T11:00:00Z", "Half");
    sandbox.git(&["checkout", "-q", "main"]);
    let hint = "to import the specs of chant: git chant import";
    assert!(sandbox.chant(&["init"]).ok().err.contains(hint));
    let answer = import(&sandbox);
    assert!(!sandbox.chant(&["init"]).ok().err.contains(hint));
    assert_eq!(
        left(&answer),
        [
            ".chant/config.md:7: 'defaults.main_branch' is 'main'; here it is 'chant.target'".to_owned(),
            ".chant/config.md:9: 'defaults.model' is 'haiku' and has no counterpart".to_owned(),
            ".chant/config.md:10: 'defaults.provider' is 'claude'; here it is 'chant.agent'".to_owned(),
            format!(".chant/specs/{id}.md:3: 'in_progress' counts as pending: no run of chant is active here"),
        ]
    );
    let helps: Vec<&str> = answer["left"].as_array().unwrap().iter().map(|one| one["help"].as_str().unwrap()).collect();
    assert_eq!(helps[0], "git config chant.target main");
    assert_eq!(helps[2], "git config chant.agent claude");
    assert_eq!(helps[3], format!("its work is in the branch 'chant/{id}'"));
    let kept = sandbox.dir().join("prompt");
    sandbox.agent(&format!("cat >'{}'; echo work >work; tick", kept.display()));
    sandbox.chant(&["work", "001", "--trust"]).ok();
    assert_eq!(sandbox.status("001"), "completed");
    let prompt = std::fs::read_to_string(kept).unwrap();
    assert!(prompt.starts_with(&format!("For this repository: Spec specs/{id} ({id})")), "{prompt}");
    let kept = sandbox.git(&["for-each-ref", "--contains", &half]);
    assert!(!kept.is_empty(), "the commit of the branch is kept");
}

/// The fix of chant's own guide, whose research was done with chant.
#[test]
fn an_investigation_goes_on_where_chant_left_it() {
    let sandbox = Sandbox::new();
    for (short, name, after) in [("004-rca", "root-cause", ""), ("008-j3n", "impact-map", "depends_on: [004-rca]\n")] {
        let document = format!(".chant/research/issue-1234-{name}.md");
        sandbox.write(&document, "## Recommendation\n\nTake the lock.\n");
        let text = format!(
            "---\ntype: research\nstatus: completed\n{after}target_files:\n- {document}\ncompleted_at: 2026-02-08T18:00:00Z\n\
             model: claude-sonnet-4-20250514\n---\n# The {name}\n\n## Acceptance Criteria\n\n- [x] It is written\n"
        );
        sandbox.write(&format!(".chant/specs/2026-02-08-{short}.md"), &text);
    }
    let fix = "---\ntype: code\nstatus: ready\nprompt: implement\nlabels: [fix, issue-1234]\ndepends_on: [008-j3n]\ninformed_by:\n  \
               - .chant/specs/2026-02-08-004-rca.md     # Research spec\n  - .chant/research/issue-1234-root-cause.md\n  \
               - .chant/research/issue-1234-impact-map.md\ntarget_files:\n  - src/storage/store.rs\n---\n\n\
               # Fix issue #1234: add locking to concurrent writes\n\n## Acceptance Criteria\n\n- [ ] Lock acquired\n";
    sandbox.write(".chant/specs/2026-02-08-010-v7b.md", fix);
    commit(&sandbox, "Grace", "2026-02-08T19:00:00Z", "Investigate issue 1234");
    assert_eq!(sandbox.show("010")["ready"], false);
    assert_eq!(left(&import(&sandbox)), [""; 0]);
    assert_eq!(events(&sandbox, "008")[1].2, "2026-02-08T18:00:00+00:00");
    let seen = sandbox.show("010");
    assert_eq!((&seen["ready"], &seen["status"]), (&true.into(), &"pending".into()));
    sandbox.agent("mkdir -p src/storage; echo lock >src/storage/store.rs; tick");
    sandbox.chant(&["work", "010"]).ok();
    assert_eq!(sandbox.status("010"), "completed");
    assert!(sandbox.git(&["show", "--name-only", "--format=", "HEAD^2"]).contains("src/storage/store.rs"));
    sandbox.chant(&["archive", "004", "008", "010"]).ok();
    assert_eq!(sandbox.chant(&["list"]).ok().out, "");
}

#[test]
fn commits_that_no_branch_has_are_not_taken_for_merged() {
    let sandbox = Sandbox::new();
    sandbox.git(&["checkout", "-q", "-b", "side"]);
    sandbox.write("work", "work\n");
    let outside = commit(&sandbox, "Robot", "2026-01-20T11:00:00Z", "Work");
    sandbox.write("more", "more\n");
    let rebased = commit(&sandbox, "Robot", "2026-01-20T12:00:00Z", "More");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("main", "goes on\n");
    let on_main = commit(&sandbox, "Grace", "2026-01-20T13:00:00Z", "Main");
    sandbox.git(&["cherry-pick", &rebased]);
    let front = |commit: &str| format!("status: completed\ncommits: [{commit}]\n");
    spec(&sandbox, "specs/2026-01-20-001-abc", &front(&outside));
    spec(&sandbox, "specs/2026-01-20-002-def", &front(&rebased[..10]));
    spec(&sandbox, "specs/2026-01-20-003-ghi", &front(&format!("{on_main}, {outside}")));
    spec(&sandbox, "specs/2026-01-20-004-jkl", "status: pending\ndepends_on: ['001']\n");
    // Nothing of this is a commit, whatever git would make of it.
    spec(&sandbox, "specs/2026-01-20-005-mno", &front("HEAD, '--all', ':/Main', main, 'HEAD^{tree}', '@', deadbeef"));
    commit(&sandbox, "Grace", "2026-01-21T10:00:00Z", "Specs");
    let answer = import(&sandbox);
    let at = |short: &str| format!(".chant/specs/2026-01-20-{short}.md:4:");
    let short = |id: &str| id[..12].to_owned();
    assert_eq!(
        left(&answer),
        [
            format!("{} it is finished, not completed: its commits are not in 'main'", at("001-abc")),
            format!(
                "{} '{}' is not in 'main', which has the same changes in other commits",
                at("002-def"),
                short(&rebased)
            ),
            format!("{} '{}' is not in 'main'", at("003-ghi"), short(&outside)),
            format!(
                "{} 'HEAD', '--all', ':/Main', 'main', 'HEAD^{{tree}}', '@', 'deadbeef' are no commits of this repository",
                at("005-mno")
            ),
        ]
    );
    let status = |short: &str| sandbox.status(short);
    assert_eq!(
        (status("001"), status("002"), status("003")),
        ("finished".into(), "completed".into(), "completed".into())
    );
    assert_eq!(sandbox.show("004")["ready"], false);
    assert_eq!(sandbox.show("005")["work_commits"], serde_json::json!([]));
    sandbox.chant(&["merge", "001"]).ok();
    assert_eq!((status("001"), sandbox.read("work")), ("completed".into(), "work\n".into()));
    assert_eq!(sandbox.show("004")["ready"], true);
}

#[test]
fn show_list_and_lint_point_to_the_import() {
    let sandbox = Sandbox::new();
    spec(&sandbox, "specs/2026-01-20-001-abc", "status: completed\n");
    spec(&sandbox, "specs/2026-01-20-002-def", "status: pending\n");
    let hint = "hint: the file of '001-abc' has a status that was not imported: git chant import\n";
    assert_eq!(sandbox.chant(&["show", "001"]).ok().err, hint);
    assert_eq!(sandbox.chant(&["show", "002"]).ok().err, "");
    let hint = "hint: 1 spec file has a status that was not imported: git chant import\n";
    assert_eq!(sandbox.chant(&["list"]).ok().err, hint);
    assert!(sandbox.chant(&["lint"]).ok().out.contains("hint: to record it: git chant import"));
    import(&sandbox);
    for args in [&["show", "001"][..], &["list"]] {
        assert_eq!(sandbox.chant(args).ok().err, "");
    }
    assert_eq!(sandbox.chant(&["lint"]).ok().out, "");
}
