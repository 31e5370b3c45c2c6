//! Several specs with one command, and several such commands at once.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Stdio},
};

use serde_json::Value;

use crate::support::{Ran, Sandbox, terminal::Terminal, watch::until};

/// Writes a file of its own, and its name into a log.
const WORKS: &str = "echo \"$CHANT_SPEC_ID\" >>\"$HOME/log\"; echo two >\"file-$CHANT_SPEC_ID\"; tick";

fn specs(sandbox: &Sandbox, count: usize) -> Vec<String> {
    (0..count).map(|n| sandbox.add(&[&format!("Spec {n}")])).collect()
}

fn start(sandbox: &Sandbox, args: &[&str]) -> Child {
    sandbox.binary(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(child: Child) -> Ran {
    Ran::of(child.wait_with_output().unwrap())
}

/// What a run under `--json` says: each short id with its outcome.
fn outcomes(ran: &Ran) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let json = ran.json();
    let worked = json["worked"].as_array().unwrap();
    worked.iter().map(|one| (text(&one["spec"]["id"]), text(&one["outcome"]))).collect()
}

fn log(sandbox: &Sandbox) -> Vec<String> {
    let log = std::fs::read_to_string(sandbox.dir().join("home/log")).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

fn clean(sandbox: &Sandbox) {
    assert_eq!(sandbox.chant(&["fsck", "--json"]).ok().json()["problems"], serde_json::json!([]));
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(sandbox.git(&["branch", "--format=%(refname:short)"]), "main");
}

#[test]
fn what_another_process_has_meanwhile_is_told_and_left_to_it() {
    let sandbox = Sandbox::new();
    let ids = specs(&sandbox, 2);
    sandbox.agent("touch \"$HOME/begun-$CHANT_SPEC_ID\"; until [ -e \"$HOME/go-$CHANT_SPEC_ID\" ]; do sleep 0.01; done; echo two >\"file-$CHANT_SPEC_ID\"");
    let home = sandbox.dir().join("home");
    let begun = |id: &str| until(|| home.join(format!("begun-{id}")).exists());
    let go = |id: &str| std::fs::write(home.join(format!("go-{id}")), "").unwrap();
    let all = start(&sandbox, &["work", "--all"]);
    begun(&ids[0]);
    let other = start(&sandbox, &["work", &ids[1]]);
    begun(&ids[1]);
    go(&ids[0]);
    let all = ended(all).ok();
    assert!(all.err.contains("' is being worked on by Ada "), "{}", all.err);
    assert!(all.out.ends_with("1 completed\n"), "{}", all.out);
    go(&ids[1]);
    ended(other).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn eight_at_once_into_the_branch_where_a_person_edits_stages_and_commits() {
    let sandbox = Sandbox::new();
    let ids = specs(&sandbox, 8);
    sandbox.agent(WORKS);
    let running = start(&sandbox, &["work", "--all", "--jobs", "8", "--json"]);
    let mut commits = 0;
    let mut running = Some(running);
    while running.as_mut().unwrap().try_wait().unwrap().is_none() {
        commits += 1;
        sandbox.write("mine", &format!("{commits}\n"));
        // The index may be in other hands, or the branch move between reading and writing it, as with any two people.
        let git = |args: &[&str]| while sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(args)).code != 0 {};
        git(&["add", "mine"]);
        git(&["commit", "-qm", &format!("Mine {commits}"), "--", "mine"]);
        sandbox.write("mine", "staged\n");
        git(&["add", "mine"]);
        sandbox.write("mine", "not staged\n");
        sandbox.write("untracked", "neither\n");
    }
    let ran = ended(running.take().unwrap());
    for (id, outcome) in outcomes(&ran) {
        assert!(["completed", "finished"].contains(&outcome.as_str()), "{id} is {outcome}: {}{}", ran.err, ran.out);
        assert_eq!(sandbox.status(&id), outcome);
        let file = format!("main:file-{}", id);
        let there = sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(["cat-file", "-e", &file])).code == 0;
        assert_eq!(there, outcome == "completed", "{id}");
        if outcome == "finished" {
            sandbox.chant(&["merge", &id]).ok();
        }
    }
    assert_eq!(outcomes(&ran).len(), 8);
    assert_eq!(sandbox.read("mine"), "not staged\n");
    assert_eq!(sandbox.read("untracked"), "neither\n");
    assert!(ids.iter().all(|id| sandbox.status(id) == "completed"));
    assert_eq!(sandbox.git(&["show", ":mine"]), "staged");
    assert_eq!(sandbox.git(&["log", "--format=%s", "--grep", "^Mine "]).lines().count(), commits);
    sandbox.git(&["checkout", "-q", "HEAD", "--", "mine"]);
    std::fs::remove_file(sandbox.repo.join("untracked")).unwrap();
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn any_number_of_processes_share_the_queue() {
    let sandbox = Sandbox::new();
    let ids = specs(&sandbox, 12);
    sandbox.agent(WORKS);
    let running: Vec<_> =
        (0..3).map(|_| start(&sandbox, &["work", "--all", "--chain", "--jobs", "2", "--json"])).collect();
    let mut seen = BTreeSet::new();
    for child in running {
        let ran = ended(child).ok();
        assert!(!ran.err.contains("warning:"), "{}", ran.err);
        for (id, outcome) in outcomes(&ran) {
            assert_eq!(outcome, "completed");
            assert!(seen.insert(id.clone()), "{id} was worked twice");
        }
    }
    assert_eq!(seen, ids.iter().cloned().collect());
    assert_eq!(log(&sandbox).len(), 12);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_chain_is_worked_in_the_order_of_its_dependencies() {
    let sandbox = Sandbox::new();
    let first = sandbox.add(&["First"]);
    let second = sandbox.add(&["Second", "--depends-on", &first]);
    let third = sandbox.add(&["Third", "--depends-on", &second]);
    let other = sandbox.add(&["Other"]);
    sandbox.agent(WORKS);
    let ran = sandbox.chant(&["work", &first, "--chain", "--jobs", "2", "--json"]).ok();
    assert_eq!(log(&sandbox), [&first, &second, &third].map(String::clone));
    assert_eq!(outcomes(&ran).len(), 3);
    assert_eq!(sandbox.status(&other), "pending", "it did not become ready by that");
    sandbox.chant(&["work", "--all", "--chain"]).ok();
    assert_eq!(sandbox.status(&other), "completed");
    clean(&sandbox);
}

#[test]
fn named_ones_wait_for_each_other_and_only_for_each_other() {
    let sandbox = Sandbox::new();
    let outside = sandbox.add(&["Outside"]);
    let first = sandbox.add(&["First"]);
    let second = sandbox.add(&["Second", "--depends-on", &first]);
    let stuck = sandbox.add(&["Stuck", "--depends-on", &outside]);
    sandbox.agent(WORKS);
    let ran = sandbox.chant(&["work", &second, &stuck, &first, "-k", "--json"]);
    assert_eq!(ran.code, 1);
    let found = outcomes(&ran);
    assert_eq!(found[0], (stuck.clone(), "refused".to_owned()));
    assert_eq!(found[1..], [(first.clone(), "completed".to_owned()), (second.clone(), "completed".to_owned())]);
    assert!(ran.json()["worked"][0]["why"].as_str().unwrap().contains("is not ready"), "{}", ran.out);
    assert_eq!(sandbox.status(&outside), "pending");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn one_that_is_not_done_stops_the_rest_unless_it_is_told_to_keep_going() {
    for keep_going in [false, true] {
        let sandbox = Sandbox::new();
        let ids = specs(&sandbox, 4);
        let next = sandbox.add(&["Next", "--depends-on", &ids[1]]);
        sandbox.agent(&format!("[ \"$CHANT_SPEC_ID\" = {} ] && exit 3\n{WORKS}", ids[1]));
        let mut args = vec!["work", "--all", "--chain", "--json"];
        if keep_going {
            args.push("--keep-going");
        }
        let ran = sandbox.chant(&args);
        assert_eq!(ran.code, 1);
        let json = ran.json();
        let expected: &[&str] =
            if keep_going { &["completed", "failed", "completed", "completed"] } else { &["completed", "failed"] };
        assert_eq!(outcomes(&ran).into_iter().map(|(_, outcome)| outcome).collect::<Vec<_>>(), expected);
        assert_eq!((json["left"].as_u64(), json["waiting"].as_u64()), (Some(if keep_going { 0 } else { 2 }), Some(1)));
        assert_eq!(sandbox.status(&next), "pending");
        let said = sandbox.chant(&["work", "--all", "--max", "1"]).out;
        if keep_going {
            assert_eq!(said, "");
        } else {
            assert!(said.ends_with("1 completed; 1 not begun\n"), "{said}");
        }
    }
}

#[test]
fn labels_topics_phases_and_a_number_choose() {
    let sandbox = Sandbox::new();
    let fast = sandbox.add(&["Fast", "--label", "fast"]);
    let slow = sandbox.add(&["Slow", "--label", "slow"]);
    let topic = sandbox.add(&["About it", "--topic", "issue-1"]);
    let phase = sandbox.add(&["Map", "--type", "research", "--phase", "impact-map", "--topic", "issue-2"]);
    sandbox.agent(WORKS);
    sandbox.chant(&["work", "--label", "fast,other"]).ok();
    assert_eq!([&fast, &slow, &topic].map(|id| sandbox.status(id)), ["completed", "pending", "pending"]);
    sandbox.chant(&["work", "--topic", "issue-1"]).ok();
    assert_eq!([&slow, &topic, &phase].map(|id| sandbox.status(id)), ["pending", "completed", "pending"]);
    assert_eq!(sandbox.chant(&["next", "--phase", "impact-map", "--format=%(id)"]).ok().out.trim(), phase);
    sandbox.chant(&["work", "--label", "absent-has-it"]).ok();
    sandbox.chant(&["work", "--topic", "issue-11"]).fails(1, &["no such investigation: 'issue-11'"]);
    sandbox.chant(&["work", "--topic", "issue-1"]).ok();
    sandbox.chant(&["work", &slow, "--label", "slow"]).fails(129, &["cannot be combined with a selection by label"]);
    sandbox.chant(&["work"]).fails(129, &["<spec>"]);
    sandbox.chant(&["work", "--all", "--jobs", "0"]).fails(129, &["from 1 to 256"]);
    sandbox.chant(&["work", "--all", "--max", "0"]).ok();
    assert_eq!(sandbox.status(&slow), "pending");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_agent_runs_only_so_many_times_at_once_from_any_command() {
    let sandbox = Sandbox::new();
    specs(&sandbox, 8);
    std::fs::create_dir(sandbox.dir().join("home/now")).unwrap();
    sandbox.agent(&format!(
        "mkdir \"$HOME/now/$CHANT_SPEC_ID\"; ls \"$HOME/now\" | wc -l >>\"$HOME/most\"
n=0; until [ \"$(ls \"$HOME/now\" | wc -l)\" -ge 2 ] || [ $n = 100 ]; do n=$((n+1)); sleep 0.02; done
ls \"$HOME/now\" | wc -l >>\"$HOME/most\"; {WORKS}; rmdir \"$HOME/now/$CHANT_SPEC_ID\""
    ));
    sandbox.git(&["config", "chant.agent.scripted.jobs", "2"]);
    let running: Vec<_> = (0..2).map(|_| start(&sandbox, &["work", "--all", "--jobs", "4"])).collect();
    for child in running {
        ended(child).ok();
    }
    let most = std::fs::read_to_string(sandbox.dir().join("home/most")).unwrap();
    let most: Vec<u32> = most.lines().map(|line| line.trim().parse().unwrap()).collect();
    assert_eq!(most.len(), 16);
    assert_eq!(most.into_iter().max(), Some(2));
    sandbox.git(&["config", "chant.agent.scripted.jobs", "many"]);
    sandbox.add(&["One more"]);
    sandbox.chant(&["work", "--all"]).fails(128, &["chant.agent.scripted.jobs", "many"]);
}

#[test]
fn a_spec_that_another_process_worked_during_the_wait_is_left_as_it_is() {
    let sandbox = Sandbox::new();
    let ids = specs(&sandbox, 2);
    sandbox.agent(&format!("touch \"$HOME/begun\"; until [ -e \"$HOME/go\" ]; do sleep 0.02; done; {WORKS}"));
    sandbox.git(&["config", "chant.agent.scripted.jobs", "1"]);
    let other = "echo two >two; echo x >>\"$HOME/log\"; sed -i 's/- \\[ \\]/- [x]/' \"$CHANT_SPEC_FILE\"";
    sandbox.git(&["config", "chant.agent.other.cmd", other]);
    let first = start(&sandbox, &["work", &ids[0]]);
    let begun = sandbox.dir().join("home/begun");
    while !begun.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let mut second = start(&sandbox, &["work", &ids[1]]);
    let mut said = BufReader::new(second.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("waiting: 'scripted'") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it does not wait");
    }
    sandbox.chant(&["work", &ids[1], "--agent", "other", "--no-merge"]).ok();
    std::fs::write(sandbox.dir().join("home/go"), "").unwrap();
    ended(first).ok();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(1));
    assert!(rest.contains("is finished and waiting to be merged"), "{rest}");
    assert_eq!((sandbox.status(&ids[1]).as_str(), log(&sandbox).len()), ("finished", 2));
    sandbox.chant(&["merge", &ids[1]]).ok();
    clean(&sandbox);
}

#[test]
fn what_finishing_another_spec_trusts_was_not_written_by_the_agent() {
    let sandbox = Sandbox::new();
    sandbox.write("body.md", "## Acceptance Criteria\n\n- [ ] it is done\n");
    let options = ["--verify", "true", "--body-file", "body.md"];
    let ids: Vec<String> = (0..2).map(|n| sandbox.add(&[&[&*format!("Spec {n}")], &options[..]].concat())).collect();
    std::fs::remove_file(sandbox.repo.join("body.md")).unwrap();
    let waits = "touch \"$HOME/begun\"; until [ -e \"$HOME/go\" ]; do sleep 0.02; done";
    sandbox.agent(&format!("case $CHANT_SPEC_ID in {}) {waits};; esac; {WORKS}", ids[1]));
    let held = start(&sandbox, &["work", &ids[1]]);
    while !sandbox.dir().join("home/begun").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    sandbox.chant(&["work", &ids[0]]).ok();
    std::fs::write(sandbox.dir().join("home/go"), "").unwrap();
    let ran = ended(held).ok();
    assert!(!ran.err.contains("written down"), "{}", ran.err);
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_agent_that_is_rate_limited_is_left_alone_and_goes_on() {
    let sandbox = Sandbox::new();
    let ids = specs(&sandbox, 2);
    sandbox.agent(&format!(
        "if [ ! -e \"$HOME/limited\" ]; then touch \"$HOME/limited\"; echo half >half; exit 75; fi\n{WORKS}"
    ));
    sandbox.git(&["config", "chant.rateLimitPause", "1s"]);
    let ran = sandbox.chant(&["work", "--all", "--json"]).ok();
    assert_eq!(outcomes(&ran).into_iter().map(|(_, outcome)| outcome).collect::<Vec<_>>(), ["completed", "completed"]);
    assert_eq!(sandbox.ops(&ids[0]), ["add", "start", "pause", "resume", "finish", "land", "complete"]);
    assert_eq!(sandbox.read("half"), "half\n");
    // One that never stops saying so is paused in the end.
    let id = sandbox.add(&["Never"]);
    sandbox.agent("exit 75");
    sandbox.git(&["config", "chant.rateLimitPause", "none"]);
    let ran = sandbox.chant(&["work", "--all", "--json"]);
    assert_eq!((ran.code, outcomes(&ran)), (1, vec![(id.clone(), "paused".to_owned())]));
    assert_eq!(sandbox.status(&id), "paused");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_interrupt_pauses_what_runs_and_begins_nothing_more() {
    let sandbox = Sandbox::new();
    let ids = specs(&sandbox, 4);
    sandbox.agent("echo half >half; touch \"$HOME/ready-$CHANT_SPEC_ID\"; sleep 1000");
    let running = start(&sandbox, &["work", "--all", "--jobs", "2", "--json"]);
    let ready = |id: &String| sandbox.dir().join(format!("home/ready-{}", id)).exists();
    while ids.iter().filter(|id| ready(id)).count() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    sandbox.run(sandbox.command_in(sandbox.dir(), "kill").args(["-INT", &running.id().to_string()])).ok();
    let ran = ended(running);
    assert_eq!(ran.code, 130, "{}", ran.err);
    assert_eq!(outcomes(&ran).into_iter().map(|(_, outcome)| outcome).collect::<Vec<_>>(), ["paused", "paused"]);
    assert_eq!(ids.iter().map(|id| sandbox.status(id)).filter(|status| status == "pending").count(), 2);
    sandbox.agent("tick; echo \"$CHANT_SPEC_ID\" >\"f-$CHANT_SPEC_ID\"; rm -f half");
    let mut all = vec!["work"];
    all.extend(ids.iter().map(String::as_str));
    sandbox.chant(&all).ok();
    assert!(ids.iter().all(|id| sandbox.status(id) == "completed"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn eight_that_take_the_next_get_eight_and_the_ninth_is_told_that_there_is_none() {
    let sandbox = Sandbox::new();
    let ids = specs(&sandbox, 8);
    assert_eq!(sandbox.chant(&["next", "--format=%(id)"]).ok().out.trim(), ids[0]);
    let running: Vec<_> = (0..8).map(|_| start(&sandbox, &["next", "--claim", "--json"])).collect();
    let mut taken = BTreeSet::new();
    for child in running {
        let json = ended(child).ok().json();
        let id = json["spec"]["id"].as_str().unwrap().to_owned();
        assert_eq!(json["spec"]["status"], "in_progress");
        let place = std::path::PathBuf::from(json["path"].as_str().unwrap());
        assert!(place.join(format!(".chant/specs/{id}.md")).is_file());
        let prompt = std::fs::read_to_string(json["prompt_file"].as_str().unwrap()).unwrap();
        assert!(prompt.contains(place.to_str().unwrap()), "{prompt}");
        std::fs::write(place.join(format!("file-{}", id)), "two\n").unwrap();
        assert!(taken.insert(id.clone()), "{id} was given twice");
    }
    assert_eq!(taken, ids.iter().cloned().collect());
    for args in [&["next"][..], &["next", "--claim"]] {
        sandbox.chant(args).fails(1, &["nothing is ready", "git chant list --ready --explain"]);
    }
    for id in &taken {
        let place = sandbox.show(id)["worktree"].as_str().unwrap().to_owned();
        sandbox.chant_in(std::path::Path::new(&place), &["finish", id]).ok();
        assert_eq!(sandbox.status(id), "completed");
    }
}

#[test]
fn on_a_terminal_each_worker_has_a_line_and_the_end_stays() {
    let sandbox = Sandbox::new();
    let ids = specs(&sandbox, 3);
    sandbox.agent(&format!("echo 'thinking hard'; sleep 0.6; {WORKS}"));
    let mut command = sandbox.binary(&["work", "--all", "--jobs", "2"]);
    command.env("TERM", "xterm").env("COLUMNS", "100");
    let (screen, _) = Terminal::start(command).end();
    assert!(screen.contains("thinking hard") && screen.contains("2 running"), "{screen:?}");
    for id in &ids {
        assert!(screen.contains(&format!("{}\u{1b}", &id[11..])) || screen.contains(&id[11..]), "{screen:?}");
    }
    assert!(screen.contains("3 completed"), "{screen:?}");
    assert!(ids.iter().all(|id| sandbox.status(id) == "completed"));
}

#[test]
fn where_all_that_is_left_is_paused_it_is_named_with_the_way_on() {
    let sandbox = Sandbox::new();
    let ids = specs(&sandbox, 2);
    sandbox.git(&["config", "chant.rateLimitPause", "none"]);
    sandbox.agent("exit 75");
    for id in &ids {
        let ran = sandbox.chant(&["work", id]).fails(1, &[&format!("to resume it: git chant work {}", &id[11..])]);
        assert!(!ran.err.contains("git chant finish"), "that would end what can be resumed: {}", ran.err);
    }
    let all = format!("git chant work {} {}", &ids[0][11..], &ids[1][11..]);
    let ran = sandbox.chant(&["work", "--all"]).ok();
    assert!(
        ran.err.contains(&format!("nothing is ready, and 2 specs are paused; to resume them: {all}\n")),
        "{}",
        ran.err
    );
    sandbox.chant(&["next"]).fails(1, &["nothing is ready", &format!("2 specs are paused; to resume them: {all}\n")]);
    let ran = sandbox.chant(&["work", "--all", "--label", "other"]).ok();
    assert!(ran.err.contains("nothing is ready; to see why: "), "{}", ran.err);
    sandbox.agent("echo two >\"file-$CHANT_SPEC_ID\"; tick");
    sandbox.chant(&all.split(' ').skip(2).collect::<Vec<_>>()).ok();
    assert!(ids.iter().all(|id| sandbox.status(id) == "completed"));
}

#[test]
fn what_a_failed_set_up_printed_is_told_of_several_specs_too() {
    let sandbox = Sandbox::new();
    specs(&sandbox, 2);
    sandbox.agent(WORKS);
    sandbox.git(&["config", "chant.worktreeSetup", "echo 'no compiler'; exit 9"]);
    let ran = sandbox.chant(&["work", "--all"]).fails(1, &["chant.worktreeSetup exited with code 9"]);
    assert!(ran.err.contains("'\nwarning:     no compiler\n"), "{}", ran.err);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_two_have_done_at_once_releases_what_waits_for_either() {
    let sandbox = Sandbox::new();
    let [one, two] = ["One", "Two"].map(|title| sandbox.add(&[title]));
    let after = sandbox.add(&["After two", "--depends-on", &two]);
    // So many that the first, once it is done, is still looked at when the second is.
    let mut args = vec!["work".to_owned(), "--json".into(), "--jobs=2".into(), "--max=3".into()];
    args.extend([&one, &two, &after].map(String::clone));
    for number in 100..700 {
        let id = format!("2026-02-08-{number}-abc");
        let text = format!("---\ndepends_on: [{one}, {after}]\n---\n# S\n");
        sandbox.write(&format!(".chant/specs/{id}.md"), &text);
        args.push(id);
    }
    let merged = format!("git cat-file -e main:file-{one} 2>&-");
    sandbox.agent(&format!("case $CHANT_SPEC_ID in {two}) until {merged}; do sleep 0.02; done;; esac; {WORKS}"));
    let ran = sandbox.chant(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let done: BTreeSet<String> = outcomes(&ran).into_iter().map(|(id, _)| id).collect();
    assert_eq!(done, BTreeSet::from([one, two, after]), "{}", ran.err);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_others_spend_while_a_run_waits_for_its_turn_counts() {
    let sandbox = Sandbox::new();
    let ids = specs(&sandbox, 2);
    let at = |name: &str| sandbox.dir().join("home").join(name);
    let costs = r#"{"type":"result","subtype":"success","is_error":false,"result":"Done.","total_cost_usd":0.1}"#;
    let script = format!("touch ~/begun; until [ -e ~/go ]; do sleep 0.02; done; {WORKS}; echo '{costs}'");
    for (key, value) in [
        ("chant.agent", "claude"),
        ("chant.agent.claude.cmd", &*script),
        ("chant.agent.claude.jobs", "1"),
        ("chant.budget.day", "0.05"),
    ] {
        sandbox.git(&["config", key, value]);
    }
    let first = start(&sandbox, &["work", &ids[0]]);
    until(|| at("begun").exists());
    let mut second = start(&sandbox, &["work", &ids[1]]);
    let mut lines = BufReader::new(second.stderr.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("waiting: 'claude' runs once already")));
    std::fs::write(at("go"), "").unwrap();
    ended(first).ok();
    let said: Vec<String> = lines.map(|line| line.unwrap()).collect();
    assert!(said.iter().any(|line| line.contains("the budget of the day is used up: 0.1 of 0.05 USD")), "{said:?}");
    assert_eq!((ended(second).code, sandbox.status(&ids[1])), (1, "pending".to_owned()));
}
