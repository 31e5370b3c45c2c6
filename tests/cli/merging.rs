//! How work reaches its target: the four ways, many at once, conflicts and what comes after them.

use std::{path::PathBuf, process::Stdio};

use crate::support::{Ran, Sandbox};

const HOWS: [&str; 4] = ["merge", "ff", "squash", "rebase"];

fn clean(sandbox: &Sandbox) {
    let checked = sandbox.chant(&["fsck", "--json"]).ok().json();
    assert_eq!(checked["problems"], serde_json::json!([]));
    sandbox.git(&["fsck", "--strict", "--no-dangling"]);
}

/// A repository that merges in this way, research too.
fn merging(how: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.merge", how]);
    sandbox.git(&["config", "chant.merge.research", how]);
    sandbox
}

fn commit(sandbox: &Sandbox, path: &str, text: &str) {
    sandbox.write(path, text);
    sandbox.git(&["add", path]);
    sandbox.git(&["commit", "-qm", &format!("Change {path}"), "--", path]);
}

fn subjects(sandbox: &Sandbox, range: &str) -> Vec<String> {
    let log = sandbox.git(&["log", "--topo-order", "--reverse", "--format=%s", range]);
    log.lines().map(str::to_owned).collect()
}

fn worktree(sandbox: &Sandbox, id: &str) -> PathBuf {
    PathBuf::from(sandbox.show(id)["worktree"].as_str().unwrap())
}

fn at_once(sandbox: &Sandbox, commands: &[Vec<&str>]) -> Vec<Ran> {
    let running: Vec<_> = commands
        .iter()
        .map(|args| sandbox.binary(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    running.into_iter().map(|child| Ran::of(child.wait_with_output().unwrap())).collect()
}

/// Commits of two authors, one of them empty, an agent's own trailers among them.
const TWO: &str = "echo a >a; git add a; git commit -qm 'Add a

Fixes: #1
Co-authored-by: Grace <grace@example.com>'
git commit -q --allow-empty -m Empty
echo b >b; git add b; git commit -q --author 'Linus <linus@example.com>' -m 'Add b

Fixes: #1
Reviewed-by: Grace <grace@example.com>
Signed-off-by: Linus <linus@example.com>'; tick";

#[test]
fn rebased_work_is_made_again_on_top_of_the_target() {
    let sandbox = merging("rebase");
    sandbox.agent(TWO);
    let id = sandbox.add(&["Two commits"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let worked = sandbox.git(&["rev-parse", &format!("chant/{id}")]);
    commit(&sandbox, "other", "other\n");
    let before = sandbox.git(&["rev-parse", "main"]);
    sandbox.chant(&["merge", &id]).ok();
    let range = format!("{before}..main");
    // The empty one is gone.
    let added = format!("Add spec {}: Two commits", &id[11..]);
    assert_eq!(subjects(&sandbox, &range), [added.as_str(), "Add a", "Add b"]);
    assert_eq!(sandbox.git(&["rev-list", "--merges", "--count", "main"]), "0");
    let who = sandbox.git(&["log", "--reverse", "--format=%an by %cn", &range]);
    assert_eq!(who, "Ada by Ada\nAda by Ada\nLinus by Ada");
    let trailers = sandbox.git(&["log", "-1", "--grep", "^Add b", "--format=%(trailers:only)", "main"]);
    assert_eq!(
        trailers.trim(),
        "Fixes: #1\nReviewed-by: Grace <grace@example.com>\nSigned-off-by: Linus <linus@example.com>"
    );
    // The work itself is elsewhere; the log says where it came from, and both have a note.
    assert_ne!(worked, sandbox.git(&["rev-parse", "main"]));
    for commit in sandbox.git(&["rev-list", &range]).lines() {
        assert!(sandbox.git(&["notes", "--ref=chant", "show", commit]).contains(&id), "{commit}");
    }
    assert!(sandbox.git(&["notes", "--ref=chant", "show", &worked]).contains(&id));
    let land = sandbox.git(&["log", "--format=%(trailers:key=Chant-Merge,valueonly)", &format!("chant/specs/{id}")]);
    let main = sandbox.git(&["rev-parse", "main"]);
    assert!(land.contains(&before) && land.contains(&main), "{land}");
    let next = sandbox.add(&["Next", "--depends-on", &id]);
    assert_eq!(sandbox.show(&next)["blocked_by"], serde_json::json!([]));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), format!("?? .chant/specs/{next}.md"));
    sandbox.git(&["commit", "-q", "--amend", "-m", "Another message"]);
    assert_eq!(sandbox.show(&next)["blocked_by"], serde_json::json!([]), "it is found by its patches");
    clean(&sandbox);
}

#[test]
fn rebased_work_that_needs_no_rebase_is_taken_as_it_is() {
    let sandbox = merging("rebase");
    sandbox.agent(TWO);
    let id = sandbox.add(&["Two commits"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let worked = sandbox.git(&["rev-parse", &format!("chant/{id}")]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.git(&["rev-parse", "main"]), worked);
    clean(&sandbox);
}

#[test]
fn rebased_commits_are_signed_off_as_configured() {
    let sandbox = merging("rebase");
    sandbox.git(&["config", "format.signoff", "true"]);
    sandbox.agent(TWO);
    let id = sandbox.add(&["Two commits"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    commit(&sandbox, "other", "other\n");
    sandbox.chant(&["merge", &id]).ok();
    let last = sandbox.git(&["log", "-1", "--grep", "^Add b", "--format=%(trailers:key=Signed-off-by)", "main"]);
    assert_eq!(last.trim(), "Signed-off-by: Linus <linus@example.com>\nSigned-off-by: Ada <ada@example.com>");
}

#[test]
fn a_squash_keeps_the_trailers_and_names_every_author() {
    for (script, author, others) in [
        (TWO.to_owned(), "Ada <ada@example.com>", Some("Co-authored-by: Linus <linus@example.com>")),
        (
            format!(
                "export GIT_AUTHOR_NAME=Robot GIT_AUTHOR_EMAIL=robot@example.com; {}",
                TWO.replace("--author 'Linus <linus@example.com>'", "")
            ),
            "Robot <robot@example.com>",
            None,
        ),
    ] {
        let sandbox = merging("squash");
        sandbox.git(&["config", "chant.signoff", "true"]);
        sandbox.agent(&script);
        let id = sandbox.add(&["Two commits"]);
        commit(&sandbox, "other", "other\n");
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.git(&["log", "-1", "--format=%an <%ae>", "main"]), author);
        assert_eq!(
            sandbox.git(&["log", "-1", "--format=%cn %P", "main"]),
            format!("Ada {}", sandbox.git(&["rev-parse", "main~1"]))
        );
        let trailers = sandbox.git(&["log", "-1", "--format=%(trailers:only)", "main"]);
        let mut expected = vec![
            format!("Chant-Spec: {id}"),
            "Fixes: #1".into(),
            "Co-authored-by: Grace <grace@example.com>".into(),
            "Reviewed-by: Grace <grace@example.com>".into(),
        ];
        expected.extend(others.map(str::to_owned));
        expected.push("Signed-off-by: Linus <linus@example.com>".into());
        expected.push("Signed-off-by: Ada <ada@example.com>".into());
        assert_eq!(trailers.trim().lines().collect::<Vec<_>>(), expected);
        clean(&sandbox);
    }
}

#[test]
fn renames_modes_and_symlinks_arrive_in_each_way() {
    for how in HOWS {
        let sandbox = merging(how);
        let long: String = (0..40).map(|line| format!("line {line}\n")).collect();
        commit(&sandbox, "old", &long);
        commit(&sandbox, "tool", "#!/bin/sh\n");
        sandbox.agent(
            "git mv old new; git commit -qm Rename; chmod +x tool; git commit -qam Mode; ln -s new link; git add link; git commit -qm Link; tick",
        );
        let id = sandbox.add(&["Move it"]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        // What was changed under the old name arrives under the new one.
        commit(&sandbox, "old", &long.replace("line 20\n", "line twenty\n"));
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!(sandbox.read("new"), long.replace("line 20\n", "line twenty\n"), "{how}");
        assert!(!sandbox.repo.join("old").exists(), "{how}");
        assert!(sandbox.git(&["ls-files", "-s", "tool"]).starts_with("100755"), "{how}");
        assert_eq!(std::fs::read_link(sandbox.repo.join("link")).unwrap(), PathBuf::from("new"), "{how}");
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "{how}");
        clean(&sandbox);
    }
}

/// Eight specs that end in the same moment, in one way of merging; `place` is what the person does with the target before.
fn eight(how: &str, elsewhere: bool) {
    let sandbox = merging(how);
    let ids: Vec<String> = (0..8).map(|n| sandbox.add(&[&format!("Spec {n}")])).collect();
    let meeting = sandbox.dir().join("meeting");
    std::fs::create_dir(&meeting).unwrap();
    sandbox.agent(&format!(
        "name=$CHANT_SPEC_ID; echo one >\"file-$name\"; git add -A; git commit -qm \"One of $name\"
echo two >>\"file-$name\"; tick; git commit -qam \"Two of $name\"; touch '{0}'/$name
until [ \"$(ls '{0}' | wc -l)\" -ge 8 ]; do sleep 0.01; done",
        meeting.display()
    ));
    if elsewhere {
        sandbox.git(&["checkout", "-q", "-b", "mine"]);
    }
    let commands: Vec<Vec<&str>> = ids.iter().map(|id| vec!["work", id.as_str(), "--onto", "main"]).collect();
    for one in at_once(&sandbox, &commands) {
        assert!(!one.err.contains("warning:"), "{}", one.err);
        one.ok();
    }
    for id in &ids {
        assert_eq!(sandbox.status(id), "completed", "{how}");
        let name = id;
        assert_eq!(sandbox.git(&["show", &format!("main:file-{name}")]), "one\ntwo", "{how}");
        if how != "squash" {
            let found = sandbox.git(&["log", "--format=%s", "--grep", &format!("of {name}$"), "main"]);
            assert_eq!(found, format!("Two of {name}\nOne of {name}"), "{how}");
        }
    }
    let merges: u32 = sandbox.git(&["rev-list", "--merges", "--count", "main"]).parse().unwrap();
    assert!(
        match how {
            "merge" => merges == 8,
            "ff" => merges <= 7,
            _ => merges == 0,
        },
        "{how}: {merges}"
    );
    if how == "squash" {
        assert_eq!(sandbox.git(&["rev-list", "--count", "main"]), "9");
    }
    let left = if elsewhere { "?? .chant/" } else { "" };
    assert_eq!(sandbox.git(&["status", "--porcelain"]), left, "{how}");
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    clean(&sandbox);
}

#[test]
fn eight_that_end_at_once_are_merged_into_the_checked_out_branch_in_each_way() {
    HOWS.into_iter().for_each(|how| eight(how, false));
}

#[test]
fn eight_that_end_at_once_are_merged_into_a_branch_that_is_checked_out_nowhere_in_each_way() {
    HOWS.into_iter().for_each(|how| eight(how, true));
}

/// Work that makes `file` two, of a spec with this front matter besides, finished and not merged; then `main` makes it three.
fn conflicting(how: &str) -> (Sandbox, String, PathBuf) {
    let sandbox = merging(how);
    sandbox.agent("echo two >file; git commit -qam Two; tick");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    commit(&sandbox, "file", "three\n");
    let place = worktree(&sandbox, &id);
    (sandbox, id, place)
}

#[test]
fn a_conflict_names_its_paths_and_the_ways_out_and_leaves_everything_as_it_was() {
    for how in HOWS {
        let (sandbox, id, place) = conflicting(how);
        let before = sandbox.git(&["rev-parse", "main"]);
        sandbox.write("mine", "mine\n");
        let verb = if how == "rebase" { "rebase" } else { "merge" };
        let way = format!("hint: resolve it in its worktree: git -C {} {verb} main", place.display());
        let then = format!("hint: then: git chant merge {} (it is checked again first)", &id[11..]);
        let agent = format!("git chant merge {} --agent", &id[11..]);
        let expected = ["it conflicts with 'main': file", &way, &then, &agent];
        sandbox.chant(&["merge", &id]).fails(1, &expected);
        assert_eq!(sandbox.status(&id), "finished");
        assert_eq!(sandbox.git(&["rev-parse", "main"]), before);
        assert_eq!(sandbox.git(&["status", "--porcelain"]), format!("?? .chant/\n?? mine"));
        assert_eq!(sandbox.git_in(&place, &["status", "--porcelain"]), "");
        clean(&sandbox);
    }
}

#[test]
fn what_was_resolved_in_the_worktree_is_checked_and_merged_by_the_same_command() {
    for how in HOWS {
        let (sandbox, id, place) = conflicting(how);
        sandbox.chant(&["merge", &id]).fails(1, &[]);
        let verb = if how == "rebase" { "rebase" } else { "merge" };
        sandbox.run(sandbox.command_in(&place, "git").args([verb, "-q", "main"])).fails(1, &[]);
        // Not before it is resolved: and it is not the spec that fails for that.
        let under_way = ["go on with what is under way in its worktree", "git chant merge"];
        sandbox.chant(&["merge", &id]).fails(1, &under_way);
        sandbox.chant(&["finish", &id]).fails(1, &["cannot be checked", &place.display().to_string()]);
        assert_eq!(sandbox.status(&id), "finished");
        std::fs::write(place.join("file"), "two and three\n").unwrap();
        sandbox.git_in(&place, &["add", "file"]);
        let go_on: &[&str] = if how == "rebase" { &["rebase", "--continue"] } else { &["commit", "-qm", "Both"] };
        sandbox.run(sandbox.command_in(&place, "git").args(go_on).env("GIT_EDITOR", "true")).ok();
        let merged = sandbox.chant(&["merge", &id]).ok();
        assert!(merged.err.contains("it is checked again"), "{}", merged.err);
        assert_eq!(sandbox.read("file"), "two and three\n", "{how}");
        assert_eq!(sandbox.ops(&id), ["add", "start", "finish", "resume", "finish", "land", "complete"]);
        if ["squash", "rebase"].contains(&how) {
            assert_eq!(sandbox.git(&["rev-list", "--merges", "--count", "main"]), "0", "{how}");
        }
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        clean(&sandbox);
    }
}

#[test]
fn what_was_resolved_badly_fails_and_goes_nowhere() {
    let (sandbox, id, place) = conflicting("merge");
    let before = sandbox.git(&["rev-parse", "main"]);
    sandbox.run(sandbox.command_in(&place, "git").args(["merge", "-q", "-X", "theirs", "main"])).ok();
    let path = format!(".chant/specs/{id}.md");
    sandbox.git_in(&place, &["rm", "-q", &path]);
    sandbox.git_in(&place, &["commit", "-qm", "Away with it"]);
    sandbox.chant(&["merge", &id]).fails(1, &["the spec file", "is gone", "git chant finish"]);
    assert_eq!((sandbox.status(&id), sandbox.git(&["rev-parse", "main"])), ("failed".into(), before));
}

#[test]
fn a_merge_in_the_work_that_holds_a_resolution_is_not_flattened_away() {
    // Resolved by a merge, though it is to be rebased: the commits without it would conflict again.
    let (sandbox, id, place) = conflicting("rebase");
    sandbox.run(sandbox.command_in(&place, "git").args(["merge", "-q", "main"])).fails(1, &[]);
    std::fs::write(place.join("file"), "two and three\n").unwrap();
    sandbox.git_in(&place, &["commit", "-qam", "Both"]);
    let before = sandbox.git(&["rev-parse", "main"]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.read("file"), "two and three\n");
    assert_eq!(sandbox.git(&["rev-list", "--count", &format!("{before}..main")]), "1");
    assert_eq!(sandbox.git(&["rev-list", "--merges", "--count", "main"]), "0");
    clean(&sandbox);
}

#[test]
fn a_merge_in_the_work_that_resolves_nothing_is_flattened() {
    let sandbox = merging("rebase");
    sandbox.agent("echo a >a; git add a; git commit -qm A; git merge -q --no-edit main; echo b >b; git add b; git commit -qm B; tick");
    sandbox.git(&["config", "chant.scope", "off"]);
    let id = sandbox.add(&["A and b"]);
    sandbox.git(&["branch", "start"]);
    commit(&sandbox, "other", "other\n");
    sandbox.chant(&["work", &id, "--no-merge", "--onto", "start"]).ok();
    commit(&sandbox, "another", "another\n");
    let before = sandbox.git(&["rev-parse", "main"]);
    sandbox.chant(&["merge", &id, "--onto", "main"]).ok();
    let made = subjects(&sandbox, &format!("{before}..main"));
    assert_eq!(made[1..], ["A", "B"]);
    assert_eq!(sandbox.git(&["rev-list", "--merges", "--count", "main"]), "0");
    clean(&sandbox);
}

#[test]
fn rebased_onto_another_branch_only_the_work_goes_there() {
    let sandbox = merging("rebase");
    sandbox.git(&["branch", "release"]);
    commit(&sandbox, "new", "not for the release\n");
    sandbox.agent("echo fix >fix; git add fix; git commit -qm Fix; tick");
    let id = sandbox.add(&["Fix it"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.chant(&["merge", &id, "--onto", "release"]).ok();
    let files = sandbox.git(&["ls-tree", "--name-only", "release"]);
    assert_eq!(files, ".chant\nfile\nfix");
    assert_eq!(sandbox.git(&["log", "-1", "--format=%s", "release"]), "Fix");
}

/// A spec whose `verify:` wants no file with more than one line; the work adds one to `file`, and so does `main` meanwhile.
fn verified(how: &str) -> (Sandbox, String) {
    let sandbox = merging(how);
    sandbox.git(&["config", "chant.verifyMerged", "true"]);
    commit(&sandbox, "list", "a\n1\n2\n3\n4\n5\nz\n");
    sandbox.agent("sed -i 's/^a$/A/' list; git commit -qam Upper; tick");
    let id = sandbox.add(&[
        "Upper case",
        "--verify",
        "echo run >>../runs; ! grep -q A list || ! grep -q Z list || { echo both; false; }",
    ]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    (sandbox, id)
}

fn runs(sandbox: &Sandbox) -> usize {
    std::fs::read_to_string(sandbox.dir().join("runs")).unwrap().lines().count()
}

#[test]
fn a_merge_that_does_not_pass_leaves_the_target_where_it_is() {
    for how in HOWS {
        let (sandbox, id) = verified(how);
        assert_eq!(runs(&sandbox), 1);
        commit(&sandbox, "list", "a\n1\n2\n3\n4\n5\nZ\n");
        let before = sandbox.git(&["rev-parse", "main"]);
        let said = ["merged with 'main'", "exit code 1", "it said: both", "git -C", "git chant merge"];
        let ran = sandbox.chant(&["merge", &id]).fails(1, &said);
        assert!(!ran.err.contains("--agent"), "nothing conflicts: {}", ran.err);
        assert_eq!(runs(&sandbox), 2);
        assert_eq!((sandbox.status(&id), sandbox.git(&["rev-parse", "main"])), ("finished".into(), before), "{how}");
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? .chant/");
        // A failure is not kept: what it was for may have been put right elsewhere.
        sandbox.chant(&["merge", &id]).fails(1, &said);
        assert_eq!(runs(&sandbox), 3);
        sandbox.git(&["config", "chant.verifyMerged", "false"]);
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!((runs(&sandbox), sandbox.read("list")), (3, "A\n1\n2\n3\n4\n5\nZ\n".into()));
    }
}

#[test]
fn a_merge_that_passes_is_verified_once_and_one_that_is_the_work_itself_never() {
    for how in HOWS {
        let (sandbox, id) = verified(how);
        commit(&sandbox, "other", "other\n");
        // Something is in the way once the merge has passed: the next try knows that it did.
        sandbox.write("list", "mine\n");
        sandbox.chant(&["merge", &id]).fails(1, &["are in the way: list"]);
        sandbox.git(&["checkout", "-q", "list"]);
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!((runs(&sandbox), sandbox.status(&id)), (2, "completed".into()), "{how}");
        let (sandbox, id) = verified(how);
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!((runs(&sandbox), sandbox.status(&id)), (1, "completed".into()), "{how}");
    }
}

#[test]
fn eight_that_are_verified_merged_wait_for_each_other() {
    let sandbox = merging("merge");
    sandbox.git(&["config", "chant.verifyMerged", "true"]);
    sandbox.agent("echo two >\"file-$CHANT_SPEC_ID\"; tick");
    // Of no two of these may the files be alone in a tree that is merged: each check sees what the others brought.
    let ids: Vec<String> =
        (0..8).map(|n| sandbox.add(&[&format!("Spec {n}"), "--verify", "test -n \"$(ls file-*)\""])).collect();
    for one in at_once(&sandbox, &ids.iter().map(|id| vec!["work", id.as_str()]).collect::<Vec<_>>()) {
        assert!(!one.err.contains("warning:"), "{}", one.err);
        one.ok();
    }
    assert!(ids.iter().all(|id| sandbox.status(id) == "completed"));
    clean(&sandbox);
}

#[test]
fn commands_that_nobody_approved_here_are_not_run_on_a_merge() {
    let (sandbox, id) = verified("merge");
    commit(&sandbox, "other", "other\n");
    std::fs::remove_dir_all(sandbox.repo.join(".git/chant/trusted")).unwrap();
    sandbox.chant(&["merge", &id]).fails(1, &["commands of the repository that you have not approved"]);
    assert_eq!((runs(&sandbox), sandbox.status(&id)), (1, "finished".into()));
    sandbox.chant(&["merge", &id, "--trust"]).ok();
    assert_eq!(runs(&sandbox), 2);
}

/// The agent that resolves; what it was told is in `prompt`, beside the repository.
fn resolver(sandbox: &Sandbox, script: &str) {
    let path = sandbox.dir().join("resolver.sh");
    std::fs::write(&path, format!("cat >'{}/prompt'\n{script}\n", sandbox.dir().display())).unwrap();
    sandbox.git(&["config", "chant.agent.resolver.cmd", &format!("sh {}", path.display())]);
}

fn told(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.dir().join("prompt")).unwrap()
}

/// Waits for a file, not for ever: what was to make it may have failed.
fn wait_for(path: &std::path::Path) {
    for _ in 0..6000 {
        if path.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{} did not appear", path.display());
}

const RESOLVE: &str =
    "grep -q '<<<<<<< HEAD' file && grep -q '>>>>>>> heads/main' file || exit 9; echo resolving; echo both >file";

#[test]
fn an_agent_resolves_a_conflict_and_what_it_made_is_checked_and_merged() {
    for how in HOWS {
        for end in ["git add file; git commit -qm Both", "git add file", ""] {
            let (sandbox, id, place) = conflicting(how);
            resolver(&sandbox, &format!("{RESOLVE}; {end}"));
            sandbox.write("mine", "mine\n");
            let ran = sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
            assert!(ran.err.contains("with conflicts in: file") && ran.err.contains("resolving"), "{}", ran.err);
            assert_eq!(sandbox.read("file"), "both\n", "{how}, {end}");
            assert_eq!(sandbox.status(&id), "completed");
            assert_eq!(sandbox.ops(&id), ["add", "start", "finish", "resume", "finish", "land", "complete"]);
            assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? mine");
            assert!(!place.exists());
            if ["squash", "rebase"].contains(&how) {
                assert_eq!(sandbox.git(&["rev-list", "--merges", "--count", "main"]), "0", "{how}");
            }
            clean(&sandbox);
        }
    }
}

#[test]
fn the_agent_is_told_what_both_sides_wanted() {
    let sandbox = merging("merge");
    sandbox.agent("echo $CHANT_SPEC_ID >>file; git commit -qam \"Work of $CHANT_SPEC_ID\"; tick");
    let ids = [sandbox.add(&["The first wish"]), sandbox.add(&["The second wish"])];
    for id in &ids {
        sandbox.chant(&["work", id, "--no-merge"]).ok();
    }
    sandbox.chant(&["merge", &ids[0]]).ok();
    sandbox.chant(&["merge", &ids[1]]).fails(1, &["it conflicts with 'main': file"]);
    resolver(
        &sandbox,
        &format!("test \"$CHANT_CONFLICTS\" = file || exit 8; printf '%s\\n' one {} {} >file", ids[0], ids[1]),
    );
    sandbox.git(&["config", "chant.agent", "resolver"]);
    sandbox.chant(&["merge", &ids[1], "--agent"]).ok();
    let prompt = told(&sandbox);
    for part in [
        "You resolve a conflict.",
        "the paths that conflict",
        &format!("Work of {} (spec {})", ids[0], ids[0]),
        &format!("Work of {} (spec {})", ids[1], ids[1]),
        &format!("the spec {}, whose work is in 'main'", ids[0]),
        "# The first wish",
        "# The second wish",
    ] {
        assert!(prompt.contains(part), "'{part}' is not in\n{prompt}");
    }
    let transcripts = sandbox.repo.join(".git/chant/transcripts").join(&ids[1]);
    assert_eq!(std::fs::read_dir(transcripts).unwrap().count(), 2, "each run has its own");
    assert_eq!(sandbox.read("file"), format!("one\n{}\n{}\n", ids[0], ids[1]));
    clean(&sandbox);
}

#[test]
fn an_agent_that_does_not_resolve_it_leaves_everything_as_it_was_and_its_work_kept() {
    let (sandbox, id, place) = conflicting("merge");
    let tips = |sandbox: &Sandbox| sandbox.git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"]);
    let before = tips(&sandbox);
    for (script, said) in [
        ("echo half >file; echo new >new; exit 3", "the agent exited with code 3"),
        ("echo half >file; git add file; git commit -qm Half; exit 1", "the agent exited with code 1"),
        ("exit 0", "conflicts are left in: file"),
        ("git commit -qam 'With markers'", "conflicts are left in: file"),
        ("echo '<<<<<<< HEAD' >file; git add file", "conflicts are left in: file"),
        ("git merge --abort", "the agent did not merge 'main'"),
        ("git merge --abort; git rebase -q main; exit 1", "the agent exited with code 1"),
        (
            "git reset -q --hard; git checkout -q -b elsewhere; git branch -q -D elsewhere 2>/dev/null; exit 0",
            "on another branch",
        ),
        ("kill -9 $$", "the agent exited with code 137"),
        ("true", "conflicts are left in: file"),
    ] {
        resolver(&sandbox, script);
        let ran = sandbox.chant(&["merge", &id, "--agent", "resolver"]);
        let ran = ran.fails(
            1,
            &["its conflict with 'main' is not resolved", said, "git chant log", "resolve it in its worktree"],
        );
        if script.contains("elsewhere") {
            sandbox.git(&["branch", "-D", "elsewhere"]);
        }
        assert_eq!(sandbox.status(&id), "finished", "{script}: {}", ran.err);
        assert_eq!(tips(&sandbox), before, "{script}");
        assert_eq!(sandbox.git_in(&place, &["status", "--porcelain"]), "", "{script}");
        let branch = sandbox.git_in(&place, &["symbolic-ref", "--short", "HEAD"]);
        assert_eq!(branch, format!("chant/{id}"), "{script}");
        assert_eq!(sandbox.ops(&id).last().unwrap(), "finish");
        clean(&sandbox);
    }
    let kept = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/chant-local/attempts"]);
    let has = |path: &str, text: &str| {
        kept.lines().any(|name| {
            let git = ["show", &format!("{name}:{path}")].map(str::to_owned);
            sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(git)).out == text
        })
    };
    assert!(has("file", "half\n") && has("new", "new\n"), "{kept}");
    // And it can still be resolved.
    resolver(&sandbox, RESOLVE);
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
    assert_eq!((sandbox.read("file"), sandbox.status(&id)), ("both\n".into(), "completed".into()));
    clean(&sandbox);
}

#[test]
fn what_an_agent_resolved_has_to_pass() {
    let sandbox = merging("merge");
    sandbox.agent("echo two >file; git commit -qam Two; tick");
    let id = sandbox.add(&["Make it two", "--target-file", "file", "--verify", "! grep -q both file"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    commit(&sandbox, "file", "three\n");
    let before = sandbox.git(&["rev-parse", "main"]);
    resolver(&sandbox, RESOLVE);
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &["verify '! grep -q both file'", "exit code 1"]);
    assert_eq!((sandbox.status(&id), sandbox.git(&["rev-parse", "main"])), ("failed".into(), before));
    clean(&sandbox);
}

#[test]
fn an_agent_that_resolves_is_guarded_as_one_that_works() {
    let (sandbox, id, _) = conflicting("merge");
    resolver(&sandbox, &format!("{RESOLVE}; git config core.pager evil"));
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &["core.pager", "git chant ack"]);
    assert_eq!((sandbox.status(&id), sandbox.read("file")), ("finished".into(), "three\n".into()));
    sandbox.git(&["config", "--unset", "core.pager"]);
    sandbox.chant(&["ack", &id, "--reason", "a slip"]).ok();
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.read("file"), "both\n");
    // It is no way around what an agent may not do.
    let (sandbox, id, _) = conflicting("merge");
    let mut inside = sandbox.binary(&["merge", &id, "--agent"]);
    sandbox.run(inside.env("CHANT_SPEC_ID", &id)).fails(1, &["only a person can"]);
}

#[test]
fn an_agent_is_asked_only_where_there_is_a_conflict_and_a_clean_worktree() {
    let (sandbox, id, place) = conflicting("merge");
    resolver(&sandbox, RESOLVE);
    std::fs::write(place.join("left"), "mine\n").unwrap();
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &["there are uncommitted changes", "left"]);
    std::fs::remove_file(place.join("left")).unwrap();
    sandbox.chant(&["merge", &id, "--agent", "nobody"]).fails(128, &["the agent 'nobody' has no command"]);
    sandbox.chant(&["merge", &id, "--agent", "manual"]).fails(129, &["the agent 'manual' is you", "git chant path"]);
    sandbox.run(sandbox.command_in(&place, "git").args(["merge", "-q", "main"])).fails(1, &[]);
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &["is being merged or rebased", "already"]);
    sandbox.git_in(&place, &["merge", "--abort"]);
    sandbox.git(&["worktree", "remove", &place.to_string_lossy()]);
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &["there is no worktree", "git worktree add"]);
    assert_eq!(sandbox.status(&id), "finished");
    assert_eq!(sandbox.ops(&id), ["add", "start", "finish"]);
    sandbox.git(&["reset", "-q", "--hard", "main~1"]);
    resolver(&sandbox, "exit 1");
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn a_conflict_that_is_being_resolved_is_left_to_who_resolves_it() {
    let (sandbox, id, _) = conflicting("merge");
    let (begun, go_on) = (sandbox.dir().join("begun"), sandbox.dir().join("go-on"));
    resolver(
        &sandbox,
        &format!("{RESOLVE}; touch '{}'; until [ -e '{}' ]; do sleep 0.01; done", begun.display(), go_on.display()),
    );
    let first = sandbox
        .binary(&["merge", &id, "--agent", "resolver"])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&begun);
    assert_eq!(sandbox.status(&id), "in_progress");
    for verb in
        [&["merge", &id, "--agent", "resolver"][..], &["merge", &id], &["finish", &id], &["work", &id], &["reset", &id]]
    {
        let ran = sandbox.chant(verb);
        assert_eq!(ran.code, 1, "{verb:?}: {}", ran.err);
    }
    std::fs::write(go_on, "").unwrap();
    Ran::of(first.wait_with_output().unwrap()).ok();
    assert_eq!((sandbox.read("file"), sandbox.status(&id)), ("both\n".into(), "completed".into()));
    clean(&sandbox);
}

#[test]
fn a_resolving_that_is_killed_is_given_back_by_the_next_merge() {
    for (committed, dead_script) in [(false, "echo half >file"), (true, "echo both >file; git commit -qam Both")] {
        let (sandbox, id, place) = conflicting("merge");
        let begun = sandbox.dir().join("begun");
        resolver(&sandbox, &format!("{dead_script}; touch '{}'; sleep 600", begun.display()));
        let mut first = sandbox
            .binary(&["merge", &id, "--agent", "resolver"])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(&begun);
        first.kill().unwrap();
        first.wait().unwrap();
        let ran = sandbox.chant(&["merge", &id]);
        if committed {
            ran.ok();
            assert_eq!((sandbox.read("file"), sandbox.status(&id)), ("both\n".into(), "completed".into()));
        } else {
            ran.fails(1, &["by a run that is dead: it is finished as before", "it conflicts with 'main': file"]);
            assert_eq!(sandbox.git_in(&place, &["status", "--porcelain"]), "");
            resolver(&sandbox, RESOLVE);
            sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
            assert_eq!(sandbox.read("file"), "both\n");
        }
        clean(&sandbox);
    }
}

#[test]
fn a_conflict_in_silent_mode_is_resolved_without_a_word_in_the_commits() {
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.agent("echo two >file; git commit -qam Two; mkdir -p .chant/research; printf '# Doc\\n\\nFound it.\\nMore.\\n' >.chant/research/doc.md; tick");
    let id = sandbox.add(&["Make it two", "--target-file", "file", "--target-file", ".chant/research/doc.md"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    commit(&sandbox, "file", "three\n");
    resolver(&sandbox, "exit 1");
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &["not resolved"]);
    resolver(&sandbox, RESOLVE);
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
    assert_eq!(sandbox.read("file"), "both\n");
    assert_eq!(sandbox.read(".chant/research/doc.md"), "# Doc\n\nFound it.\nMore.\n");
    assert!(!sandbox.git(&["log", "--format=%B", "main"]).contains("hant"), "nothing of it shows");
    clean(&sandbox);
}

#[test]
fn of_eight_the_two_that_conflict_wait_with_their_paths_and_six_are_merged() {
    for how in HOWS {
        let sandbox = merging(how);
        for path in ["a", "b"] {
            commit(&sandbox, path, "one\n");
        }
        let meeting = sandbox.dir().join("meeting");
        std::fs::create_dir(&meeting).unwrap();
        // Three want `a` and `b` for themselves, each in its own words, and are done in the same moment as all the others.
        sandbox.agent(&format!(
            "name=$CHANT_SPEC_ID; if grep -q selfish \"$CHANT_SPEC_FILE\"; then echo $name >a; echo $name >b; else echo $name >\"file-$name\"; fi
tick; git add -A; git commit -qm \"Work of $name\"; touch '{0}'/$name; until [ \"$(ls '{0}' | wc -l)\" -ge 8 ]; do sleep 0.01; done",
            meeting.display()
        ));
        let title = |n: usize| if n < 3 { format!("A selfish one {n}") } else { format!("Another {n}") };
        let ids: Vec<String> = (0..8).map(|n| sandbox.add(&[&title(n)])).collect();
        let ran = at_once(&sandbox, &ids.iter().map(|id| vec!["work", id.as_str()]).collect::<Vec<_>>());
        let (mut merged, mut waiting) = (0, 0);
        for (n, (one, id)) in ran.into_iter().zip(&ids).enumerate() {
            if one.code == 0 {
                assert_eq!(sandbox.status(id), "completed", "{how}");
                merged += 1;
            } else {
                assert!(n < 3, "{how}: {}", one.err);
                one.fails(1, &["is finished and not merged: it conflicts with 'main': a, b", "git chant merge"]);
                assert_eq!(sandbox.status(id), "finished", "{how}");
                waiting += 1;
            }
        }
        assert_eq!((merged, waiting), (6, 2), "{how}");
        let left: Vec<String> = sandbox.git(&["status", "--porcelain"]).lines().map(str::to_owned).collect();
        assert!(left.iter().all(|line| line.starts_with("?? .chant/specs/")) && left.len() == 2, "{how}: {left:?}");
        clean(&sandbox);
    }
}

#[test]
fn a_person_edits_stages_and_commits_in_the_target_meanwhile() {
    for how in HOWS {
        let sandbox = merging(how);
        commit(&sandbox, "mine", "0\n");
        sandbox.agent("echo two >\"file-$CHANT_SPEC_ID\"; tick");
        let ids: Vec<String> = (0..4).map(|n| sandbox.add(&[&format!("Spec {n}")])).collect();
        let mut running: Vec<_> = ids
            .iter()
            .map(|id| sandbox.binary(&["work", id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
            .collect();
        let mut commits = 0;
        while running.iter_mut().any(|child| child.try_wait().unwrap().is_none()) || commits == 0 {
            if commits == 30 {
                std::thread::sleep(std::time::Duration::from_millis(5));
                continue;
            }
            // Both take the index for a moment, and either may find it taken.
            sandbox.write("mine", &format!("{}\n", commits + 1));
            let git = |args: &[&str]| sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(args)).code;
            if git(&["add", "mine"]) == 0 && git(&["commit", "-qm", "Mine", "--", "mine"]) == 0 {
                commits += 1;
            }
        }
        for (child, id) in running.into_iter().zip(&ids) {
            let ran = Ran::of(child.wait_with_output().unwrap());
            if ran.code != 0 {
                // Somebody who commits without a pause may win every time; that is said, and later it goes.
                ran.fails(1, &["is finished and not merged: "]);
                assert_eq!(sandbox.status(id), "finished", "{how}");
                sandbox.write("mine", &format!("{commits}\n"));
                sandbox.chant(&["merge", id]).ok();
            }
            assert_eq!(sandbox.status(id), "completed", "{how}");
            assert_eq!(sandbox.git(&["show", &format!("main:file-{id}")]), "two", "{how}");
        }
        // Nothing of the person's is gone, nothing of the agents' was swept into their commits.
        let mine = sandbox.git(&["log", "--format=", "--name-only", "--grep", "^Mine$", "main"]);
        assert_eq!(mine, vec!["mine"; commits].join("\n"), "{how}");
        assert_eq!(sandbox.git(&["show", "main:mine"]), commits.to_string());
        let status = sandbox.git(&["status", "--porcelain"]);
        assert!(status.is_empty() || status == " M mine" || status == "M  mine", "{how}: {status}");
        clean(&sandbox);
    }
}

#[test]
fn a_target_that_does_not_exist_begins_where_the_work_did() {
    for how in HOWS {
        let sandbox = merging(how);
        sandbox.agent("echo two >file; git commit -qam Two; tick");
        let id = sandbox.add(&["Make it two"]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        let main = sandbox.git(&["rev-parse", "main"]);
        sandbox.chant(&["merge", &id, "--onto", "new/branch"]).ok();
        assert_eq!(sandbox.git(&["show", "new/branch:file"]), "two", "{how}");
        assert_eq!(sandbox.git(&["rev-parse", "main"]), main);
        assert!(sandbox.git(&["log", "--format=%H", "new/branch"]).contains(&main), "{how}");
        assert_eq!(sandbox.status(&id), "completed");
        clean(&sandbox);
    }
}

#[test]
fn a_target_that_cannot_move_keeps_the_spec_finished_in_each_way() {
    for how in HOWS {
        let (sandbox, id, _) = conflicting(how);
        sandbox.git(&["reset", "-q", "--hard", "main~1"]);
        commit(&sandbox, "other", "other\n");
        sandbox.git(&["worktree", "add", "-q", "--force", "../second", "main"]);
        sandbox.chant(&["merge", &id]).fails(1, &["'main' is checked out twice"]);
        sandbox.git(&["worktree", "remove", "../second"]);
        sandbox.git(&["branch", "side", "main~1"]);
        sandbox.git(&["config", "sequence.editor", "sed -i 1ibreak"]);
        sandbox.git(&["rebase", "-q", "-i", "side"]);
        sandbox.chant(&["merge", &id]).fails(1, &["'main' is being rebased"]);
        sandbox.git(&["rebase", "--abort"]);
        sandbox.chant(&["merge", &id, "--onto", "not..a.branch"]).fails(128, &["not..a.branch"]);
        assert_eq!((sandbox.status(&id), sandbox.read("file")), ("finished".into(), "one\n".into()));
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!((sandbox.status(&id), sandbox.read("file")), ("completed".into(), "two\n".into()));
        clean(&sandbox);
    }
}

#[test]
fn a_conflict_with_another_branch_than_was_meant_is_resolved_for_that_one() {
    let (sandbox, id, place) = conflicting("merge");
    sandbox.git(&["checkout", "-q", "-b", "release", "main~1"]);
    commit(&sandbox, "only-there", "x\n");
    commit(&sandbox, "file", "four\n");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.git(&["config", "chant.scope", "error"]);
    sandbox
        .chant(&["merge", &id, "--onto", "release"])
        .fails(1, &["it conflicts with 'release': file", "merge release"]);
    resolver(&sandbox, "echo both >file");
    sandbox.chant(&["merge", &id, "--onto", "release", "--agent", "resolver"]).ok();
    assert_eq!(sandbox.git(&["show", "release:file"]), "both");
    assert_eq!(sandbox.read("file"), "three\n");
    assert!(!place.exists());
    let works = sandbox.show(&id)["work_commits"].as_array().unwrap().len();
    assert_eq!(works, 3, "the spec, the work and the merge, and nothing that the branch had before");
    clean(&sandbox);
}
