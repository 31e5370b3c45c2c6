//! Two maintainers with one server, in silent mode: an investigation in turns, a fix that upstream squashes, and what is known of it then.

use super::net::{Net, Transport};

/// By phase: a document with what the one before it found, a failing test, or the fix.
const AGENT: &str = r#"
found=$(grep -hs FOUND .chant/research/* | tail -1)
document() { mkdir -p .chant/research; printf '# %s\n\nAfter "%s".\n\n## Recommendation\n\nWrite two, FOUND in %s.\n' "$CHANT_PHASE" "$found" "$CHANT_PHASE" >".chant/research/lost-$CHANT_PHASE.md"; }
case $CHANT_PHASE in
comprehension | root-cause) document ;;
reproduction) echo 'grep -q two file || { echo "1 failed"; exit 1; }' >test.sh; git add test.sh; git commit -qm 'Show it' ;;
fork-fix)
    echo two >file; git commit -qam 'Write two'
    sed 's/^<!-- Fill in.*/### Fixed\n\nNo write is lost any longer./' "$CHANT_SPEC_FILE" >.t; cat .t >"$CHANT_SPEC_FILE"; rm .t ;;
esac
sed 's/- \[ \]/- [x]/' "$CHANT_SPEC_FILE" >.t; cat .t >"$CHANT_SPEC_FILE"; rm .t
"#;

#[test]
#[ignore = "slow: .ci/run runs it"]
fn they_take_turns_and_the_trail_outlives_a_squash_and_the_archive() {
    let mut net = Net::over(Transport::Daemon, 2);
    for clone in 0..2 {
        net.chant(clone, &["init", "--silent"]).ok();
        net.git(clone, &["config", "chant.remote", "origin"]);
        net.agent(clone, AGENT);
    }
    let phases = "comprehension,reproduction,root-cause,fork-fix";
    let args = ["investigate", "lost", "--title", "Lost", "--phases", phases, "--reproduces", "sh test.sh"];
    let out = net.chant(0, &args).ok().out;
    let ids: Vec<&str> = out.lines().map(|line| &line["Created spec: ".len()..][..18]).collect();
    for (turn, id) in ids.iter().enumerate() {
        let (mine, theirs) = (turn % 2, (turn + 1) % 2);
        net.chant(mine, &["work", id, "--trust"]).ok();
        net.settle(|count| (0..count).collect());
        // A document is in no commit: the branch begins with the test.
        if !net.held(net.dir(mine), "refs/heads/fix/lost").is_empty() {
            net.git(mine, &["push", "-q", "origin", "fix/lost"]);
            net.git(theirs, &["fetch", "-q", "origin", "fix/lost:fix/lost"]);
        }
        assert_eq!(net.status(theirs, id), "completed");
    }
    let cause = std::fs::read_to_string(net.dir(0).join(".chant/research/lost-root-cause.md")).unwrap();
    assert!(cause.contains("FOUND in comprehension"), "{cause}");

    // Upstream takes all of it as one commit.
    let url = net.git(0, &["config", "remote.origin.url"]);
    let upstream = net.add_clone(&url);
    net.git(upstream, &["merge", "-q", "--squash", "origin/fix/lost"]);
    net.git(upstream, &["commit", "-qm", "Lose no write (#7)"]);
    net.git(upstream, &["push", "-q", "origin", "main"]);
    let why = |net: &Net, clone: usize| net.chant(clone, &["why", "file:1", "--json"]).ok().json()["why"][0].clone();
    let mut known = Vec::new();
    for clone in 0..2 {
        net.git(clone, &["pull", "-q", "origin", "main"]);
        let answer = why(&net, clone);
        assert_eq!(answer["spec"]["id"], ids[3], "clone {clone}: {answer}");
        let printed = net.chant(clone, &["why", "file:1"]).ok().out;
        assert!(printed.contains("> Write two, FOUND in root-cause."), "{printed}");
        assert!(printed.contains("reproduces"), "the proof: {printed}");
        known.push(answer);
    }
    net.chant(0, &["archive", "--topic", "lost"]).ok();
    for (clone, known) in known.iter().enumerate() {
        net.chant(clone, &["sync"]).ok();
        assert_eq!(net.status(clone, ids[3]), "archived");
        let archived = why(&net, clone);
        let of = |answer: &serde_json::Value| (answer["research"].clone(), answer["checks"].clone());
        assert_eq!(of(&archived), of(known), "clone {clone}");
    }
    assert_eq!(net.git(0, &["log", "--format=%H", "main", "fix/lost", "--", ".chant"]), "");
}
