//! `init` and `deinit`: each change is named, made once, and can be undone; notes follow rewritten commits or are found again.

use serde_json::Value;

use crate::support::Sandbox;

const NOTES: &str = "refs/notes/chant";

fn config(sandbox: &Sandbox) -> String {
    sandbox.read(".git/config")
}

fn changes(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let ran = sandbox.chant(&[args, &["--json"]].concat()).ok();
    let list = ran.json()["changes"].clone();
    list.as_array().unwrap().iter().map(|change| change.as_str().unwrap().to_owned()).collect()
}

/// The specs that `why` names for a commit, and how certain it is.
fn why(sandbox: &Sandbox, commit: &str) -> (String, String) {
    let ran = sandbox.chant(&["why", commit, "--json"]);
    let answer = &ran.json()["why"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&answer["certainty"]), text(&answer["spec"]["id"]))
}

/// A completed spec whose agent made one commit on its own, and that commit.
fn worked(sandbox: &Sandbox) -> (String, String) {
    sandbox.agent("tick; echo two >>file; git add file; git commit -qm 'Change the file'");
    sandbox.git(&["config", "chant.merge", "ff"]);
    let id = sandbox.add(&["Change the file"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Add a spec"]);
    sandbox.chant(&["work", &id]).ok();
    let made = sandbox.git(&["log", "-1", "--format=%H", "--grep=Change the file", "--", "file"]);
    (id, made)
}

#[test]
fn notes_are_set_once_beside_what_is_set_and_undone_exactly() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "notes.rewriteRef", "refs/notes/review"]);
    sandbox.git(&["config", "notes.displayRef", "refs/notes/review"]);
    let before = config(&sandbox);
    let expected = [
        "set notes.rewriteRef = refs/notes/chant",
        "set notes.displayRef = refs/notes/chant",
        "set notes.chant.mergeStrategy = cat_sort_uniq",
    ];
    let planned = changes(&sandbox, &["init", "--notes", "--dry-run"]);
    assert_eq!(planned[1..], expected);
    assert!(planned[0].starts_with("make '"), "{planned:?}");
    assert_eq!(config(&sandbox), before, "a dry run sets nothing");
    assert!(!sandbox.repo.join(".chant").exists(), "and makes nothing");

    assert_eq!(changes(&sandbox, &["init", "--notes"])[1..], expected);
    assert_eq!(sandbox.git(&["config", "--get-all", "notes.rewriteRef"]), "refs/notes/review\nrefs/notes/chant");
    assert_eq!(sandbox.git(&["config", "--get-all", "notes.displayRef"]), "refs/notes/review\nrefs/notes/chant");
    let set = config(&sandbox);
    assert_eq!(changes(&sandbox, &["init", "--notes"]), Vec::<String>::new());
    assert_eq!(config(&sandbox), set, "the second time changes nothing");

    let undone = changes(&sandbox, &["deinit", "--dry-run"]);
    assert_eq!(config(&sandbox), set);
    assert_eq!(changes(&sandbox, &["deinit"]), undone);
    assert_eq!(config(&sandbox), before);
    assert_eq!(changes(&sandbox, &["deinit"]), Vec::<String>::new());
    assert!(sandbox.repo.join(".chant/specs").is_dir(), "specs stay");
}

#[test]
fn without_a_terminal_nothing_is_set_that_was_not_asked_for() {
    let sandbox = Sandbox::new();
    let before = config(&sandbox);
    let ran = sandbox.chant(&["init"]).ok();
    assert!(ran.err.contains("git chant init --notes"), "{ran:?}");
    assert_eq!(config(&sandbox), before);
    assert!(!sandbox.chant(&["init", "--no-notes"]).ok().err.contains("--notes"));
    // What the person has for all repositories counts.
    for (key, value) in [("rewriteRef", "refs/notes/*"), ("displayRef", NOTES), ("chant.mergeStrategy", "union")] {
        sandbox.git(&["config", "--global", &format!("notes.{key}"), value]);
    }
    assert_eq!(changes(&sandbox, &["init", "--notes"]), Vec::<String>::new());
    assert_eq!(config(&sandbox), before);
}

#[test]
fn deinit_leaves_nothing_of_it_in_config_and_excludes() {
    let sandbox = Sandbox::new();
    let (config_before, exclude) = (config(&sandbox), sandbox.read(".git/info/exclude"));
    sandbox.chant(&["init", "--silent", "--notes"]).ok();
    sandbox.agent("tick");
    sandbox.git(&["config", "chant.agent.other.cmd", "sh -c 'exit 1'"]);
    let id = sandbox.add(&["Keep me"]);
    let said = sandbox.chant(&["deinit"]).ok();
    assert!(said.out.contains("unset chant.agent.other.cmd = sh -c 'exit 1'"), "{said:?}");
    assert!(said.out.contains("removed '/.chant/' from .git/info/exclude"), "{said:?}");
    assert!(said.err.contains("no longer hidden"), "{said:?}");
    assert_eq!(config(&sandbox), config_before);
    assert_eq!(sandbox.read(".git/info/exclude"), exclude);
    assert_eq!(sandbox.status(&id), "pending", "what is recorded stays");
}

#[test]
fn purge_is_asked_for_twice_and_takes_everything() {
    let sandbox = Sandbox::new();
    let before = (config(&sandbox), sandbox.git(&["for-each-ref"]));
    sandbox.chant(&["init", "--silent", "--notes"]).ok();
    let id = sandbox.add(&["Go away"]);
    let set = sandbox.git(&["for-each-ref"]);
    sandbox.chant(&["deinit", "--purge"]).fails(1, &["this would remove", "'--yes' twice"]);
    sandbox.chant(&["deinit", "--purge", "--yes"]).fails(1, &["'--yes' twice"]);
    let planned = sandbox.chant(&["deinit", "--purge", "--dry-run"]).ok().out;
    assert!(planned.contains(&format!("delete refs/chant/specs/{id}")), "{planned}");
    assert_eq!(sandbox.git(&["for-each-ref"]), set, "nothing so far");
    sandbox.chant(&["deinit", "--purge", "--yes", "--yes"]).ok();
    assert_eq!((config(&sandbox), sandbox.git(&["for-each-ref"])), before);
    assert!(!sandbox.repo.join(".chant").exists());
    assert!(!sandbox.repo.join(".git/chant").exists());
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn purge_takes_notes_and_attempts_and_leaves_history() {
    let sandbox = Sandbox::new();
    let (_, made) = worked(&sandbox);
    let branches = sandbox.git(&["for-each-ref", "refs/heads"]);
    sandbox.chant(&["deinit", "--purge", "--yes", "--yes"]).ok();
    assert_eq!(sandbox.git(&["for-each-ref"]), branches);
    sandbox.git(&["cat-file", "-e", &made]);
    assert!(sandbox.git(&["status", "--porcelain"]).lines().all(|line| line.starts_with(" D .chant/")));
}

#[test]
fn purge_takes_nothing_that_is_in_use() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Take your time"]);
    sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
    let before = sandbox.git(&["for-each-ref"]);
    sandbox.chant(&["deinit", "--purge", "--yes", "--yes"]).fails(1, &["holds work"]);
    assert_eq!(sandbox.git(&["for-each-ref"]), before);
    assert_eq!(sandbox.status(&id), "in_progress");
    let mut agent = sandbox.binary(&["deinit"]);
    sandbox.run(agent.env("CHANT_SPEC_ID", &id)).fails(1, &["only a person can deinit"]);
}

#[test]
fn with_the_settings_notes_follow_amend_and_rebase() {
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--notes"]).ok();
    let (id, made) = worked(&sandbox);
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), made);
    // The content changes with the message: only the note can tell.
    sandbox.write("file", "one\nthree\n");
    sandbox.git(&["commit", "-qa", "--amend", "-m", "Change the file otherwise"]);
    assert!(sandbox.git(&["notes", "--ref=chant", "show", "HEAD"]).contains(&id));
    assert_eq!(why(&sandbox, "HEAD").1, id);
    assert!(sandbox.git(&["log", "-1"]).contains("Notes (chant):"), "shown without being asked for");

    sandbox.git(&["branch", "topic"]);
    sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "In between"]);
    sandbox.git(&["rebase", "-q", "main", "topic"]);
    assert!(sandbox.git(&["notes", "--ref=chant", "show", "HEAD"]).contains(&id));
    assert_eq!(why(&sandbox, "HEAD").1, id);
}

#[test]
fn without_the_settings_links_are_found_by_the_changes() {
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--no-notes"]).ok();
    let (id, made) = worked(&sandbox);
    let found = ("patch".to_owned(), id.clone());
    let noted =
        |commit: &str| sandbox.git(&["notes", "--ref=chant", "list"]).contains(&sandbox.git(&["rev-parse", commit]));
    sandbox.git(&["commit", "-q", "--amend", "-m", "Say it otherwise"]);
    assert_eq!((why(&sandbox, "HEAD"), noted("HEAD")), (found.clone(), false));

    sandbox.git(&["branch", "topic"]);
    sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "In between"]);
    sandbox.git(&["rebase", "-q", "main", "topic"]);
    assert_eq!((why(&sandbox, "HEAD"), noted("HEAD")), (found.clone(), false));

    sandbox.git(&["checkout", "-q", "-b", "picked", "main"]);
    sandbox.git(&["cherry-pick", &made]);
    assert_eq!((why(&sandbox, "HEAD"), noted("HEAD")), (found.clone(), false));

    sandbox.git(&["checkout", "-q", "-b", "squashed", "main"]);
    sandbox.git(&["merge", "-q", "--squash", &made]);
    sandbox.git(&["commit", "-qm", "All at once"]);
    assert_eq!((why(&sandbox, "HEAD"), noted("HEAD")), (found, false));
}

#[test]
fn a_squash_of_several_commits_leads_to_their_spec() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n");
    sandbox.git(&["commit", "-qam", "More lines"]);
    sandbox.git(&["config", "chant.merge", "ff"]);
    sandbox
        .agent("sed -i s/^2$/two/ file; git commit -qam two; sed -i s/^11$/eleven/ file; git commit -qam eleven; tick");
    let id = sandbox.add(&["Write them out"]);
    let before = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.chant(&["work", &id]).ok();
    sandbox.git(&["checkout", "-q", "-b", "squashed", &before]);
    sandbox.git(&["merge", "-q", "--squash", "main"]);
    sandbox.git(&["commit", "-qm", "All at once"]);
    assert_eq!(why(&sandbox, "HEAD"), ("patch".to_owned(), id.clone()));
    assert!(sandbox.chant(&["why", "HEAD"]).ok().out.contains("squash of"));
    // All of it and something besides; half of it is told as such; nothing of it is not it.
    sandbox.write("another", "more\n");
    sandbox.git(&["add", "another"]);
    sandbox.git(&["commit", "-q", "--amend", "-m", "All at once and more"]);
    assert_eq!(why(&sandbox, "HEAD"), ("patch".to_owned(), id));
    let text = sandbox.read("file").replace("eleven", "11");
    sandbox.write("file", &text);
    sandbox.git(&["commit", "-qa", "--amend", "-m", "Half of it"]);
    assert!(sandbox.chant(&["why", "HEAD"]).ok().out.contains("altered squash of 3 commits"));
    sandbox.write("file", &text.replace("two", "2"));
    sandbox.git(&["commit", "-qa", "--amend", "-m", "Nothing of it"]);
    sandbox.chant(&["why", "HEAD"]).fails(1, &["no spec records it"]);
}

#[test]
fn a_person_who_works_by_hand_can_be_the_agent() {
    let sandbox = Sandbox::new();
    let made = changes(&sandbox, &["init", "--agent", "manual"]);
    assert!(made.iter().any(|change| change.contains("set chant.agent = manual")), "{made:?}");
    assert!(!made.iter().any(|change| change.contains("AGENTS.md") || change.contains("CLAUDE.md")), "{made:?}");
    assert_eq!(sandbox.git(&["config", "chant.agent"]), "manual");
    let id = sandbox.add(&["By hand"]);
    assert!(sandbox.chant(&["work", &id]).ok().err.contains(&format!("git chant finish {}", &id[11..])));
}

/// Projects list what git takes in, or ignore every file that begins with a dot.
#[test]
fn a_project_that_ignores_the_specs_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "target\n/*\n!/file\n!/.gitignore\n");
    sandbox.commit("Take in what is listed");
    let ran = sandbox.chant(&["init"]).ok();
    for said in ["'.chant/' is ignored by '.gitignore' line 2 ('/*')", "echo '!/.chant/' >>.gitignore", "init --silent"]
    {
        assert!(ran.err.contains(said), "{ran:?}");
    }
    sandbox.agent("mkdir -p .chant/research; printf '# Why\\n\\nThe sign is wrong.\\n' >.chant/research/why.md; tick");
    let id = sandbox.add(&["Why", "--type", "research", "--target-file", ".chant/research/why.md"]);
    sandbox.chant(&["work", &id]).fails(1, &["no commit has it: it is ignored by '.gitignore' line 2 ('/*')"]);
    sandbox.write(".gitignore", "target\n/*\n!/file\n!/.gitignore\n!/.chant/\n");
    sandbox.commit("Take in the specs");
    assert!(!sandbox.chant(&["init"]).ok().err.contains("is ignored by"));
    let id = sandbox.add(&["Why again", "--type", "research", "--target-file", ".chant/research/why.md"]);
    sandbox.chant(&["work", &id]).ok();
    assert!(!sandbox.chant(&["init", "--silent"]).err.contains("is ignored by"));
}
