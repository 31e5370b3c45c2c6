//! What agents are told of the specs: `prime`, and the line by which `init --agent` leads them there.

use crate::support::Sandbox;

/// 500 tokens, at four bytes each.
const BUDGET: usize = 2000;

#[test]
fn it_says_how_to_use_the_tool_and_what_there_is() {
    let sandbox = Sandbox::new();
    let ran = sandbox.chant(&["instructions"]).ok();
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("no specs here"), "{}", ran.err);
    sandbox.chant(&["init"]).ok();
    assert!(sandbox.chant(&["instructions"]).ok().out.contains("\nSpecs: none yet\n"));

    let (first, second) = (sandbox.add(&["First"]), sandbox.add(&["Second"]));
    sandbox.add(&["Third", "--depends-on", &second]);
    sandbox.chant(&["work", &first, "--agent", "manual"]).ok();
    let text = sandbox.chant(&["instructions"]).ok().out;
    for part in ["git chant list --ready", "git chant finish", "\nSpecs: 2 pending, 1 in_progress\n"] {
        assert!(text.contains(part), "'{part}' is not in\n{text}");
    }
    let (first, second) = (&first[11..], &second[11..]);
    let now = format!("In progress:\n  {first}  First\nReady:\n  {second}  Second\n");
    assert!(text.ends_with(&now), "{text}");
    assert_eq!(sandbox.chant(&["instructions", "--json"]).ok().json()["text"], text);
}

#[test]
fn it_keeps_to_its_budget_whatever_there_is() {
    let sandbox = Sandbox::new();
    for (count, title) in [(3, "x".repeat(400)), (40, "ü".repeat(200)), (300, "A title".to_owned())] {
        for at in 0..count {
            let path = format!(".chant/specs/2026-02-08-{at:03}-abc.md");
            sandbox.write(&path, &format!("# {title} {at}\n"));
        }
        let text = sandbox.chant(&["instructions"]).ok().out;
        assert!(text.len() <= BUDGET, "{} bytes:\n{text}", text.len());
        assert!(text.contains(&format!("Specs: {count} pending")) && text.contains("\nReady:\n"), "{text}");
        assert_eq!(text.contains(" more: git chant list --ready"), count > 3, "{text}");
    }
}

#[test]
fn a_title_cannot_pass_for_instructions_of_ours() {
    let sandbox = Sandbox::new();
    sandbox.write(".chant/specs/2026-02-08-001-abc.md", "# A\u{1b}[2J\u{202e}b\n");
    let text = sandbox.chant(&["instructions"]).ok().out;
    assert!(text.ends_with("Ready:\n  001-abc  A[2Jb\n"), "{:?}", text.lines().rev().take(3).collect::<Vec<_>>());
}

#[test]
fn an_agent_at_work_is_told_of_its_spec() {
    let sandbox = Sandbox::new();
    sandbox.agent("git chant instructions >\"$HOME/primed\"; echo two >file");
    let id = sandbox.add(&["Make it two"]);
    sandbox.add(&["Another one"]);
    sandbox.chant(&["work", &id]).ok();
    let text = std::fs::read_to_string(sandbox.dir().join("home/primed")).unwrap();
    let first = format!("You work on one spec of this repository: {}  Make it two\n", &id[11..]);
    assert!(text.starts_with(&first) && text.contains(&format!(".chant/specs/{id}.md")), "{text}");
    assert!(!text.contains("Another one") && text.len() <= BUDGET, "{text}");
}

#[test]
fn a_hook_gets_its_form_and_is_never_in_the_way() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.chant(&["instructions", "--hook-json"]).ok(), quiet());
    assert_eq!(sandbox.chant_in(sandbox.dir(), &["instructions", "--hook-json"]).ok(), quiet());
    sandbox.chant_in(sandbox.dir(), &["instructions"]).fails(128, &["not a git repository"]);
    sandbox.add(&["First"]);
    let hook = sandbox.chant(&["instructions", "--hook-json"]).ok();
    assert_eq!(hook.out.lines().count(), 1);
    let output = &hook.json()["hookSpecificOutput"];
    assert_eq!(output["hookEventName"], "SessionStart");
    assert_eq!(output["additionalContext"], sandbox.chant(&["instructions"]).ok().out);
}

fn quiet() -> crate::support::Ran {
    crate::support::Ran { code: 0, out: String::new(), err: String::new() }
}

const LINE: &str =
    "<!-- git-chant --> This repository plans its work as specs: run `git chant instructions` before you begin.\n";

#[test]
fn init_leads_agents_there_and_deinit_takes_exactly_that_back() {
    for (agent, file) in [
        ("aider", "AGENTS.md"),
        ("claude", "CLAUDE.md"),
        ("codex", "AGENTS.md"),
        ("cursor-agent", "AGENTS.md"),
        ("gemini", "GEMINI.md"),
        ("goose", "AGENTS.md"),
        ("opencode", "AGENTS.md"),
    ] {
        let sandbox = Sandbox::new();
        let rules = "# Rules\n\nNo tabs.";
        sandbox.write(file, rules);
        let config = sandbox.read(".git/config");
        let plan = sandbox.chant(&["init", "--agent", agent, "--dry-run"]).ok();
        assert!(plan.out.contains(file) && sandbox.read(file) == rules, "{}", plan.out);
        let init = sandbox.chant(&["init", "--agent", agent]).ok();
        assert!(init.out.contains(&format!("chant.agent = {agent}")) && init.out.contains(file), "{}", init.out);
        assert!(!init.err.contains("git config chant.agent"), "{}", init.err);
        assert_eq!(init.err.contains("hint: aider looks there only"), agent == "aider", "{}", init.err);
        assert_eq!(sandbox.read(file), format!("{rules}\n{}", LINE.trim_end()));
        assert_eq!(sandbox.git(&["config", "chant.agent"]), agent);
        assert_eq!(sandbox.chant(&["init", "--agent", agent, "--json"]).ok().json()["changes"], serde_json::json!([]));
        let deinit = sandbox.chant(&["deinit"]).ok();
        assert!(deinit.out.contains(file), "{}", deinit.out);
        assert_eq!((sandbox.read(file), sandbox.read(".git/config")), (rules.to_owned(), config));
    }
}

#[test]
fn a_file_that_init_made_goes_and_what_was_written_since_stays() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.agent", "mine"]);
    sandbox.chant(&["init", "--agent", "claude"]).ok();
    assert_eq!(sandbox.read("CLAUDE.md"), LINE);
    assert_eq!(sandbox.git(&["config", "chant.agent"]), "mine", "what a person has chosen stays");
    sandbox.chant(&["deinit"]).ok();
    assert!(!sandbox.repo.join("CLAUDE.md").exists());

    sandbox.chant(&["init", "--agent", "claude"]).ok();
    sandbox.write("CLAUDE.md", &format!("Mine.\n{LINE}Mine, too.\n"));
    sandbox.chant(&["deinit"]).ok();
    assert_eq!(sandbox.read("CLAUDE.md"), "Mine.\nMine, too.\n");
}

#[test]
fn where_claude_does_not_read_agents_md_the_line_goes_into_a_claude_md() {
    for hides in [".claude/CLAUDE.md", "CLAUDE.local.md"] {
        let sandbox = Sandbox::new();
        sandbox.write("AGENTS.md", "Rules.\n");
        sandbox.write(hides, "Mine.\n");
        sandbox.chant(&["init", "--agent", "claude"]).ok();
        assert_eq!((sandbox.read("AGENTS.md").as_str(), sandbox.read("CLAUDE.md").as_str()), ("Rules.\n", LINE));
        sandbox.chant(&["deinit"]).ok();
        assert!(!sandbox.repo.join("CLAUDE.md").exists());
    }
}

#[test]
fn a_link_is_followed_within_the_work_tree_only() {
    use std::os::unix::fs::symlink;
    let sandbox = Sandbox::new();
    sandbox.write("AGENTS.md", "Rules.\n");
    symlink("AGENTS.md", sandbox.repo.join("CLAUDE.md")).unwrap();
    sandbox.chant(&["init", "--agent", "claude"]).ok();
    assert_eq!(sandbox.read("AGENTS.md"), format!("Rules.\n{LINE}"));
    assert_eq!(sandbox.chant(&["init", "--agent", "codex", "--json"]).ok().json()["changes"], serde_json::json!([]));
    sandbox.chant(&["deinit"]).ok();
    assert_eq!(sandbox.read("AGENTS.md"), "Rules.\n");
    assert!(sandbox.repo.join("CLAUDE.md").is_symlink());

    for target in ["../outside", ".git/config", "nowhere", "."] {
        std::fs::write(sandbox.dir().join("outside"), "mine").unwrap();
        let before = sandbox.read(".git/config");
        std::fs::remove_file(sandbox.repo.join("CLAUDE.md")).unwrap();
        symlink(target, sandbox.repo.join("CLAUDE.md")).unwrap();
        sandbox.chant(&["init", "--agent", "claude"]).fails(1, &["'CLAUDE.md' is"]);
        assert_eq!(std::fs::read_to_string(sandbox.dir().join("outside")).unwrap(), "mine");
        assert_eq!(sandbox.read(".git/config"), before);
    }
}

#[test]
fn in_silent_mode_nothing_is_written_that_others_see() {
    let sandbox = Sandbox::new();
    sandbox.write("CLAUDE.md", "Rules.\n");
    let init = sandbox.chant(&["init", "--silent", "--agent", "claude"]).ok();
    assert_eq!(sandbox.read("CLAUDE.md"), "Rules.\n");
    assert!(init.err.contains("git chant instructions --hook-json"), "{}", init.err);
    assert_eq!(sandbox.git(&["config", "chant.agent"]), "claude");
    sandbox.chant(&["init", "--agent", "absent"]).fails(129, &["claude, claude-acp, codex"]);
}

#[test]
fn a_new_file_of_rules_does_not_hide_those_that_are_there() {
    let sandbox = Sandbox::new();
    sandbox.write("AGENTS.md", "Rules.\n");
    sandbox.chant(&["init", "--agent", "claude"]).ok();
    assert_eq!(sandbox.read("AGENTS.md"), format!("Rules.\n{LINE}"));
    assert!(!sandbox.repo.join("CLAUDE.md").exists());
    sandbox.chant(&["deinit"]).ok();
    assert_eq!(sandbox.read("AGENTS.md"), "Rules.\n");
}

#[test]
fn a_skill_teaches_agents_and_goes_with_the_rest() {
    for (agent, place) in [("claude", ".claude"), ("codex", ".agents")] {
        let sandbox = Sandbox::new();
        let path = format!("{place}/skills/git-chant/SKILL.md");
        let init = sandbox.chant(&["init", "--agent", agent]).ok();
        assert!(init.err.contains(&format!("git chant init --agent {agent} --skill")), "{}", init.err);
        assert!(!sandbox.repo.join(place).exists());
        let first = sandbox.chant(&["init", "--agent", agent, "--skill", "--json"]).ok().json();
        assert_eq!(first["kept"][0], format!("chant.agent is '{agent}' already"));
        let text = sandbox.read(&path);
        assert!(text.starts_with("---\nname: git-chant\ndescription: "), "{text}");
        for command in ["git chant add", "git chant next", "git chant note", "git chant fail"] {
            assert!(text.contains(command), "{command}");
        }
        // A token is about four characters of English.
        assert!(text.len() < 4 * 500, "{} bytes", text.len());
        let again = sandbox.chant(&["init", "--agent", agent, "--skill", "--json"]).ok().json();
        assert_eq!(again["changes"], serde_json::json!([]));
        let file = if agent == "claude" { "CLAUDE.md" } else { "AGENTS.md" };
        let kept = [
            format!("chant.agent is '{agent}' already"),
            format!("'{file}' has the pointer for agents already"),
            format!("the skill for agents is in '{path}' already"),
        ];
        assert_eq!(again["kept"], serde_json::json!(kept));
        let other = sandbox.chant(&["init", "--agent", "gemini"]).ok().out;
        assert!(other.contains(&format!("\n    chant.agent stays '{agent}'\n")), "{other}");
        sandbox.write(&format!("{place}/skills/mine/SKILL.md"), "mine\n");
        sandbox.chant(&["deinit"]).ok();
        assert!(!sandbox.repo.join(&path).exists() && sandbox.repo.join(format!("{place}/skills/mine")).exists());
    }
    let sandbox = Sandbox::new();
    sandbox.write(".claude/skills/git-chant/SKILL.md", "another\n");
    sandbox.chant(&["init", "--agent", "claude", "--skill"]).fails(1, &["is another skill"]);
    assert_eq!(sandbox.read(".claude/skills/git-chant/SKILL.md"), "another\n");
}

#[test]
fn a_skill_that_a_person_changed_is_theirs() {
    let sandbox = Sandbox::new();
    let path = ".claude/skills/git-chant/SKILL.md";
    let init = ["init", "--agent", "claude", "--skill"];
    sandbox.chant(&init).ok();
    let text = sandbox.read(path);
    for changed in
        [text.clone() + "\nAsk Ada first.\n", text.replace("name: git-chant", "name: ours"), text.replace(" -->", "")]
    {
        sandbox.write(path, &changed);
        sandbox.chant(&init).fails(1, &["was changed since git-chant wrote it", "move it away first"]);
        let told = sandbox.chant(&["init", "--agent", "claude"]).ok().out;
        assert!(told.contains(&format!("\n    '{path}' stays: it was changed since git-chant wrote it\n")), "{told}");
        let left = sandbox.chant(&["deinit"]).ok();
        assert!(left.err.contains("' stays: it was changed since git-chant wrote it"), "{}", left.err);
        assert_eq!(sandbox.read(path), changed);
    }
    sandbox.write(path, &text);
    sandbox.chant(&init).ok();
    assert_eq!(sandbox.chant(&["deinit"]).ok().err.matches("stays").count(), 0);
    assert!(!sandbox.repo.join(path).exists());
}
