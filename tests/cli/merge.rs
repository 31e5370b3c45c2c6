//! How work reaches its target: the four ways, many at once, conflicts and what comes after them.

mod agent;
mod brought;
mod targets;

use std::{path::PathBuf, process::Stdio};

use crate::support::{Ran, Sandbox, cases::few_or_many};

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
fn no_person_signs_off_what_an_agent_made() {
    let sandbox = merging("rebase");
    sandbox.git(&["config", "format.signoff", "true"]);
    sandbox.agent(TWO);
    let id = sandbox.add(&["Two commits"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    commit(&sandbox, "other", "other\n");
    sandbox.chant(&["merge", &id]).ok();
    let last = sandbox.git(&["log", "-1", "--grep", "^Add b", "--format=%(trailers:key=Signed-off-by)", "main"]);
    assert_eq!(last.trim(), "Signed-off-by: Linus <linus@example.com>");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
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
        assert_eq!(trailers.trim().lines().collect::<Vec<_>>(), expected);
        clean(&sandbox);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_new_file_in_a_renamed_directory_goes_where_gits_setting_says() {
    for (setting, place) in
        [(None, None), (Some("conflict"), None), (Some("false"), Some("old/new")), (Some("true"), Some("moved/new"))]
    {
        let sandbox = Sandbox::new();
        sandbox.write("old/one", "one\n");
        sandbox.write("old/two", "two\n");
        sandbox.commit("A directory");
        setting.inspect(|value| drop(sandbox.git(&["config", "merge.directoryRenames", value])));
        sandbox.agent("echo new >old/new; git add -A; git commit -qm 'Add new'; tick");
        let id = sandbox.add(&["Add new", "--onto", "main"]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        sandbox.git(&["mv", "old", "moved"]);
        sandbox.commit("Rename it");
        let merged = sandbox.chant(&["merge", &id]);
        let Some(place) = place else {
            merged.fails(1, &["moved/new"]);
            assert_eq!(sandbox.status(&id), "finished");
            continue;
        };
        merged.ok();
        let tree = sandbox.git(&["merge-tree", "--write-tree", "main^1", "main^2"]);
        assert_eq!(sandbox.git(&["rev-parse", "main^{tree}"]), tree, "{setting:?}: as git merges it");
        assert_eq!(sandbox.read(place), "new\n");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
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

/// Specs that end in the same moment, in one way of merging, into a branch that is checked out or `elsewhere`.
fn at_one_moment(how: &str, elsewhere: bool) {
    let sandbox = merging(how);
    let count = few_or_many(4, 8);
    let ids: Vec<String> = (0..count).map(|n| sandbox.add(&[&format!("Spec {n}")])).collect();
    let meeting = sandbox.dir().join("meeting");
    std::fs::create_dir(&meeting).unwrap();
    sandbox.agent(&format!(
        "name=$CHANT_SPEC_ID; echo one >\"file-$name\"; git add -A; git commit -qm \"One of $name\"
echo two >>\"file-$name\"; tick; git commit -qam \"Two of $name\"; touch '{0}'/$name
until [ \"$(ls '{0}' | wc -l)\" -ge {count} ]; do sleep 0.01; done",
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
            "merge" => merges == count,
            "ff" => merges < count,
            _ => merges == 0,
        },
        "{how}: {merges}"
    );
    if how == "squash" {
        assert_eq!(sandbox.git(&["rev-list", "--count", "main"]), (count + 1).to_string());
    }
    let left = if elsewhere { "?? .chant/" } else { "" };
    assert_eq!(sandbox.git(&["status", "--porcelain"]), left, "{how}");
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn those_that_end_at_once_are_merged_into_the_checked_out_branch_in_each_way() {
    HOWS.into_iter().for_each(|how| at_one_moment(how, false));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn those_that_end_at_once_are_merged_into_a_branch_that_is_checked_out_nowhere_in_each_way() {
    HOWS.into_iter().for_each(|how| at_one_moment(how, true));
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
#[ignore = "slow: .ci/run runs it"]
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
#[ignore = "slow: .ci/run runs it"]
fn what_was_resolved_in_the_worktree_is_checked_and_merged_by_the_same_command() {
    for how in HOWS {
        let (sandbox, id, place) = conflicting(how);
        sandbox.chant(&["merge", &id]).fails(1, &[]);
        let verb = if how == "rebase" { "rebase" } else { "merge" };
        sandbox.run(sandbox.command_in(&place, "git").args([verb, "-q", "main"])).fails(1, &[]);
        // Not before it is resolved: and it is not the spec that fails for that.
        let under_way = ["finish the merge in progress in its worktree", "git chant merge"];
        sandbox.chant(&["merge", &id]).fails(1, &under_way);
        sandbox.chant(&["finish", &id]).fails(1, &["cannot be checked", &place.display().to_string()]);
        assert_eq!(sandbox.status(&id), "finished");
        std::fs::write(place.join("file"), "two and three\n").unwrap();
        sandbox.git_in(&place, &["add", "file"]);
        let go_on: &[&str] = if how == "rebase" { &["rebase", "--continue"] } else { &["commit", "-qm", "Both"] };
        sandbox.run(sandbox.command_in(&place, "git").args(go_on).env("GIT_EDITOR", "true")).ok();
        let merged = sandbox.chant(&["merge", &id]).ok();
        assert!(merged.err.contains("checking again"), "{}", merged.err);
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
    sandbox.chant(&["merge", &id]).fails(1, &["the spec file", "is missing", "git chant finish"]);
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

/// A spec whose `verify:` wants no file with more than one line; the work adds one to `file`, and so does a commit on `main`.
fn verified(how: &str) -> (Sandbox, String) {
    // Its checks write beside their checkout, which a sandbox would keep for itself.
    let sandbox = merging(how).unconfined();
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
#[ignore = "slow: .ci/run runs it"]
fn a_merge_that_does_not_pass_leaves_the_target_where_it_is() {
    for how in HOWS {
        let (sandbox, id) = verified(how);
        assert_eq!(runs(&sandbox), 1);
        commit(&sandbox, "list", "a\n1\n2\n3\n4\n5\nZ\n");
        let before = sandbox.git(&["rev-parse", "main"]);
        let said = ["merged with 'main'", "exit code 1", "\n    both", "git -C", "git chant merge"];
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
#[ignore = "slow: .ci/run runs it"]
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
#[ignore = "slow: .ci/run runs it"]
fn those_that_are_verified_merged_wait_for_each_other() {
    let sandbox = merging("merge");
    sandbox.git(&["config", "chant.verifyMerged", "true"]);
    sandbox.agent("echo two >\"file-$CHANT_SPEC_ID\"; tick");
    // Of no two of these may the files be alone in a tree that is merged: each check sees what the others brought.
    let ids: Vec<String> = (0..few_or_many(4, 8))
        .map(|n| sandbox.add(&[&format!("Spec {n}"), "--verify", "test -n \"$(ls file-*)\""]))
        .collect();
    for one in at_once(&sandbox, &ids.iter().map(|id| vec!["work", id.as_str()]).collect::<Vec<_>>()) {
        assert!(!one.err.contains("warning:"), "{}", one.err);
        one.ok();
    }
    assert!(ids.iter().all(|id| sandbox.status(id) == "completed"));
    clean(&sandbox);
}

#[test]
fn commands_without_approval_here_are_not_run_on_a_merge() {
    let (sandbox, id) = verified("merge");
    commit(&sandbox, "other", "other\n");
    std::fs::remove_dir_all(sandbox.repo.join(".git/chant/trusted")).unwrap();
    sandbox.chant(&["merge", &id]).fails(1, &["commands of the repository that you have not approved"]);
    assert_eq!((runs(&sandbox), sandbox.status(&id)), (1, "finished".into()));
    sandbox.chant(&["merge", &id, "--trust"]).ok();
    assert_eq!(runs(&sandbox), 2);
}

#[test]
fn the_commit_that_adds_a_spec_is_signed_off() {
    for how in ["merge", "rebase"] {
        let sandbox = merging(how);
        sandbox.git(&["config", "chant.signoff", "true"]);
        sandbox.agent(TWO);
        let id = sandbox.add(&["Two commits"]);
        commit(&sandbox, "other", "other\n");
        sandbox.chant(&["work", &id]).ok();
        let added = sandbox.git(&["log", "-1", "--grep", "^Add spec", "--format=%(trailers:only)", "main"]);
        assert!(added.contains("Signed-off-by: Ada <ada@example.com>"), "{how}: {added}");
    }
}
