//! The commands that are killed, each with the repository that it starts from and the one command that goes on after it.

use crate::{support::Sandbox, trial::Left};

/// What a scenario starts from: its repository, and the spec that it is about.
pub(crate) struct Start {
    pub(crate) sandbox: Sandbox,
    pub(crate) id: String,
}

/// One command.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Makes the repository. Run once.
    pub(crate) prepare: fn() -> Start,
    /// The command, `ID` standing for the spec.
    pub(crate) command: &'static [&'static str],
    /// What a person does next, by the status that the spec has then.
    pub(crate) go_on: fn(&str) -> &'static [&'static str],
}

pub(crate) const ALL: &[Scenario] = &[
    Scenario { name: "add-first", prepare: untouched, command: &["add", "First"], go_on: |_| &["recover"] },
    Scenario { name: "add", prepare: with_changes, command: &["add", "Another"], go_on: |_| &["recover"] },
    Scenario { name: "work", prepare: leaving, command: &["work", "ID"], go_on: working },
    Scenario { name: "work-silent", prepare: silent, command: &["work", "ID"], go_on: working },
    Scenario { name: "work-again", prepare: paused, command: &["work", "ID"], go_on: working },
    Scenario { name: "work-confined", prepare: confined, command: ONTO_MAIN, go_on: working_onto_main },
    Scenario { name: "work-from-pool", prepare: pooled, command: &["work", "ID"], go_on: working },
    Scenario { name: "work-costly", prepare: costly, command: &["work", "ID"], go_on: working },
    Scenario { name: "finish", prepare: by_hand, command: &["finish", "ID"], go_on: finishing },
    Scenario { name: "merge", prepare: finished, command: &["merge", "ID"], go_on: merging },
    Scenario { name: "merge-elsewhere", prepare: finished_elsewhere, command: &["merge", "ID"], go_on: merging },
    Scenario { name: "archive", prepare: completed, command: &["archive", "ID"], go_on: archiving },
    Scenario { name: "reset", prepare: failed, command: &["reset", "ID"], go_on: resetting },
    Scenario { name: "reset-confined", prepare: failed_confined, command: &["reset", "ID"], go_on: resetting },
    Scenario { name: "cancel", prepare: failed, command: &["cancel", "ID"], go_on: cancelling },
    Scenario { name: "pause", prepare: by_hand, command: &["pause", "ID"], go_on: pausing },
    Scenario { name: "sync", prepare: shared, command: &["sync"], go_on: |_| &["sync"] },
];

impl Scenario {
    /// The command on the spec `id`.
    pub(crate) fn command<'a>(&'a self, id: &'a str) -> Vec<&'a str> {
        words(self.command, id)
    }

    /// The command that a person runs next on the spec `id` with that status.
    pub(crate) fn next<'a>(&'a self, id: &'a str, status: &str) -> Vec<&'a str> {
        words((self.go_on)(status), id)
    }

    /// What differs between what is left and what is left without a kill.
    pub(crate) fn compare(&self, expected: &Left, left: &Left) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut same = |what: &str, expected: &dyn std::fmt::Debug, found: &dyn std::fmt::Debug| {
            let (expected, found) = (format!("{expected:#?}"), format!("{found:#?}"));
            if expected != found {
                wrong.push(format!("{what}:\nexpected {expected}\nfound {found}"));
            }
        };
        same("faults", &Vec::<String>::new(), &left.faults);
        if self.command[0] == "add" {
            // It has a random id, and it may never have begun.
            let statuses = |left: &Left| left.specs.iter().map(|(_, status)| status.clone()).collect::<Vec<_>>();
            if left.specs.len() == expected.specs.len() {
                same("specs", &statuses(expected), &statuses(left));
            }
            same("person", &&expected.person[1..], &&left.person[1..]);
            return wrong;
        }
        same("specs", &expected.specs, &left.specs);
        same("tree", &expected.tree, &left.tree);
        same("works", &expected.works, &left.works);
        same("person", &expected.person, &left.person);
        same("rest", &expected.rest, &left.rest);
        wrong
    }
}

fn words<'a>(words: &[&'a str], id: &'a str) -> Vec<&'a str> {
    words.iter().map(|word| if *word == "ID" { id } else { word }).collect()
}

fn working(status: &str) -> &'static [&'static str] {
    match status {
        "finished" => &["merge", "ID"],
        "completed" => &["recover"],
        _ => &["work", "ID"],
    }
}

const ONTO_MAIN: &[&str] = &["work", "ID", "--onto", "main"];

fn working_onto_main(status: &str) -> &'static [&'static str] {
    match working(status) {
        ["work", ..] => ONTO_MAIN,
        next => next,
    }
}

fn finishing(status: &str) -> &'static [&'static str] {
    if status == "completed" { &["recover"] } else { &["finish", "ID"] }
}

fn merging(status: &str) -> &'static [&'static str] {
    if status == "completed" { &["recover"] } else { &["merge", "ID"] }
}

fn cancelling(status: &str) -> &'static [&'static str] {
    if status == "cancelled" { &["recover"] } else { &["cancel", "ID"] }
}

fn resetting(status: &str) -> &'static [&'static str] {
    if status == "pending" { &["recover"] } else { &["reset", "ID"] }
}

fn pausing(status: &str) -> &'static [&'static str] {
    if status == "paused" { &["recover"] } else { &["pause", "ID"] }
}

fn archiving(status: &str) -> &'static [&'static str] {
    if status == "archived" { &["recover"] } else { &["archive", "ID"] }
}

/// Does the same again wherever it was stopped.
const AGENT: &str = "grep -q two file || { echo two >file; git commit -qam Done; }; tick; echo more >new";

/// A repository in which git starts nothing by itself that would be at work while it is copied, or while a command runs in the copy.
fn quiet() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "--global", "maintenance.auto", "false"]);
    sandbox
}

/// The tool has not been used here yet.
fn untouched() -> Start {
    Start { sandbox: quiet(), id: "none".to_owned() }
}

/// A person is in the middle of something: one file staged, one changed, one that git does not know.
fn with_changes() -> Start {
    let sandbox = quiet();
    sandbox.write("staged", "one\n");
    sandbox.write("changed", "one\n");
    sandbox.git(&["add", "staged", "changed"]);
    sandbox.git(&["commit", "-qm", "More files"]);
    sandbox.agent(AGENT);
    let id = sandbox.add(&["Say two"]);
    sandbox.write("staged", "two\n");
    sandbox.git(&["add", "staged"]);
    sandbox.write("changed", "two\n");
    sandbox.write("scratch", "mine\n");
    Start { sandbox, id }
}

fn ready() -> Start {
    let Start { sandbox, id } = with_changes();
    let path = format!(".chant/specs/{id}.md");
    // A criterion to tick, and the file staged: the merge has to get it out of the way.
    sandbox.write(&path, &(sandbox.read(&path) + "\n## Acceptance Criteria\n\n- [ ] file says two\n"));
    sandbox.git(&["add", "-N", ".chant"]);
    Start { sandbox, id }
}

/// With an agent that leaves a process, which has to be ended. What a confined one leaves ends with its sandbox.
fn leaving() -> Start {
    let Start { sandbox, id } = ready();
    let sandbox = sandbox.unconfined();
    sandbox.agent(&format!("{AGENT}; sleep 300 >/dev/null 2>&1 &"));
    Start { sandbox, id }
}

/// With an agent that reports what each run costs, and writes down for itself that it ran.
fn costly() -> Start {
    let Start { sandbox, id } = ready();
    let said =
        r#"{"type":"assistant","message":{"id":"m1","usage":{"input_tokens":700,"output_tokens":7},"content":[]}}"#;
    let done = r#"{"type":"result","subtype":"success","is_error":false,"result":"Done.","session_id":"ses-r"}"#;
    sandbox.agent(&format!("echo ran >>\"$HOME/runs\"; {AGENT}; echo '{said}'; echo '{done}'"));
    let script = sandbox.git(&["config", "chant.agent.scripted.cmd"]);
    sandbox.git(&["config", "chant.agent.claude.cmd", &script]);
    sandbox.git(&["config", "chant.agent", "claude"]);
    Start { sandbox, id }
}

fn silent() -> Start {
    let sandbox = quiet();
    sandbox.chant(&["init", "--silent"]).ok();
    let document = ".chant/research/topic.md";
    sandbox.agent("grep -q two file || { echo two >file; git commit -qam Done; }; printf '# It\\n\\nmore than that\\n' >.chant/research/topic.md");
    let id = sandbox.add(&["Say two", "--target-file", document, "--target-file", "file"]);
    sandbox.write(document, "# It\n\nbefore\n");
    sandbox.write("scratch", "mine\n");
    Start { sandbox, id }
}

fn paused() -> Start {
    let Start { sandbox, id } = ready();
    sandbox.agent("echo two >file; git commit -qam Done; echo more >new; kill -INT $(cat ../repo/.git/chant/leases/* | sed -n 's/.*\"pid\":\\([0-9]*\\).*/\\1/p'); sleep 100");
    // A confined agent could not send the signal.
    sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(["-c", "chant.confine=off", "chant", "work", &id]));
    assert_eq!(sandbox.status(&id), "paused");
    sandbox.agent(AGENT);
    Start { sandbox, id }
}

/// With the files of a former worktree, which the new one takes, and for which its own come in.
fn pooled() -> Start {
    let Start { sandbox, id } = ready();
    for (key, value) in [("chant.worktreePool", "1"), ("chant.confine", "auto")] {
        sandbox.git(&["config", key, value]);
    }
    sandbox.agent("echo it >other; git add other; git commit -qm Other; echo theirs >changed");
    let first = sandbox.add(&["Another file", "--onto", "elsewhere"]);
    sandbox.git(&["branch", "elsewhere"]);
    sandbox.run(&mut sandbox.binary(&["work", &first]));
    sandbox.agent(AGENT);
    Start { sandbox, id }
}

/// For agents that are confined, and with a filter, so that git is too.
fn confine(sandbox: &Sandbox) {
    for (key, value) in [("chant.confine", "auto"), ("filter.y.clean", "cat"), ("filter.y.smudge", "cat")] {
        sandbox.git(&["config", key, value]);
    }
    std::fs::write(sandbox.repo.join(".git/info/attributes"), "*.y filter=y\n").unwrap();
}

/// Confined, with a base that no person has checked out.
fn confined() -> Start {
    let Start { sandbox, id } = leaving();
    sandbox.git(&["checkout", "-q", "-b", "aside"]);
    let ahead = sandbox.git(&["commit-tree", "-p", "main", "-m", "Ahead", "main^{tree}"]);
    sandbox.git(&["update-ref", "refs/heads/main", &ahead]);
    confine(&sandbox);
    Start { sandbox, id }
}

fn failed_confined() -> Start {
    let Start { sandbox, id } = ready();
    confine(&sandbox);
    sandbox.agent("echo two >file; git commit -qam Done; echo more >new; echo odd >odd.y; exit 3");
    sandbox.chant(&["work", &id]).fails(1, &[]);
    Start { sandbox, id }
}

fn by_hand() -> Start {
    let Start { sandbox, id } = ready();
    sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
    let tree = std::path::PathBuf::from(sandbox.show(&id)["worktree"].as_str().unwrap());
    std::fs::write(tree.join("file"), "two\n").unwrap();
    sandbox.git_in(&tree, &["commit", "-qam", "Done"]);
    std::fs::write(tree.join("new"), "more\n").unwrap();
    let path = tree.join(format!(".chant/specs/{id}.md"));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("[ ]", "[x]")).unwrap();
    Start { sandbox, id }
}

fn finished() -> Start {
    let Start { sandbox, id } = ready();
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    Start { sandbox, id }
}

fn finished_elsewhere() -> Start {
    let Start { sandbox, id } = finished();
    sandbox.git(&["pack-refs", "--all"]);
    sandbox.git(&["checkout", "-q", "-b", "aside"]);
    Start { sandbox, id }
}

fn completed() -> Start {
    let Start { sandbox, id } = ready();
    sandbox.chant(&["work", &id]).ok();
    Start { sandbox, id }
}

fn failed() -> Start {
    let Start { sandbox, id } = ready();
    sandbox.agent("echo two >file; git commit -qam Done; echo more >new; exit 3");
    sandbox.chant(&["work", &id]).fails(1, &[]);
    Start { sandbox, id }
}

/// With a remote that has something new on the very spec, and lacks something that is here.
fn shared() -> Start {
    let Start { sandbox, id } = with_changes();
    sandbox.git(&["init", "-q", "--bare", "../remote"]);
    sandbox.git(&["remote", "add", "origin", "../remote"]);
    sandbox.git(&["push", "-q", "origin", "main"]);
    sandbox.chant(&["sync"]).ok();
    sandbox.git(&["clone", "-q", "../remote", "../clone"]);
    let clone = sandbox.dir().join("clone");
    sandbox.chant_in(&clone, &["sync"]).ok();
    sandbox.chant_in(&clone, &["cancel", &id]).ok();
    sandbox.chant_in(&clone, &["add", "Theirs"]).ok();
    sandbox.chant_in(&clone, &["sync"]).ok();
    sandbox.chant(&["edit", &id, "--editor", "true"]);
    sandbox.add(&["Ours"]);
    sandbox.chant(&["approve", &id]);
    Start { sandbox, id }
}
