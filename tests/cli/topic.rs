//! An investigation as `status <topic>` and `list` show it: what was superseded, who took over, which gate waits, and what is on a branch
//! that this clone does not have.

use crate::support::Sandbox;

/// By phase: a document, or a fix with its release notes.
const AGENT: &str = r#"
case $CHANT_PHASE in
comprehension) mkdir -p .chant/research; printf '# What it is\n\nThe second line of the file is lost.\n' >.chant/research/t-comprehension.md ;;
root-cause) mkdir -p .chant/research; printf '# Why\n\nSmall letters are never read.\n\n## Recommendation\n\nWrite capital ones.\n' >.chant/research/t-root-cause.md ;;
fork-fix)
    echo TWO >>file
    sed 's/^<!-- Fill in.*/### Fixed\n\nNothing is lost any longer./' "$CHANT_SPEC_FILE" >.n; cat .n >"$CHANT_SPEC_FILE"; rm .n ;;
esac
tick
"#;

/// An investigation of `t` with these phases; the ids in their order.
fn investigated(phases: &str) -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::new();
    sandbox.agent(AGENT);
    let out = sandbox.chant(&["investigate", "t", "--title", "Lost", "--phases", phases]).ok().out;
    let ids = out.lines().map(|line| line["Created spec: ".len()..][..18].to_owned()).collect();
    sandbox.commit("Specs");
    (sandbox, ids)
}

#[test]
fn what_is_superseded_says_by_what_and_is_not_next() {
    let (sandbox, ids) = investigated("comprehension,root-cause");
    sandbox.chant(&["work", &ids[0]]).ok();
    let again = ["investigate", "t", "--again", "comprehension", "--reason", "it was the first line"];
    let new = sandbox.chant(&again).ok().out.trim()["Created spec: ".len()..][..18].to_owned();
    let superseded = format!("completed (superseded by {})", &new[11..]);
    for command in [&["status", "t"][..], &["list"]] {
        let out = sandbox.chant(command).ok().out;
        let line = out.lines().find(|line| line.contains(&ids[0][11..])).unwrap();
        assert!(line.contains(&superseded), "{out}");
        assert_eq!(out.matches("superseded").count(), 1, "{out}");
    }
    assert_eq!(sandbox.chant(&["status", "t", "--json"]).ok().json()["topic"]["next"], new[11..]);
    // One that failed needs no person.
    sandbox.agent("exit 1");
    sandbox.chant(&["work", &new]).fails(1, &[]);
    let newer = sandbox.chant(&again).ok().out.trim()["Created spec: ".len()..][..18].to_owned();
    let out = sandbox.chant(&["status"]).ok().out;
    assert!(!out.contains("failed") && out.contains(&newer[11..]), "{out}");
}

#[test]
fn who_took_over_an_attempt_is_named() {
    let (sandbox, ids) = investigated("comprehension");
    sandbox.agent("exit 75");
    sandbox.chant(&["work", &ids[0]]);
    let by = || sandbox.chant(&["status", "t", "--json"]).ok().json()["topic"]["steps"][0]["by"].clone();
    assert_eq!(by(), "Ada with scripted");
    let mut takeover = sandbox.command_in(&sandbox.repo, "git");
    takeover.args(["chant", "takeover", &ids[0]]);
    for role in ["AUTHOR", "COMMITTER"] {
        takeover.env(format!("GIT_{role}_NAME"), "Bob").env(format!("GIT_{role}_EMAIL"), "bob@example.com");
    }
    sandbox.run(&mut takeover).ok();
    assert_eq!(by(), "Bob with manual");
    assert!(sandbox.chant(&["status", "t"]).ok().out.contains("Bob with manual"));
}

#[test]
fn work_on_an_investigation_ends_with_the_name_of_the_gate() {
    let (sandbox, ids) = investigated("fork-fix,upstream-pr");
    let gate = &ids[1][11..];
    let waits = format!("'{gate}' waits for your decision: git chant finish {gate}");
    sandbox.chant(&["work", "--topic", "t", "--chain", "--trust"]).ok().fails(0, &[&waits]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_is_on_a_branch_that_is_not_here_is_neither_gone_nor_in_the_way() {
    let (sandbox, ids) = investigated("comprehension,root-cause,fork-fix,upstream-pr");
    let calm = |when: &str| {
        let status = sandbox.chant(&["status"]).ok().out;
        assert!(!status.contains("stale") && !status.contains("lacks"), "{when}: {status}");
        let [listed, drift] = ["list", "drift"].map(|command| sandbox.chant(&[command]).ok().out);
        assert!(!listed.contains("stale") && !listed.contains("dropped"), "{when}: {listed}");
        assert_eq!(drift, "", "{when}");
    };
    sandbox.chant(&["work", &ids[0]]).ok();
    sandbox.agent("exit 1");
    sandbox.chant(&["work", &ids[1]]).fails(1, &[]);
    calm("the branch is here");
    let tip = sandbox.git(&["rev-parse", "fix/t"]);
    sandbox.git(&["branch", "-q", "-D", "fix/t"]);
    calm("the branch is not here, the root cause failed");
    sandbox.git(&["branch", "-q", "fix/t", &tip]);
    sandbox.agent(AGENT);
    sandbox.chant(&["work", "--topic", "t", "--chain", "--trust"]);
    sandbox.chant(&["work", &ids[1]]);
    sandbox.chant(&["work", "--topic", "t", "--chain", "--trust"]).ok();
    // Upstream took the fix, with a line more, and the branch is gone.
    sandbox.git(&["merge", "-q", "--squash", "fix/t"]);
    sandbox.git(&["rm", "-rqf", ".chant/research"]);
    sandbox.write("file", "one\nTWO\nmore\n");
    sandbox.commit("Other words");
    sandbox.git(&["branch", "-q", "-D", "fix/t"]);
    calm("the branch is gone");
    let status = sandbox.chant(&["status"]).ok().out;
    assert!(status.contains("waiting for your decision"), "{status}");
    assert_eq!(sandbox.chant(&["why", "file:2", "--json"]).ok().json()["why"][0]["spec"]["id"], ids[2].as_str());
    // Upstream wants another fix: the research is on the branch that was deleted.
    let out = sandbox.chant(&["investigate", "t", "--again", "fork-fix"]).ok().out;
    let again = &out.lines().next().unwrap()["Created spec: ".len()..][..18];
    let ran = sandbox.chant(&["work", again]).fails(1, &["if it was deleted, to restore it: git branch fix/t "]);
    let (_, commit) = ran.err.split_once("git branch fix/t ").unwrap();
    sandbox.git(&["branch", "fix/t", commit.lines().next().unwrap()]);
    assert!(sandbox.chant(&["list", "--ready", "--format=%(id)"]).ok().out.contains(again));
}

#[test]
fn what_is_superseded_drifts_no_more_and_is_not_reset() {
    let (sandbox, ids) = investigated("comprehension,root-cause");
    let own = "echo \"$CHANT_SPEC_ID\" >>.chant/research/t-$CHANT_PHASE.md\ntick\n";
    sandbox.agent(&AGENT.replace("tick\n", own));
    ids.iter().for_each(|id| drop(sandbox.chant(&["work", id]).ok()));
    let again = |phase: &str| {
        let out = sandbox.chant(&["investigate", "t", "--again", phase, "--reason", "it was wrong"]).ok().out;
        let new = out.trim()["Created spec: ".len()..][..18].to_owned();
        sandbox.chant(&["work", &new]).ok();
        new
    };
    again("comprehension");
    sandbox.chant(&["drift", "--exit-code"]).fails(1, &[]);
    let new = again("root-cause");
    assert_eq!(sandbox.chant(&["drift", "--exit-code"]).ok().out, "");
    assert_eq!(sandbox.show(&ids[1])["stale"], false);
    let refused = format!("cannot reset '{}': '{}' superseded it", &ids[1][11..], &new[11..]);
    sandbox.chant(&["reset", &ids[1]]).fails(1, &[&refused, "git chant cancel"]);
    assert_eq!(sandbox.status(&ids[1]), "completed");
    sandbox.chant(&["archive", "--topic", "t"]).ok();
}

#[test]
fn an_archived_investigation_is_restored_not_made_anew() {
    let (sandbox, ids) = investigated("comprehension,root-cause");
    ids.iter().for_each(|id| drop(sandbox.chant(&["work", id]).ok()));
    // Of one that is archived in part, the archived phase is there.
    sandbox.chant(&["archive", &ids[0]]).ok();
    sandbox
        .chant(&["investigate", "t", "--title", "Lost", "--phases", "comprehension"])
        .fails(1, &["these phases already"]);
    sandbox
        .chant(&["investigate", "t", "--again", "comprehension"])
        .fails(1, &["is archived", "git chant archive --restore"]);
    sandbox.chant(&["archive", "--topic", "t"]).ok();
    let restore = ["the investigation 't' is archived", "git chant archive --restore --topic t"];
    sandbox.chant(&["archive", "--topic", "t"]).fails(1, &restore);
    sandbox.chant(&["investigate", "t", "--title", "Lost"]).fails(1, &restore);
    sandbox.chant(&["investigate", "t", "--again", "comprehension"]).fails(1, &restore);
    sandbox.chant(&["archive", "--restore", "--topic", "t"]).ok();
    // Its title is known.
    let made = sandbox.chant(&["investigate", "t", "--phases", "impact-map"]).ok().out;
    assert!(made.contains("Impact map of t: Lost"), "{made}");
    sandbox.chant(&["investigate", "u"]).fails(129, &["a new investigation needs a title", "--title"]);
}
