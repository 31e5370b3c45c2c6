//! The branch of an investigation that another clone has pushed more to: what a plain fetch brought of it counts where it is ahead.

use std::fs;

use super::net::Net;

const AGENT: &str = r#"
cat .chant/research/* 2>/dev/null >../seen
if [ "$CHANT_PHASE" = fork-fix ]; then
    echo two >file; git commit -qam 'Write two'
    sed 's/^<!-- Fill in.*/### Fixed\n\nNo write is lost any longer./' "$CHANT_SPEC_FILE" >.t; cat .t >"$CHANT_SPEC_FILE"
else
    mkdir -p .chant/research
    printf '# Found\n\n## Recommendation\n\nFOUND in %s.\n' "$CHANT_PHASE" >".chant/research/t-$CHANT_PHASE.md"
fi
sed 's/- \[ \]/- [x]/' "$CHANT_SPEC_FILE" >.t; cat .t >"$CHANT_SPEC_FILE"; rm .t
"#;

/// Two clones and an investigation. Clone 0 did the comprehension and the root cause and pushed both; clone 1 has fetched all of it, and its
/// own branch has the comprehension only.
fn behind() -> (Net, Vec<String>) {
    let net = Net::new(2);
    (0..2).for_each(|clone| net.agent(clone, AGENT));
    let phases = "comprehension,root-cause,fork-fix,upstream-pr";
    let out = net.chant(0, &["investigate", "t", "--title", "Lost", "--phases", phases]).ok().out;
    let ids: Vec<String> = out.lines().map(|line| line["Created spec: ".len()..][..18].to_owned()).collect();
    net.git(0, &["add", "-A"]);
    net.git(0, &["commit", "-qm", "Specs"]);
    net.chant(0, &["work", &ids[0]]).ok();
    net.git(0, &["push", "-q", "origin", "main", "fix/t"]);
    net.git(1, &["pull", "-q"]);
    net.git(1, &["branch", "-q", "fix/t", "origin/fix/t"]);
    net.chant(0, &["work", &ids[1]]).ok();
    push(&net, 0);
    net.git(1, &["fetch", "-q"]);
    net.chant(1, &["sync"]).ok();
    (net, ids)
}

fn push(net: &Net, clone: usize) {
    net.git(clone, &["push", "-q", "origin", "fix/t"]);
    net.chant(clone, &["sync"]).ok();
}

fn commit(net: &Net, clone: usize, name: &str) {
    net.git(clone, &["checkout", "-q", "fix/t"]);
    fs::write(net.dir(clone).join(name), "more\n").unwrap();
    net.git(clone, &["add", name]);
    net.git(clone, &["commit", "-qm", name]);
    net.git(clone, &["checkout", "-q", "main"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn work_begins_with_what_was_fetched_and_the_branch_moves_with_the_merge() {
    for checked_out in [false, true] {
        let (net, ids) = behind();
        if checked_out {
            net.git(1, &["checkout", "-q", "fix/t"]);
            fs::write(net.dir(1).join("file"), "a person's\n").unwrap();
        }
        let before = net.git(1, &["rev-parse", "fix/t"]);
        assert_eq!(net.show(1, &ids[2])["blocked_by"], serde_json::json!([]));
        let begun = net.chant(1, &["work", &ids[2], "--no-merge"]).ok();
        assert!(begun.err.contains("beginning at 'origin/fix/t', which is ahead of 'fix/t'"), "{}", begun.err);
        let seen = fs::read_to_string(net.dir(1).join("../seen")).unwrap();
        assert!(seen.contains("FOUND in root-cause"), "{seen}");
        assert_eq!(net.git(1, &["rev-parse", "fix/t"]), before, "the branch is the person's until the merge");
        if checked_out {
            net.chant(1, &["merge", &ids[2]]).fails(1, &["file"]);
            assert_eq!(net.git(1, &["status", "--porcelain"]), " M file");
            net.git(1, &["checkout", "-q", "file"]);
        }
        net.chant(1, &["merge", &ids[2]]).ok();
        assert_eq!(net.status(1, &ids[2]), "completed");
        assert_eq!(net.git(1, &["status", "--porcelain"]), "");
        net.git(1, &["merge-base", "--is-ancestor", "origin/fix/t", "fix/t"]);
        // The merge brings the work of this spec and no other.
        let merge = net.git(1, &["log", "-1", "--format=%P", "fix/t"]);
        assert!(merge.starts_with(&net.git(1, &["rev-parse", "origin/fix/t"])), "{merge}");
        push(&net, 1);
        net.chant(0, &["sync"]).ok();
        let of = |clone: usize| net.show(clone, &ids[2])["work_commits"].clone();
        assert_eq!((net.status(0, &ids[2]), of(0)), ("completed".to_owned(), of(1)));
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_branch_that_is_ahead_or_was_made_from_another_counts_itself() {
    let (net, ids) = behind();
    // It has all of the remote's and more.
    net.git(1, &["fetch", "-q", "origin", "fix/t:fix/t"]);
    commit(&net, 1, "mine");
    // One that tracks a branch of another name was made from that.
    net.git(1, &["branch", "-q", "--set-upstream-to=origin/main", "fix/t"]);
    let ran = net.chant(1, &["work", &ids[2]]).ok();
    assert!(!ran.err.contains("beginning at") && !ran.err.contains("diverged"), "{}", ran.err);
    assert_eq!(net.git(1, &["show", "fix/t:mine"]), "more");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn branches_that_diverged_are_told_with_the_command_that_joins_them() {
    let (net, ids) = behind();
    commit(&net, 1, "mine");
    let join = "to join them: git switch fix/t && git merge origin/fix/t";
    // The work of the root cause is not in this branch.
    net.chant(1, &["work", &ids[2]]).fails(1, &["completed in fix/t, but the base lacks its work", join]);
    let onto = net.add(1, "Other");
    let ran = net.chant(1, &["work", &onto, "--onto", "fix/t"]);
    assert!(ran.err.contains("'fix/t' and 'origin/fix/t' have diverged; beginning at 'fix/t'"), "{}", ran.err);
    assert!(ran.err.contains(join), "{}", ran.err);
    net.git(1, &["add", "-A"]);
    net.git(1, &["commit", "-qm", "A spec"]);
    net.git(1, &["switch", "-q", "fix/t"]);
    net.git(1, &["merge", "-q", "origin/fix/t"]);
    net.chant(1, &["work", &ids[2]]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_pull_request_is_of_what_the_fork_has_where_that_is_ahead() {
    let (net, ids) = behind();
    net.chant(0, &["work", &ids[2]]).ok();
    let stage = |clone: usize| net.chant(clone, &["pr", "t", "--stage"]);
    let pushes = |clone: usize| stage(clone).ok().out.lines().next().unwrap().to_owned();
    assert_eq!(pushes(0), "git push origin fix/t");
    push(&net, 0);
    net.git(1, &["fetch", "-q"]);
    net.chant(1, &["sync"]).ok();
    // The fork has it: nothing is pushed, least of all the older branch.
    let printed = stage(1).ok().out;
    assert!(printed.starts_with("gh pr create ") && printed.contains("- `file`"), "{printed}");
    net.git(1, &["branch", "-qD", "fix/t"]);
    assert_eq!(stage(1).ok().out, printed, "without a branch here, too");
    // Another fork gets what was fetched.
    let fork = net.sandbox.dir().join("bea/fork.git");
    net.sandbox.git(&["init", "-q", "--bare", fork.to_str().unwrap()]);
    net.git(1, &["remote", "add", "bea", fork.to_str().unwrap()]);
    let printed = net.chant(1, &["pr", "t", "--stage", "--fork", "bea"]).ok().out;
    assert!(printed.starts_with("git push bea refs/remotes/origin/fix/t:refs/heads/fix/t\n"), "{printed}");
    // Where both have commits of their own, neither is offered.
    net.git(1, &["branch", "-q", "fix/t", "origin/fix/t~1"]);
    commit(&net, 1, "mine");
    stage(1)
        .fails(1, &["'fix/t' and 'origin/fix/t' have diverged", "git merge origin/fix/t", "--force-with-lease origin"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_branch_that_was_not_pushed_is_told_in_both_clones_with_the_command() {
    let net = Net::new(2);
    (0..2).for_each(|clone| net.agent(clone, AGENT));
    let phases = "comprehension,root-cause";
    let out = net.chant(0, &["investigate", "t", "--title", "Lost", "--phases", phases]).ok().out;
    let ids: Vec<String> = out.lines().map(|line| line["Created spec: ".len()..][..18].to_owned()).collect();
    net.git(0, &["add", "-A"]);
    net.git(0, &["commit", "-qm", "Specs"]);
    net.chant(0, &["work", &ids[0]]).ok();
    net.git(0, &["push", "-q", "origin", "main"]);
    net.chant(0, &["sync"]).ok().fails(0, &["to push 'fix/t', which no remote has: git push origin fix/t"]);
    net.git(1, &["pull", "-q"]);
    net.chant(1, &["sync"]).ok();
    let why = "is completed in fix/t, which is not in this clone: push it from the clone that has it, then git fetch";
    net.chant(1, &["show", &ids[1]]).ok().fails(0, &[why]);
    net.chant(1, &["status"]).ok().fails(0, &[why]);
    net.chant(1, &["work", &ids[1]]).fails(1, &[why, "git push origin fix/t; then here: git fetch"]);
    net.git(0, &["push", "-q", "origin", "fix/t"]);
    assert!(!net.chant(0, &["sync"]).ok().err.contains("git push"), "once is enough");
    net.git(1, &["fetch", "-q"]);
    net.chant(1, &["work", &ids[1]]).ok();
}
