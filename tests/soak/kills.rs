//! A tool, an agent or both are killed at random moments, one command goes on, and nothing is lost.
//!
//! `CHANT_SOAK_ROUNDS` says how often (200), `CHANT_SOAK_SEED` repeats the moments of a run; what the machine does in them is its own.

use std::{
    collections::BTreeMap,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::support::{Ran, Sandbox, chance::Chance};

/// A commit and an uncommitted file in each of six steps; what it did is written down once it is done.
const AGENT: &str = r#"
    log=../log-$CHANT_SPEC_ID; echo $$ >../agent-pid
    for step in 1 2 3 4 5 6; do
        word=$CHANT_SPEC_ID-$$-$step
        echo $word >>work-$CHANT_SPEC_ID; git add work-$CHANT_SPEC_ID; git commit -qm "Step $step" || exit 9
        echo "commit $(git rev-parse HEAD)" >>$log
        echo $word >>dirty-$CHANT_SPEC_ID
        echo "dirty $word" >>$log
    done
    tick"#;

/// Which of the two is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Tool,
    Agent,
    Both,
}

/// What happened, by what.
#[derive(Default)]
struct Figures {
    rounds: usize,
    killed: BTreeMap<Victim, usize>,
    /// The status that the spec had after the kill.
    found: BTreeMap<String, usize>,
    commits: usize,
    files: usize,
    locks: usize,
}

fn person(sandbox: &Sandbox) -> Vec<String> {
    let mut all = vec![sandbox.git(&["diff"]), sandbox.git(&["diff", "--cached"])];
    all.extend(["changed", "staged", "scratch"].map(|name| sandbox.read(name)));
    all
}

fn prepared() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["changed", "staged"] {
        sandbox.write(name, "one\n");
    }
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "More files"]);
    sandbox.agent(AGENT);
    sandbox.write("changed", "two\n");
    sandbox.write("staged", "two\n");
    sandbox.git(&["add", "staged"]);
    sandbox.write("scratch", "mine\n");
    sandbox
}

/// Starts the work of a spec and kills at a moment of chance.
fn kill_in(sandbox: &Sandbox, id: &str, victim: Victim, after: Duration) {
    let _gone = std::fs::remove_file(sandbox.dir().join("agent-pid"));
    let mut tool = sandbox.binary(&["work", id]);
    let mut tool = tool.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    if victim != Victim::Agent {
        let _over = tool.kill();
    }
    if victim != Victim::Tool
        && let Ok(pid) = std::fs::read_to_string(sandbox.dir().join("agent-pid"))
    {
        sandbox.run(sandbox.command_in(sandbox.dir(), "kill").args(["-9", pid.trim()]));
    }
    tool.wait().unwrap();
}

fn try_git(sandbox: &Sandbox, args: &[&str]) -> Ran {
    let mut git = sandbox.command_in(&sandbox.repo, "git");
    sandbox.run(git.args(args))
}

/// Everything that the agent wrote down is in some history.
fn nothing_lost(sandbox: &Sandbox, id: &str, figures: &mut Figures) {
    let log = std::fs::read_to_string(sandbox.dir().join(format!("log-{id}"))).unwrap_or_default();
    let reachable = sandbox.git(&["rev-list", "--all"]);
    let texts: String = sandbox.git(&["log", "--all", "-m", "-p", "--format=", "--", &format!("dirty-{id}")]);
    for line in log.lines() {
        match line.split_once(' ') {
            Some(("commit", commit)) => {
                assert!(reachable.contains(commit), "the commit {commit} of {id} is lost");
                figures.commits += 1;
            }
            Some(("dirty", word)) => {
                assert!(
                    texts.contains(&format!("+{word}\n")) || texts.ends_with(&format!("+{word}")),
                    "'{word}' is lost"
                );
                figures.files += 1;
            }
            _ => panic!("{line}"),
        }
    }
}

fn round(sandbox: &Sandbox, chance: &mut Chance, figures: &mut Figures) {
    let before = person(sandbox);
    let id = sandbox.add(&["Say two"]);
    let victim = *chance.of(&[Victim::Tool, Victim::Agent, Victim::Both]);
    let after = Duration::from_millis(chance.below(1100));
    let name = format!("refs/chant/specs/{id}");
    kill_in(sandbox, &id, victim, after);
    let tip = sandbox.git(&["rev-parse", &name]);
    let status = sandbox.status(&id);
    let locks = sandbox.run(sandbox.command_in(&sandbox.repo, "find").args([".git", "-name", "*.lock"])).out;
    figures.locks += locks.lines().count();
    let next: &[&str] = match status.as_str() {
        "finished" => &["merge", &id],
        "completed" => &["recover"],
        _ => &["work", &id],
    };
    let ran = sandbox.chant(next);
    let told = format!("{victim:?} after {after:?}, '{status}', {next:?}\n{}{}", ran.out, ran.err);
    assert_eq!(ran.code, 0, "{told}");
    assert_eq!(sandbox.status(&id), "completed", "{told}");
    assert!(try_git(sandbox, &["merge-base", "--is-ancestor", &tip, &name]).code == 0, "an event is lost: {told}");
    nothing_lost(sandbox, &id, figures);
    assert_eq!(person(sandbox), before, "{told}");
    let problems = sandbox.chant(&["fsck"]);
    assert!(problems.out.is_empty() && problems.code == 0, "{told}\n{}", problems.out);
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1, "{told}");
    assert_eq!(sandbox.git(&["branch", "--list"]), "* main", "{told}");
    *figures.killed.entry(victim).or_default() += 1;
    *figures.found.entry(status).or_default() += 1;
    figures.rounds += 1;
}

#[test]
#[ignore = "it takes minutes"]
fn nothing_is_lost_by_any_kill() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = Chance::seed("CHANT_SOAK_SEED");
    let rounds = number("CHANT_SOAK_ROUNDS").unwrap_or(200);
    println!("CHANT_SOAK_SEED={seed} CHANT_SOAK_ROUNDS={rounds}");
    let begun = Instant::now();
    let mut chance = Chance::new(seed);
    let mut figures = Figures::default();
    let sandbox = prepared();
    let mut tips = Vec::new();
    for number in 1..=rounds {
        round(&sandbox, &mut chance, &mut figures);
        tips.extend(
            sandbox.git(&["for-each-ref", "--format=%(objectname)", "refs/chant/specs"]).lines().map(str::to_owned),
        );
        if number % 20 == 0 {
            println!("{number} rounds, {} s", begun.elapsed().as_secs());
            sandbox.watch.renew();
            let faults = try_git(&sandbox, &["fsck", "--strict", "--no-dangling", "--no-progress"]);
            assert_eq!((faults.code, faults.out.as_str()), (0, ""), "{}", faults.err);
        }
    }
    let reachable = sandbox.git(&["rev-list", "--all"]);
    assert!(tips.iter().all(|tip| reachable.contains(tip.as_str())), "an event of another spec is lost");
    let leases: Vec<PathBuf> =
        std::fs::read_dir(sandbox.repo.join(".git/chant/leases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(leases.iter().all(|lease| lease.file_name().unwrap().to_string_lossy().starts_with('.')), "{leases:?}");
    println!(
        "{} rounds in {} s: killed {:?}; found then {:?}; {} commits and {} files of agents all there; {} locks had been left",
        figures.rounds,
        begun.elapsed().as_secs(),
        figures.killed,
        figures.found,
        figures.commits,
        figures.files,
        figures.locks
    );
}
