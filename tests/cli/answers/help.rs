//! What help says: of git-chant, of each command in short and at length, and the guides; at 80 columns.

use crate::{answers::story::hold, support::Sandbox};

/// What a command prints, with its arguments above it.
fn answer(sandbox: &Sandbox, args: &[&str]) -> String {
    let mut command = sandbox.binary(args);
    let ran = sandbox.run(command.env("COLUMNS", "80")).ok();
    assert_eq!(ran.err, "", "{args:?}");
    format!("$ git-chant {}\n{}\n", args.join(" "), ran.out.replace('\x1b', "\\e"))
}

#[test]
fn of_git_chant() {
    let sandbox = Sandbox::empty();
    let forms: [&[&str]; 4] = [&["-h"], &["--help"], &["help", "-a"], &["-h", "--color=always"]];
    hold("help", &forms.map(|args| answer(&sandbox, args)).concat());
}

#[test]
fn of_each_command() {
    let sandbox = Sandbox::empty();
    let all = answer(&sandbox, &["help", "-a"]);
    let known =
        all.lines().filter_map(|line| line.strip_prefix("   ")?.split(' ').next().filter(|name| !name.is_empty()));
    assert!(known.clone().count() > 40, "{all}");
    for name in known {
        hold(&format!("help-{name}"), &answer(&sandbox, &[name, "-h"]));
    }
}

/// Of the others the manual pages hold the words, and the committed pages are compared with what the binary makes.
#[test]
fn of_commands_at_length() {
    let sandbox = Sandbox::empty();
    let at_length = ["add", "list", "work"].map(|name| {
        let [help, option] = [["help", name], [name, "--help"]].map(|args| answer(&sandbox, &args));
        assert_eq!(help.split_once('\n').unwrap().1, option.split_once('\n').unwrap().1);
        help
    });
    hold("help-at-length", &at_length.concat());
}

#[test]
fn of_a_guide() {
    hold("help-aliases", &answer(&Sandbox::empty(), &["help", "aliases"]));
}
