//! The rows of the table: our commands and the floors that they are held against.

use std::fs;

use crate::{
    measure::{Place, Subject},
    repository::Repository,
};

/// What the agent does: everything that it was asked for, at once, and a commit.
const AGENT: &str = r#"sed 's/- \[ \]/- [x]/' "$CHANT_SPEC_FILE" >.bench && cat .bench >"$CHANT_SPEC_FILE" && rm .bench
echo done >>bench-work && git add -A && git commit -q -m Work"#;

/// The commands that name one spec or none.
fn single(repository: &Repository, binary: &str) -> Vec<Subject> {
    let ours = |name: &'static str, args: &[&str]| Subject::new(name, binary, args);
    let (version, some) = ("git --version", &repository.completed);
    // What a shell asks where an id was typed up to its last letter.
    let completion = ours("complete an id", &["--", "git-chant", "show", &some[11..some.len() - 1]]);
    vec![
        Subject::new(version, "git", &["--version"]),
        ours("--version", &["--version"]).at_most(1.3, version),
        ours("show", &["show", some]).at_most(3.0, version),
        ours("show (short id), after a change", &["show", &some[11..]]),
        ours("show (short id)", &["show", &some[11..]]).warm().at_most(3.0, version),
        ours("log", &["log", some]).at_most(3.0, version),
        ours("show (50 events)", &["show", &repository.tried]).at_most(3.0, version),
        ours("log (50 events)", &["log", &repository.tried]).at_most(3.0, version),
        ours("path", &["path", &repository.working]).at_most(3.0, version),
        ours("hook post-merge", &["hook", "post-merge", "0"]).at_most(3.0, version),
        ours("hook pre-commit", &["hook", "pre-commit"]).at_most(3.0, version),
        completion
            .warm()
            .with("COMPLETE", "zsh")
            .with("_CLAP_IFS", "\n")
            .with("_CLAP_COMPLETE_INDEX", "2")
            .at_most(3.0, version),
        Subject::new("add, in plumbing", "sh", &["-c", ADD]).between(None, |place, _| {
            place.said("git", &["update-ref", "-d", "refs/bench/add"]);
        }),
        ours("add", &["add", "Something new"]).between(None, unadd).at_most(0.5, "add, in plumbing"),
    ]
}

const ADD: &str = "echo text | git hash-object -w --stdin >/dev/null &&
    git update-ref refs/bench/add \"$(git commit-tree -m event 'HEAD^{tree}')\"";

/// The commands that go through all specs.
fn all(binary: &str, archived: bool) -> Vec<Subject> {
    let ours = |name: &'static str, args: &[&str]| Subject::new(name, binary, args);
    let most = if archived { 1.0 } else { 1.5 };
    let (status, cat) = ("git status", "cat of all specs");
    let files = if archived { "cat .chant/specs/*.md" } else { "find .chant/specs -name '*.md' -exec cat {} +" };
    vec![
        Subject::new(status, "git", &["status"]),
        ours("list, after a change", &["list"]),
        ours("list", &["list"]).warm().at_most(most, status),
        ours("ready", &["list", "--ready"]).warm().at_most(most, status),
        ours("status", &["status"]),
        ours("next", &["next"]),
        Subject::new(cat, "sh", &["-c", files]),
        ours("list, no index", &["list"]).with("CHANT_NO_INDEX", "1").at_most(1.0, cat),
        ours("lint", &["lint"]).refused().at_most(1.5, cat),
        ours("graph", &["graph"]).at_most(1.5, cat),
        ours("drift", &["drift"]).at_most(1.5, cat),
    ]
}

/// The whole life of a spec, and what git takes for as much of it as it can do.
fn work(repository: &Repository, binary: &str) -> Vec<Subject> {
    let some = format!(".chant/specs/{}.md", repository.pending);
    let git = format!(
        "git worktree add -q -b bench \"$PWD.bench\" && (cd \"$PWD.bench\" && {AGENT}) &&
        git merge -q --ff-only bench && git worktree remove \"$PWD.bench\" && git branch -q -d bench"
    );
    let agent = |subject: Subject, confine: &str| {
        subject
            .with("GIT_CONFIG_COUNT", "3")
            .with("GIT_CONFIG_KEY_2", "chant.confine")
            .with("GIT_CONFIG_VALUE_2", confine)
            .with("GIT_CONFIG_KEY_0", "chant.agent")
            .with("GIT_CONFIG_VALUE_0", "bench")
            .with("GIT_CONFIG_KEY_1", "chant.agent.bench.cmd")
            .with("GIT_CONFIG_VALUE_1", &format!("sh -c '{}'", AGENT.replace('\'', "'\\''")))
    };
    vec![
        Subject::new("the agent alone", "sh", &["-c", &format!("cd \"$PWD.bench\" && {AGENT}")])
            .with("CHANT_SPEC_FILE", &some)
            .between(Some(ready_tree), |place, _| {
                place.said("sh", &["-c", "git worktree remove --force \"$PWD.bench\" && git branch -q -D bench"]);
            }),
        Subject::new("work, by git", "sh", &["-c", &git])
            .with("CHANT_SPEC_FILE", &some)
            .without("the agent alone")
            .between(Some(remember), |place, _| back(place)),
        agent(Subject::new("work, not confined", binary, &["work", "--quiet"]), "off")
            .without("the agent alone")
            .at_most(1.2, "work, by git")
            .between(Some(to_work), |place, _| back(place)),
        agent(Subject::new("work", binary, &["work", "--quiet"]), "auto")
            .at_most(1.25, "work, not confined")
            .between(Some(to_work), |place, _| back(place)),
    ]
}

/// Every row for a repository.
pub fn rows(repository: &Repository, binary: &str, archived: bool) -> Vec<Subject> {
    let mut rows = single(repository, binary);
    rows.extend(all(binary, archived));
    rows.extend(work(repository, binary));
    rows
}

/// Takes back what `add` did: the file, the chain, and the trust in its text.
fn unadd(place: &Place, said: &str) {
    let id = said.lines().find_map(|line| line.strip_prefix("Created spec: ")).expect("'add' says what it made").trim();
    let path = format!(".chant/specs/{id}.md");
    let blob = place.said("git", &["hash-object", &path]);
    fs::remove_file(place.top.join(format!(".git/chant/trusted/{id}-{blob}"))).expect("the text is trusted");
    fs::remove_file(place.top.join(path)).expect("the file is there");
    place.said("git", &["update-ref", "-d", &format!("refs/chant/specs/{id}")]);
}

/// Notes where the branch and the notes are.
fn remember(place: &Place) -> Vec<String> {
    let script = "git update-ref refs/bench/main HEAD
        git rev-parse -q --verify refs/notes/chant >.git/bench-notes || :";
    place.said("sh", &["-c", script]);
    Vec::new()
}

/// A worktree for the agent alone.
fn ready_tree(place: &Place) -> Vec<String> {
    place.said("sh", &["-c", "git worktree add -q -b bench \"$PWD.bench\""]);
    Vec::new()
}

/// A spec to be worked.
fn to_work(place: &Place) -> Vec<String> {
    remember(place);
    let said = place.said(&place.binary, &["add", "Something to do"]);
    let id = said.lines().find_map(|line| line.strip_prefix("Created spec: ")).expect("'add' says what it made").trim();
    fs::write(place.top.join(".git/bench-id"), id).expect("the file can be written");
    vec![id.to_owned()]
}

/// Puts the branch and the notes back, and takes the chain away.
fn back(place: &Place) {
    let script = "git reset -q --hard refs/bench/main && git update-ref -d refs/bench/main
        notes=$(cat .git/bench-notes)
        if [ -n \"$notes\" ]; then git update-ref refs/notes/chant \"$notes\"; else git update-ref -d refs/notes/chant; fi
        if [ -e .git/bench-id ]; then git update-ref -d \"refs/chant/specs/$(cat .git/bench-id)\" && rm .git/bench-id; fi";
    place.said("sh", &["-c", script]);
}
