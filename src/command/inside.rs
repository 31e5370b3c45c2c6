//! What each command may do inside an agent: one table of all commands.

use super::Context;
use crate::{
    cli::{Command, hooks::Action},
    error::{Error, Kind, Result},
    project::inside::EnclosingRun,
};

/// What a command may do inside an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It changes nothing that the repository keeps.
    Reads,
    /// Git calls it.
    Hook,
    /// It asks the process that runs the agent.
    Asks,
    /// Only a person can do this.
    Person(&'static str),
}

/// What `command` may do inside an agent.
pub(crate) fn access(command: &Command) -> Access {
    use Access::{Asks, Hook, Person, Reads};
    let unless = |reads: bool, verb| if reads { Reads } else { Person(verb) };
    match command {
        Command::List(_)
        | Command::Ready(_)
        | Command::Status(_)
        | Command::Cost(_)
        | Command::Graph(_)
        | Command::Report(_)
        | Command::Why(_)
        | Command::Drift(_)
        | Command::Show(_)
        | Command::Lint(_)
        | Command::Log(_)
        | Command::Path(_)
        | Command::Changelog(_)
        | Command::Instructions(_)
        | Command::Help(_)
        | Command::Schema(_)
        | Command::Version(_)
        // It makes a repository of its own.
        | Command::Demo(_) => Reads,
        Command::Hook(_) => Hook,
        Command::Add(args) if args.adopt.is_some() => Person("adopt what an agent proposed"),
        Command::Add(_) | Command::Fail(_) | Command::Note(_) => Asks,
        Command::Next(args) => unless(args.claim.is_none(), "claim a spec"),
        Command::Hooks(args) => unless(args.dry_run || args.action == Action::Status, "change hooks"),
        Command::Attest(args) => unless(!args.sign, "sign an attestation"),
        Command::Fsck(args) => unless(!args.repair, "repair"),
        Command::Prune(args) => unless(args.dry_run, "prune"),
        Command::Pr(args) => unless(!args.run && !args.upstream, "make a pull request upstream"),
        Command::Init(_) => Person("init"),
        Command::Import(_) => Person("import"),
        Command::Investigate(_) => Person("begin an investigation"),
        Command::Edit(_) => Person("edit a spec"),
        Command::Approve(_) => Person("approve"),
        Command::Reject(_) => Person("reject"),
        Command::Review(_) => Person("review"),
        Command::Split(_) => Person("split a spec"),
        Command::Work(_) => Person("work on a spec"),
        Command::Verify(_) => Person("verify a spec"),
        Command::Bisect(_) => Person("bisect"),
        Command::Finish(_) => Person("finish a spec"),
        Command::Merge(_) => Person("merge a spec"),
        Command::Accept(_) => Person("accept a change"),
        Command::Pause(_) => Person("pause a spec"),
        Command::Takeover(_) => Person("take over a spec"),
        Command::Reset(_) => Person("reset a spec"),
        Command::Release(_) => Person("release a spec"),
        Command::Choose(_) => Person("choose an attempt"),
        Command::Cancel(_) => Person("cancel a spec"),
        Command::Archive(_) => Person("archive"),
        Command::Unarchive(_) => Person("unarchive"),
        Command::Sync(_) => Person("sync"),
        Command::Recover(_) => Person("recover"),
        Command::InstallMan(_) => Person("install manual pages"),
        Command::Deinit(_) => Person("deinit"),
    }
}

/// The run from inside which `command` asks the process that runs the agent; `None` if the command goes its usual way.
///
/// # Errors
/// `person-only` if this process is inside an agent and the command is none of those that an agent can use.
pub(super) fn asks(context: &Context<'_>, command: &Command) -> Result<Option<EnclosingRun>> {
    let access = access(command);
    if matches!(access, Access::Reads | Access::Hook) {
        return Ok(None);
    }
    match (context.inside()?, access) {
        (Some(_), Access::Person(verb)) => Err(person_only(verb)),
        (inside, _) => Ok(inside),
    }
}

/// The refusal of what only a person can do.
pub(super) fn person_only(verb: &str) -> Error {
    Error::negative(Kind::PersonOnly, format!("only a person can {verb}, not an agent"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    /// One line of each command that a person can type, with what it may do inside an agent. A command that is added has to be added here.
    const LINES: &[(&str, Access)] = &[
        ("init", Access::Person("init")),
        ("import", Access::Person("import")),
        ("add T", Access::Asks),
        ("investigate t --title T", Access::Person("begin an investigation")),
        ("list", Access::Reads),
        ("status", Access::Reads),
        ("cost", Access::Reads),
        ("graph", Access::Reads),
        ("report t", Access::Reads),
        ("why x", Access::Reads),
        ("drift", Access::Reads),
        ("show x", Access::Reads),
        ("edit x", Access::Person("edit a spec")),
        ("lint", Access::Reads),
        ("review x", Access::Person("review")),
        ("approve x", Access::Person("approve")),
        ("reject x -m y", Access::Person("reject")),
        ("split x", Access::Person("split a spec")),
        ("work x", Access::Person("work on a spec")),
        ("next", Access::Reads),
        ("log x", Access::Reads),
        ("path x", Access::Reads),
        ("verify x", Access::Person("verify a spec")),
        ("bisect x", Access::Person("bisect")),
        ("attest x --sign", Access::Person("sign an attestation")),
        ("finish x", Access::Person("finish a spec")),
        ("merge x", Access::Person("merge a spec")),
        ("accept x -m y", Access::Person("accept a change")),
        ("pause x", Access::Person("pause a spec")),
        ("takeover x", Access::Person("take over a spec")),
        ("fail x -m y", Access::Asks),
        ("note x -m y", Access::Asks),
        ("reset x", Access::Person("reset a spec")),
        ("release x", Access::Person("release a spec")),
        ("choose x --keep y", Access::Person("choose an attempt")),
        ("cancel x", Access::Person("cancel a spec")),
        ("archive x", Access::Person("archive")),
        ("pr x --stage", Access::Reads),
        ("changelog a..b", Access::Reads),
        ("instructions", Access::Reads),
        ("sync", Access::Person("sync")),
        ("prune", Access::Person("prune")),
        ("fsck", Access::Reads),
        ("recover", Access::Person("recover")),
        ("demo", Access::Reads),
        ("hooks status", Access::Reads),
        ("help", Access::Reads),
        ("install-man", Access::Person("install manual pages")),
        ("schema", Access::Reads),
        ("version", Access::Reads),
        ("deinit", Access::Person("deinit")),
    ];

    /// More lines, where options decide.
    const MORE: &[(&str, Access)] = &[
        ("add --adopt x", Access::Person("adopt what an agent proposed")),
        ("next --claim", Access::Person("claim a spec")),
        ("hooks install", Access::Person("change hooks")),
        ("fsck --repair", Access::Person("repair")),
        ("prune --dry-run", Access::Reads),
        ("pr x --stage --run", Access::Person("make a pull request upstream")),
        ("review x --agent y", Access::Person("review")),
        ("approve x --commit y", Access::Person("approve")),
        ("show x --diff", Access::Reads),
        ("hook post-merge 0", Access::Hook),
        ("ready", Access::Reads),
        ("unarchive x", Access::Person("unarchive")),
    ];

    fn of(line: &str) -> Access {
        let words = ["git-chant"].into_iter().chain(line.split(' ')).map(Into::into);
        match cli::parse(words) {
            Ok(cli) => access(&cli.command),
            Err(_) => panic!("'{line}' does not parse"),
        }
    }

    #[test]
    fn every_command_is_in_the_table() {
        let named: Vec<&str> = LINES.iter().filter_map(|(line, _)| line.split(' ').next()).collect();
        let all: Vec<&str> = cli::COMMANDS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(named, all);
        for (line, access) in LINES.iter().chain(MORE) {
            assert_eq!(of(line), *access, "{line}");
        }
    }

    /// Whatever can be told to trust commands is a person's.
    #[test]
    fn what_trusts_is_a_persons() {
        for (name, define, _) in cli::COMMANDS {
            let trusts = define(clap::Command::new(*name)).get_arguments().any(|arg| arg.get_id() == "trust");
            let line = LINES.iter().find(|(line, _)| line.split(' ').next() == Some(*name)).map(|(line, _)| *line);
            // Only with its claim does `next` take it.
            let line = if *name == "next" { "next --claim" } else { line.unwrap_or_default() };
            assert!(!trusts || matches!(of(&format!("{line} --trust")), Access::Person(_)), "{name}");
        }
    }
}
