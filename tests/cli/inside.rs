//! Commands inside an agent: what only reads works, three ask the process that runs the agent, and everything else is a person's. Each
//! is tried confined and not.

use std::fs;

use crate::{
    agent_work::{GOOD, add, worktree},
    support::{Sandbox, tools::need_that},
};

/// The folder of the run and its mailbox, for scripts, confined or not; and a function that puts what it reads there, sealed as a request of
/// this run with the key that it gets.
const MAILBOX: &str = "
    run=$(git rev-parse --git-common-dir)/chant/runs/$CHANT_ATTEMPT; box=$run/requests
    if [ ! -d $box ]; then box=$(git rev-parse --git-common-dir)/requests; fi
    ask() {
        cat >$box/.text; printf '%s\\n%s\\n' $CHANT_RUN $1 | cat - $box/.text | sha256sum | cut -d' ' -f1 >$box/.x
        cat $box/.text >>$box/.x; mv $box/.x $box/request-$1
    }";

/// A sandbox with one spec, in which `script` is the agent: confined, and not.
fn both(script: &str) -> Vec<(Sandbox, String)> {
    let works = std::process::Command::new("bwrap").args(["--unshare-user", "--bind", "/", "/", "true"]).output();
    let mut sandboxes = vec![Sandbox::new()];
    if need_that(works.is_ok_and(|output| output.status.success()), "a bubblewrap that works") {
        sandboxes.push(Sandbox::new().confined());
    }
    let with_agent = |sandbox: Sandbox| {
        sandbox.agent(script);
        let id = add(&sandbox, "Make it two", &[]);
        (sandbox, id)
    };
    sandboxes.into_iter().map(with_agent).collect()
}

/// What a script left in the file `name` beside the repository.
fn left(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.dir().join(name)).unwrap_or_default()
}

/// The specs that are no part of `known`, as `list` has them.
fn others(sandbox: &Sandbox, known: &str) -> Vec<serde_json::Value> {
    let listed = sandbox.chant(&["list", "--all", "--json"]).ok().json();
    listed["specs"].as_array().unwrap().iter().filter(|spec| spec["id"] != known).cloned().collect()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_follow_up_waits_until_a_person_adopts_it() {
    for (sandbox, id) in both(&format!(
        "{GOOD}; git chant add 'Follow up' --verify 'exit 7' --label later >../said 2>&1 || echo failed >../failed"
    )) {
        sandbox.chant(&["work", &id]).ok();
        assert_eq!((sandbox.status(&id).as_str(), left(&sandbox, "failed").as_str()), ("completed", ""));
        let found = others(&sandbox, &id);
        let [other] = found.as_slice() else { panic!("{found:?}") };
        let other_id = other["id"].as_str().unwrap();
        let short = &other_id[11..];
        assert!(left(&sandbox, "said").contains(short), "{}", left(&sandbox, "said"));
        assert_eq!((&other["status"], &other["ready"]), (&"pending".into(), &false.into()));
        assert_eq!(other["blocked_by"][0]["kind"], "adoption");
        assert!(sandbox.chant(&["list"]).ok().out.contains("(proposed)"));
        assert!(sandbox.chant(&["show", short]).ok().out.contains("not adopted yet"));
        assert!(sandbox.chant(&["status"]).ok().out.contains("git chant add --adopt <spec>"));
        let file = format!(".chant/specs/{other_id}.md");
        assert!(!sandbox.repo.join(&file).exists());
        assert_eq!(sandbox.git(&["ls-tree", "-r", "--name-only", "main", &file]), "");
        sandbox.chant(&["fsck"]).ok();
        sandbox.chant(&["work", short]).fails(1, &["not adopted yet", "git chant add --adopt"]);
        sandbox.chant(&["work", "--all"]);
        sandbox.chant(&["finish", short]).fails(1, &["not adopted yet"]);
        assert_eq!(sandbox.ops(other_id), ["add"]);
        let adopted = sandbox.chant(&["add", "--adopt", short]).ok();
        assert!(adopted.err.contains("verify: exit 7"), "{}", adopted.err);
        assert_eq!(sandbox.ops(other_id), ["add", "adopt"]);
        assert!(sandbox.read(&file).contains("# Follow up"));
        assert_eq!(others(&sandbox, &id)[0]["ready"], true);
        sandbox.chant(&["add", "--adopt", short]).fails(1, &["it is not an agent's proposal"]);
        sandbox.chant(&["fsck"]).ok();
        sandbox.agent(GOOD.replace("two", "three").as_str());
        // It is trusted from now on: its command is run.
        sandbox.chant(&["work", short]).fails(1, &["verify 'exit 7'"]);
    }
}

#[test]
fn a_proposal_that_a_person_does_not_want_is_cancelled() {
    for (sandbox, id) in both(&format!("{GOOD}; git chant add 'Follow up'")) {
        sandbox.chant(&["work", &id]).ok();
        let other = others(&sandbox, &id)[0]["id"].as_str().unwrap().to_owned();
        sandbox.write(&format!(".chant/specs/{other}.md"), "---\n---\n# Another\n");
        sandbox.chant(&["add", "--adopt", &other]).fails(1, &["exists with another text"]);
        fs::remove_file(sandbox.repo.join(format!(".chant/specs/{other}.md"))).unwrap();
        sandbox.chant(&["cancel", &other]).ok();
        sandbox.chant(&["add", "--adopt", &other]).fails(1, &["it is not an agent's proposal"]);
        sandbox.chant(&["fsck"]).ok();
    }
}

#[test]
fn an_agent_fails_its_own_attempt_in_its_own_words() {
    for (sandbox, id) in both(
        "echo half >file; git chant fail $CHANT_SPEC_ID -m \"the file is $(printf '\\033[31m')read only\" || exit 3",
    ) {
        let ran = sandbox.chant(&["work", &id]);
        assert_eq!((ran.code, sandbox.status(&id).as_str()), (1, "failed"), "{}{}", ran.out, ran.err);
        assert_eq!(sandbox.ops(&id), ["add", "start", "fail"]);
        for command in [["show", &id], ["log", &id], ["status", "--all"]] {
            let command = if command[0] == "status" { &command[..1] } else { &command[..] };
            let ran = sandbox.chant(command).ok();
            assert!(ran.out.contains("the file is read only"), "{command:?}: {}", ran.out);
        }
        assert_eq!(fs::read_to_string(worktree(&sandbox, &id).join("file")).unwrap(), "half\n");
        sandbox.agent(&format!("cat $CHANT_PROMPT_FILE >../prompt; {GOOD}"));
        sandbox.chant(&["work", &id]).ok();
        assert!(left(&sandbox, "prompt").contains("the file is read only"));
    }
}

#[test]
fn new_research_is_told_what_was_wrong_with_the_old() {
    let fail = "git chant fail $CHANT_SPEC_ID --research-insufficient -m 'the lock is not reentrant'";
    for (sandbox, id) in both(&format!("case $CHANT_PHASE in '') {GOOD};; esac")) {
        sandbox.chant(&["work", &id]).ok();
        let fix = add(&sandbox, "The fix", &["--informed-by", &id]);
        sandbox.agent(fail);
        let ran = sandbox.chant(&["work", &fix]).fails(1, &["the research is insufficient: the lock is not reentrant"]);
        assert!(ran.err.contains(&format!("--supersedes {}", &id[11..])), "{}", ran.err);
        let again = sandbox.add(&["Research again", "--type", "research", "--supersedes", &id]);
        sandbox.agent("cat $CHANT_PROMPT_FILE >../prompt");
        sandbox.chant(&["work", &again]);
        let prompt = left(&sandbox, "prompt");
        assert!(prompt.contains("the research is insufficient: the lock is not reentrant"), "{prompt}");
    }
}

#[test]
fn notes_are_kept_for_the_next_agent() {
    for (sandbox, id) in both(
        "git chant note $CHANT_SPEC_ID -m 'look at the lock'; git chant note $CHANT_SPEC_ID -m 'and at the file'; exit 3",
    ) {
        sandbox.chant(&["work", &id]).fails(1, &["exited with code 3"]);
        assert_eq!(sandbox.ops(&id), ["add", "start", "note", "note", "fail"]);
        sandbox.chant(&["note", &id, "-m", "by a person"]).ok();
        sandbox.agent(&format!("cat $CHANT_PROMPT_FILE >../prompt; {GOOD}"));
        sandbox.chant(&["work", &id]).ok();
        let prompt = left(&sandbox, "prompt");
        assert!(
            ["look at the lock", "and at the file", "by a person"].iter().all(|note| prompt.contains(note)),
            "{prompt}"
        );
        sandbox.chant(&["fsck"]).ok();
    }
}

/// Commands that only a person may give.
const PERSONS: &[&str] = &[
    "finish",
    "approve",
    "ack -m x",
    "merge",
    "edit",
    "reset",
    "archive",
    "cancel",
    "release",
    "pause",
    "takeover",
    "work",
    "verify",
    "work --trust",
    "finish --trust",
    "verify --trust",
    "unarchive",
    "split",
    "add --adopt",
    "reject -m x",
    "resolve --keep x",
];

#[test]
#[ignore = "slow: .ci/run runs it"]
fn everything_else_is_refused_in_one_line_of_any_spec() {
    let script = format!(
        "said() {{ \"$@\" >out.txt 2>&1; echo \"$? $(wc -l <out.txt) $(cat out.txt)\" >>../said; rm out.txt; }}
        for spec in $CHANT_SPEC_ID {{other}}; do
            {each}
        done
        for verb in sync import recover init deinit prune 'fsck --repair' 'hooks install' 'next --claim'; do said {{how}} git chant $verb; done
        {GOOD}",
        each = PERSONS.iter().map(|verb| format!("said {{how}} git chant {verb} $spec\n")).collect::<String>()
    );
    // With its variables, without them, and out of its group and session as well.
    for how in
        ["", "env -u CHANT_SPEC_ID -u CHANT_ATTEMPT -u CHANT_RUN", "env -i PATH=\"$PATH\" HOME=\"$HOME\" setsid -w"]
    {
        for (sandbox, id) in both("") {
            let other = sandbox.add(&["Another"]);
            let before = sandbox.ops(&other);
            sandbox.agent(&script.replace("{how}", how).replace("{other}", &other));
            sandbox.chant(&["work", &id]).ok();
            let said = left(&sandbox, "said");
            assert_eq!(said.lines().count(), 2 * PERSONS.len() + 9, "{said}");
            for line in said.lines() {
                assert!(line.starts_with("1 1 error: only a person can "), "{how}: {line}");
            }
            assert_eq!(sandbox.ops(&other), before, "{how}");
            assert_eq!(sandbox.ops(&id), ["add", "start", "finish", "land", "complete"], "{how}");
        }
    }
}

#[test]
fn an_agent_fails_and_notes_no_other_spec() {
    for (sandbox, id) in both("") {
        let other = sandbox.add(&["Another"]);
        sandbox.agent(&format!(
            "{GOOD}; git chant fail {other} -m x 2>../said; CHANT_SPEC_ID={other} git chant note {other} -m x 2>>../said; true"
        ));
        sandbox.chant(&["work", &id]).ok();
        let said = left(&sandbox, "said");
        assert_eq!(said.matches("only its own spec").count(), 2, "{said}");
        assert_eq!(sandbox.ops(&other), ["add"]);
    }
}

#[test]
fn what_only_reads_works_inside() {
    let script = format!(
        "for verb in list ready status 'show {{id}}' 'log {{id}}' 'path {{id}}' lint fsck prime 'prune --dry-run' 'graph'; do
        git chant $verb >/dev/null 2>>../said || echo \"$verb\" >>../failed; done; {GOOD}"
    );
    for (sandbox, id) in both("") {
        sandbox.agent(&script.replace("{id}", &id));
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(left(&sandbox, "failed"), "", "{}", left(&sandbox, "said"));
    }
}

#[test]
fn a_run_sees_itself_and_its_clone() {
    for (sandbox, id) in both(&format!("git chant status >../said; {GOOD}")) {
        sandbox.chant(&["work", &id]).ok();
        let said = left(&sandbox, "said");
        assert!(said.contains("process ") && !said.contains("in another clone"), "{said}");
    }
}

#[test]
fn nothing_in_the_mailbox_is_trusted() {
    let script = format!(
        "{MAILBOX}
        head -c 3000000 /dev/zero | ask 0000000000000001
        ln -s ../../../../config $box/request-0000000000000002; ln -s /dev/zero $box/request-0000000000000003
        mkfifo $box/request-0000000000000004; mkdir $box/request-0000000000000005
        printf '%s' '{{\"ask\":\"fail\",\"reason\":\"x\",\"research_insufficient\":false,\"spec\":\"{{other}}\"}}' | ask 0000000000000006
        printf '%s' '{{\"ask\":\"approve\"}}' | ask 0000000000000007
        printf '%s' '{{\"ask\":\"add\",\"text\":\"---\\nverify: {{\\n---\\n# T\\n\",\"onto\":null}}' | ask 0000000000000008
        printf '%s' '{{\"ask\":\"add\",\"text\":\"---\\n---\\n# T\\n\",\"onto\":\"refs/chant/x\"}}' | ask 0000000000000009
        printf '%s' '{{\"ask\":\"note\",\"text\":\" \"}}' | ask 000000000000000a
        printf '%s' '{{\"ask\":\"note\",\"text\":\"fine\"}}' | ask 000000000000000b
        git chant note $CHANT_SPEC_ID -m 'answered all the same'
        printf '%s' '{{\"ask\":\"note\",\"text\":\"again\"}}' | ask 000000000000000b
        printf '%s' '{{\"ask\":\"note\",\"text\":\"odd\"}}' | ask 000000000000000X
        git chant note $CHANT_SPEC_ID -m 'one' & git chant note $CHANT_SPEC_ID -m 'two' & wait
        {GOOD}"
    );
    for (sandbox, id) in both("") {
        let other = sandbox.add(&["Another"]);
        sandbox.agent(&script.replace("{other}", &other));
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.ops(&other), ["add"]);
        assert_eq!(others(&sandbox, &id).len(), 1);
        let log = sandbox.chant(&["log", &id]).ok().out;
        for (note, count) in [
            ("    fine\n", 1),
            ("answered all the same", 1),
            ("    one\n", 1),
            ("    two\n", 1),
            ("again", 0),
            ("odd", 0),
        ] {
            assert_eq!(log.matches(note).count(), count, "{note}: {log}");
        }
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_run_asks_for_nothing_in_the_mailbox_of_another() {
    // The one asks in the other's mailbox, while the other waits for it; then it copies what the other asked for.
    let script = "common=$(cat $(git rev-parse --git-dir)/commondir | sed 's|/chant/runs/.*||'); case $common in /*) ;; *) common=$(git rev-parse --git-common-dir) ;; esac
        case $(cat $CHANT_SPEC_FILE) in
        *intruder*)
            until [ -e ../waits ]; do sleep 0.05; done
            for run in $common/chant/runs/*; do case $run in *$CHANT_ATTEMPT) continue;; esac
            for box in $run/requests $run/git/requests; do
                printf '%s' '{\"ask\":\"fail\",\"reason\":\"by another\",\"research_insufficient\":false}' >.json
                printf 'x\n1\n' | cat - .json | sha256sum | cut -d' ' -f1 | cat - .json >.sealed
                cp .json $box/request-0000000000000001; cp .sealed $box/request-0000000000000002
                for real in $box/request-*; do cp $real $box/request-0000000000000003; done
            done; done 2>>../said; rm -f .json .sealed; : >../asked ;;
        *)  git chant note $CHANT_SPEC_ID -m 'mine'; : >../waits
            until [ -e ../asked ]; do sleep 0.05; done ;;
        esac";
    for (sandbox, id) in both(script) {
        let intruder = add(&sandbox, "The intruder", &[]);
        sandbox.agent(&format!("{script}\n{GOOD}"));
        let ran = sandbox.chant(&["work", "--all", "--jobs", "2"]);
        let log = sandbox.chant(&["log", &id]).ok().out;
        assert_eq!(log.matches("    mine\n").count(), 1, "{log}");
        assert!(!log.contains("by another"), "{log}");
        assert!(sandbox.ops(&id).contains(&"finish".to_owned()), "{}{}", ran.out, ran.err);
        assert_eq!(sandbox.status(&intruder), "completed");
        let confined = left(&sandbox, "said").contains("Read-only");
        let warned = ran.err.contains("ignored a request in the mailbox of this run that does not come from its agent");
        assert!(confined || warned, "{}", ran.err);
    }
}

#[test]
fn what_was_asked_and_not_waited_for_counts_when_the_agent_ends() {
    let script = format!(
        "{GOOD}\n{MAILBOX}\nprintf '%s' '{{\"ask\":\"fail\",\"reason\":\"no\",\"research_insufficient\":true}}' | ask 00000000000000aa"
    );
    for (sandbox, id) in both(&script) {
        sandbox.chant(&["work", &id]).fails(1, &["the research is insufficient: no"]);
        assert_eq!(sandbox.status(&id), "failed");
    }
}

#[test]
fn what_was_asked_before_the_process_was_killed_counts_at_recovery() {
    let sandbox = Sandbox::new();
    sandbox.agent(&format!(
        "{MAILBOX}
        p=$PPID; while [ \"$p\" -gt 1 ]; do n=$(ps -o ppid= -p $p | tr -d ' ')
        case $(ps -o args= -p $p) in *'chant work'*) kill -9 $p;; esac; p=${{n:-1}}; done
        printf '%s' '{{\"ask\":\"note\",\"text\":\"left behind\"}}' | ask 0000000000000001
        printf '%s' '{{\"ask\":\"add\",\"text\":\"---\\n---\\n# Follow up\\n\",\"onto\":null}}' | ask 0000000000000002
        printf '%s' '{{\"ask\":\"fail\",\"reason\":\"too hard\",\"research_insufficient\":false}}' | ask 0000000000000003
        echo done >../asked"
    ));
    let id = add(&sandbox, "Make it two", &[]);
    sandbox.chant(&["work", &id]);
    while !sandbox.dir().join("asked").exists() {
        std::thread::yield_now();
    }
    sandbox.chant(&["recover"]).ok();
    sandbox.chant(&["recover"]).ok();
    assert_eq!(sandbox.status(&id), "failed");
    assert!(sandbox.chant(&["show", &id]).ok().out.contains("too hard"));
    assert_eq!(sandbox.ops(&id), ["add", "start", "note", "fail"]);
    assert_eq!(others(&sandbox, &id).len(), 1);
}
