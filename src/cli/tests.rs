use std::ffi::OsString;

use super::parsed::Parsed;
use super::{COMMANDS, Cli, Command, PAGE, command, global, parse};
use crate::domain::{phase::Phase, spec_type::SpecType, status::Status};

fn parsed(line: &str) -> Result<Cli, Parsed> {
    let words = shell_words::split(line).expect("the test's own quoting");
    parse(words.into_iter().map(OsString::from))
}

fn ok(line: &str) -> Cli {
    parsed(line).unwrap_or_else(|mistake| panic!("{line}: {mistake:?}"))
}

/// Exit code, stdout and stderr of a line that is no command.
fn refused(line: &str) -> (i32, String, String) {
    let parsed = parsed(line).err().unwrap_or_else(|| panic!("{line}: accepted"));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    parsed.write(&mut out, &mut err).expect("a Vec takes all");
    let text = |bytes| anstream::adapter::strip_str(&String::from_utf8(bytes).expect("UTF-8")).to_string();
    (parsed.code(), text(out), text(err))
}

#[test]
fn the_definition_is_sound() {
    command().debug_assert();
}

#[test]
fn every_command_that_can_be_read_is_defined() {
    use clap::Subcommand as _;
    let read = Command::augment_subcommands(clap::Command::new("git-chant"));
    let whole = super::whole();
    let names =
        |command: &clap::Command| command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&read), names(&whole));
    for name in names(&whole) {
        assert_eq!(names(&super::needed([OsString::from(&name)].iter())), [name]);
    }
}

#[test]
fn every_command_has_an_about_help_and_examples() {
    let command = command();
    let shown = || command.get_subcommands().filter(|sub| !sub.is_hide_set());
    let names: Vec<_> = shown().map(|sub| sub.get_name()).collect();
    let pages: Vec<_> = COMMANDS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names, pages, "a page for each command, in the same order");
    for sub in shown() {
        let name = sub.get_name();
        let about = sub.get_about().unwrap_or_else(|| panic!("{name} has no about")).to_string();
        assert!(!about.ends_with('.') && !about.contains('\n'), "{name}: one line without a full stop: {about}");
        for argument in sub.get_arguments().filter(|argument| !argument.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{name} {} has no help", argument.get_id());
        }
        let (code, long, _) = refused(&format!("git-chant {name} --help"));
        assert_eq!(code, 0, "{name}");
        assert!(long.contains("Examples:\n  "), "{name}");
    }
}

#[test]
fn every_example_of_ours_parses_and_every_page_seen_also_exists() {
    for (name, page) in COMMANDS.iter().map(|(name, _, page)| (*name, page)).chain([("chant", &PAGE)]) {
        assert!(!page.examples.is_empty() && !page.see_also.is_empty(), "{name}");
        for (line, _) in page.examples {
            let Some((_, line)) = line.split_once("git chant ") else { continue };
            // What only the shell reads: a redirection, the end of a command substitution.
            let line = line.split(" <").next().unwrap_or(line).trim_end_matches(")\"");
            ok(&format!("git-chant {line}"));
        }
        for other in page.see_also.iter().filter_map(|other| other.strip_prefix("git-chant-")) {
            assert!(other != name && COMMANDS.iter().any(|(known, ..)| *known == other), "{name} names {other}");
        }
    }
}

#[test]
fn every_command_that_agents_are_taught_parses() {
    let taught = [include_str!("../upkeep/setup/skill.md"), include_str!("../agent/prompts/common.md")];
    // A placeholder is one word.
    let filled = |words: &str| {
        let mut parts = words.split('<');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |line, part| line + "x" + part.split_once('>').map_or("", |(_, rest)| rest))
    };
    let code = taught.iter().flat_map(|text| text.split('`').skip(1).step_by(2));
    // A name alone is spoken of, not typed.
    let commands = code.filter_map(|code| code.strip_prefix("git chant ")).filter(|command| command.contains(' '));
    let commands: Vec<&str> = commands.collect();
    assert!(commands.len() > 6, "{commands:?}");
    for command in commands {
        ok(&format!("git-chant {}", filled(&command.replace("{{short}}", "010"))));
    }
}

#[test]
fn no_command_is_usage_on_stderr_and_1() {
    let (code, out, err) = refused("git-chant");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("Usage: git chant ") && err.contains("   work "), "{err}");
}

#[test]
fn help_and_version_go_to_stdout() {
    for line in ["git-chant -h", "git-chant --help", "git-chant work -h", "git-chant work --help"] {
        let (code, out, err) = refused(line);
        assert_eq!((code, err.as_str()), (0, ""), "{line}");
        assert!(out.contains("Usage: git chant "), "{line}: {out}");
    }
    let version = concat!("git-chant version ", env!("CARGO_PKG_VERSION"), "\n");
    for line in ["git-chant --version", "git-chant -v", "git-chant -V"] {
        assert_eq!(refused(line), (0, version.to_owned(), String::new()), "{line}");
    }
}

#[test]
fn mistakes_are_129_on_stderr() {
    for line in [
        "git-chant wrok 010",
        "git-chant --nonsense",
        "git-chant -q",
        "git-chant list --nonsense",
        "git-chant list extra",
        "git-chant list --status done",
        "git-chant list --archived --all",
        "git-chant show",
        "git-chant fail 010",
        "git-chant work 010 --timeout soon",
        "git-chant log 010 -n -1",
        "git-chant add",
        "git-chant add ' \t'",
        "git-chant add 'two\nlines'",
        "git-chant add two words",
        "git-chant add x --type sonnet",
        "git-chant resolve 010",
    ] {
        let (code, out, err) = refused(line);
        assert_eq!((code, out.as_str()), (129, ""), "{line}");
        assert!(err.starts_with("error: "), "{line}: {err}");
        assert!(!err.contains("For more information") && !err.contains("tip:"), "{line}: {err}");
    }
}

#[test]
fn a_mistake_says_what_was_meant_and_what_is_missing() {
    let (_, _, err) = refused("git-chant wrok 010");
    assert_eq!(err, "error: 'wrok' is not a git chant command\nhint: did you mean: git chant work\n");
    for (line, hint) in [
        ("git-chant stauts", "did you mean: git chant status"),
        ("git-chant redy", "to list the commands: git chant -h"),
        ("git-chant hok", "to list the commands: git chant -h"),
        ("git-chant add two words", "a title of several words needs quotes: git chant add \"two words\""),
        ("git-chant work", "to work on every ready spec: git chant work --all"),
        ("git-chant show", "to list the specs: git chant list"),
    ] {
        let (_, _, err) = refused(line);
        assert!(err.contains(&format!("\nhint: {hint}\n")), "{line}: {err}");
    }
    let (_, _, err) = refused("git-chant fail 010");
    assert!(err.starts_with("error: the following required arguments were not provided: --reason <text>\n"), "{err}");
}

#[test]
fn hostile_words_come_back_without_control_sequences() {
    for word in ["\u{1b}]0;owned\u{7}\u{1b}[31mx", "\u{9b}31m", "a\rb", "\u{7f}\u{8}"] {
        let told = parse(["git-chant", word].into_iter().map(OsString::from)).expect_err("no command");
        let mut err = Vec::new();
        told.write(&mut Vec::new(), &mut err).expect("a Vec takes all");
        let err = String::from_utf8(err).expect("UTF-8");
        assert!(!err.chars().any(|c| c.is_control() && c != '\n'), "{err:?}");
    }
}

#[cfg(unix)]
#[test]
fn words_that_are_not_utf8_are_a_mistake_where_text_is_wanted() {
    use std::os::unix::ffi::OsStringExt;
    let bad = OsString::from_vec(b"\xff".to_vec());
    let told = parse(["git-chant".into(), "show".into(), bad.clone()].into_iter()).expect_err("not UTF-8");
    assert_eq!(told.code(), 129);
    let cli =
        parse(["git-chant".into(), "-C".into(), bad.clone(), "list".into()].into_iter()).expect("a path is bytes");
    assert_eq!(cli.global.directory, [std::path::PathBuf::from(bad)]);
}

#[test]
fn under_json_a_mistake_is_for_the_printer() {
    for (line, wanted) in [
        ("git-chant --json show", true),
        ("git-chant show --json", true),
        ("git-chant --json list -z", true),
        // After '--' it is a word like any other.
        ("git-chant show --nonsense -- --json", false),
    ] {
        let told = parse(line.split(' ').map(Into::into)).expect_err("a mistake");
        let Parsed::Mistake { error, json, .. } = told else { panic!("{line}") };
        assert_eq!((error.exit.code(), error.kind.code(), json), (129, "usage", wanted), "{line}");
    }
}

#[test]
fn json_excludes_the_other_formats_wherever_they_stand() {
    for line in ["--json list --format x", "list --json -z", "--json list -z", "-z list --json"] {
        assert_eq!(refused(&format!("git-chant {line}")).0, 129, "{line}");
    }
    let cli = ok("git-chant -z list --format %(id)");
    assert!(cli.global.null && cli.global.format.as_deref() == Some("%(id)"));
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    for line in ["git-chant -q --json list", "git-chant list -q --json", "git-chant -q list --json"] {
        let global = ok(line).global;
        assert!(global.quiet && global.json, "{line}");
    }
    assert_eq!(ok("git-chant list --color=never").global.color, clap::ColorChoice::Never);
    assert_eq!(ok("git-chant -C a -C b list").global.directory.len(), 2);
}

#[test]
fn lists_are_repeated_and_the_harmless_ones_take_commas() {
    let line = "git-chant add t --label a,b --label c --depends-on 1,2 --informed-by 'x,y' --verify 'make a,b' \
                --target-file a --target-file b,c";
    let Command::Add(add) = ok(line).command else { panic!("add") };
    assert_eq!(add.labels, ["a", "b", "c"]);
    assert_eq!(add.depends_on, ["1", "2"]);
    assert_eq!((add.informed_by, add.verify), (vec!["x,y".to_owned()], vec!["make a,b".to_owned()]));
    assert_eq!(add.target_files, ["a", "b,c"]);
}

#[test]
fn list_has_an_alias_and_takes_both_spellings_of_a_status() {
    let Command::List(list) = ok("git-chant ls --status in-progress,in_progress --status failed").command else {
        panic!("list")
    };
    assert_eq!(list.status, [Status::InProgress, Status::InProgress, Status::Failed]);
}

#[test]
fn long_options_may_be_shortened_as_in_git() {
    let Command::Work(work) = ok("git-chant work 010 --no-m --time '1h 30m'").command else { panic!("work") };
    assert!(work.no_merge);
    assert_eq!(work.timeout, Some(std::time::Duration::from_secs(5400)));
}

#[test]
fn type_and_phase_are_spelled_on_the_command_line_as_in_front_matter() {
    let names = |parser: clap::builder::ValueParser| -> Vec<String> {
        parser.possible_values().expect("a list").map(|value| value.get_name().to_owned()).collect()
    };
    let types: Vec<_> = SpecType::ALL.iter().map(|kind| kind.as_str().to_owned()).collect();
    assert_eq!(names(global::type_parser().into()), types);
    let phases: Vec<_> = Phase::ALL.iter().map(|phase| phase.as_str().to_owned()).collect();
    assert_eq!(names(global::phase_parser().into()), phases);
}

#[test]
fn every_command_is_in_one_group_and_few_are_shown_at_first() {
    let common = super::GROUPS.iter().flat_map(|(_, common, _)| common.iter());
    assert!(common.clone().count() <= 25);
    let mut grouped: Vec<_> = common.chain(super::GROUPS.iter().flat_map(|(.., rest)| rest.iter())).copied().collect();
    let mut known: Vec<_> = COMMANDS.iter().map(|(name, ..)| *name).collect();
    grouped.sort_unstable();
    known.sort_unstable();
    assert_eq!(grouped, known);
}

/// What these were called before still works, and no list names it.
#[test]
fn earlier_names_lead_to_the_same_commands() {
    for (line, name) in [
        ("git-chant ack 010 -m x", "accept"),
        ("git-chant done 010", "finish"),
        ("git-chant prime", "instructions"),
        ("git-chant release-notes a..b", "changelog"),
        ("git-chant resolve 010 --keep x", "choose"),
        ("git-chant ready --explain", "ready"),
        ("git-chant unarchive 010", "unarchive"),
    ] {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        assert_eq!(parse(words.into_iter()).expect("it parses").name, name, "{line}");
    }
    let listed = super::grouped(command(), true).render_help().to_string();
    for (alias, _) in super::ALIASES.iter().chain(&[("ready", ""), ("unarchive", "")]) {
        assert!(!listed.contains(&format!("   {alias} ")), "{alias}");
    }
}
