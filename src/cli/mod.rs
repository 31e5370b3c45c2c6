//! The command line: what can be typed, and the help for it. Parsing is pure; it prints nothing and touches nothing.
//!
//! The doc comments of the argument structs are the help texts and, with the [`page::Page`] beside each, the manual pages.
#![expect(rustdoc::invalid_html_tags, reason = "doc comments here are help texts, where <spec> stands for a spec")]

pub(crate) mod add;
pub(crate) mod archive;
pub(crate) mod exchange;
pub(crate) mod global;
pub(crate) mod hooks;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod investigate;
pub(crate) mod list;
pub(crate) mod manual;
pub(crate) mod page;
pub(crate) mod parsed;
pub(crate) mod prime;
pub(crate) mod prune;
pub(crate) mod publish;
pub(crate) mod show;
pub(crate) mod state;
pub(crate) mod status;
pub(crate) mod upkeep;
pub(crate) mod work;

use std::ffi::OsString;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};

use page::Page;
use parsed::Parsed;

/// A command line that was understood.
#[derive(Clone, Debug)]
pub(crate) struct Cli {
    /// The options that every command has.
    pub global: Global,

    /// The name of the command.
    pub name: String,

    /// What to do.
    pub command: Command,
}

/// Intent-driven work inside git
///
/// A person writes a spec, an agent carries it out in a worktree and branch of its own, its checks are run, and the work is merged.
/// What happened to the spec is recorded in git itself: one chain of commits a spec, under refs/chant/specs. Not one commit on your
/// branches but the work, its spec and its merge.
#[derive(Parser)]
#[command(
    name = "git-chant",
    bin_name = "git chant",
    version = concat!("version ", env!("CARGO_PKG_VERSION")),
    disable_version_flag = true,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    subcommand_required = true,
    infer_long_args = true,
    subcommand_value_name = "command",
    subcommand_help_heading = "Commands",
    after_help = "'git chant help <command>' explains a command, 'git chant help workflow' how it all fits together.",
    max_term_width = 100
)]
struct Root {
    /// Print the version
    #[arg(short = 'v', long, short_alias = 'V', action = clap::ArgAction::Version)]
    version: Option<bool>,

    #[command(flatten)]
    global: Global,
}

pub(crate) use global::Global;

/// The commands, in the order of a spec's life.
#[derive(Subcommand, Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
pub(crate) enum Command {
    Init(init::InitArgs),
    Import(import::ImportArgs),
    Add(add::AddArgs),
    Investigate(investigate::InvestigateArgs),
    List(list::ListArgs),
    Ready(list::ReadyArgs),
    Status(status::StatusArgs),
    Graph(list::GraphArgs),
    Why(show::WhyArgs),
    Drift(list::DriftArgs),
    Show(show::ShowArgs),
    Edit(show::EditArgs),
    Lint(upkeep::LintArgs),
    Approve(state::ApproveArgs),
    Reject(state::RejectArgs),
    Split(work::SplitArgs),
    Work(work::WorkArgs),
    Next(work::NextArgs),
    Log(show::LogArgs),
    Path(show::PathArgs),
    Verify(work::VerifyArgs),
    Finish(work::FinishArgs),
    Merge(work::MergeArgs),
    Ack(state::AckArgs),
    Pause(state::PauseArgs),
    Takeover(state::TakeoverArgs),
    Fail(state::FailArgs),
    Reset(state::ResetArgs),
    Release(state::ReleaseArgs),
    Resolve(state::ResolveArgs),
    Cancel(state::CancelArgs),
    Archive(archive::ArchiveArgs),
    Unarchive(archive::UnarchiveArgs),
    Pr(publish::PrArgs),
    ReleaseNotes(publish::ReleaseNotesArgs),
    Prime(prime::PrimeArgs),
    Sync(exchange::SyncArgs),
    Prune(prune::PruneArgs),
    Fsck(upkeep::FsckArgs),
    Recover(upkeep::RecoverArgs),
    Demo(upkeep::DemoArgs),
    Hooks(hooks::HooksArgs),
    Help(manual::HelpArgs),
    InstallMan(manual::InstallManArgs),
    Schema(manual::SchemaArgs),
    Version(manual::VersionArgs),
    Deinit(init::DeinitArgs),
    Hook(hooks::HookArgs),
}

/// The page of `git-chant` itself.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant demo", "See all of it in ten seconds."),
        ("git chant init", "Prepare a repository."),
        ("git config chant.agent claude", "Say which agent carries out specs."),
        ("git chant add \"Fix typo in README storage section\"", "Write a spec."),
        ("git chant work 001", "Have it carried out and merged."),
    ],
    see_also: &["git", "git-log", "git-notes", "git-worktree"],
};

/// Adds to a command what may follow its name.
type Define = fn(clap::Command) -> clap::Command;

/// Each command that people use: its name, what may follow it, and its page.
pub(crate) const COMMANDS: &[(&str, Define, Page)] = &[
    ("init", init::InitArgs::augment_args, init::PAGE),
    ("import", import::ImportArgs::augment_args, import::PAGE),
    ("add", add::AddArgs::augment_args, add::PAGE),
    ("investigate", investigate::InvestigateArgs::augment_args, investigate::INVESTIGATE_PAGE),
    ("list", list::ListArgs::augment_args, list::PAGE),
    ("ready", list::ReadyArgs::augment_args, list::READY_PAGE),
    ("status", status::StatusArgs::augment_args, status::PAGE),
    ("graph", list::GraphArgs::augment_args, list::GRAPH_PAGE),
    ("why", show::WhyArgs::augment_args, show::WHY_PAGE),
    ("drift", list::DriftArgs::augment_args, list::DRIFT_PAGE),
    ("show", show::ShowArgs::augment_args, show::SHOW_PAGE),
    ("edit", show::EditArgs::augment_args, show::EDIT_PAGE),
    ("lint", upkeep::LintArgs::augment_args, upkeep::LINT_PAGE),
    ("approve", state::ApproveArgs::augment_args, state::APPROVE_PAGE),
    ("reject", state::RejectArgs::augment_args, state::REJECT_PAGE),
    ("split", work::SplitArgs::augment_args, work::SPLIT_PAGE),
    ("work", work::WorkArgs::augment_args, work::WORK_PAGE),
    ("next", work::NextArgs::augment_args, work::NEXT_PAGE),
    ("log", show::LogArgs::augment_args, show::LOG_PAGE),
    ("path", show::PathArgs::augment_args, show::PATH_PAGE),
    ("verify", work::VerifyArgs::augment_args, work::VERIFY_PAGE),
    ("finish", work::FinishArgs::augment_args, work::FINISH_PAGE),
    ("merge", work::MergeArgs::augment_args, work::MERGE_PAGE),
    ("ack", state::AckArgs::augment_args, state::ACK_PAGE),
    ("pause", state::PauseArgs::augment_args, state::PAUSE_PAGE),
    ("takeover", state::TakeoverArgs::augment_args, state::TAKEOVER_PAGE),
    ("fail", state::FailArgs::augment_args, state::FAIL_PAGE),
    ("reset", state::ResetArgs::augment_args, state::RESET_PAGE),
    ("release", state::ReleaseArgs::augment_args, state::RELEASE_PAGE),
    ("resolve", state::ResolveArgs::augment_args, state::RESOLVE_PAGE),
    ("cancel", state::CancelArgs::augment_args, state::CANCEL_PAGE),
    ("archive", archive::ArchiveArgs::augment_args, archive::PAGE),
    ("unarchive", archive::UnarchiveArgs::augment_args, archive::UNARCHIVE_PAGE),
    ("pr", publish::PrArgs::augment_args, publish::PR_PAGE),
    ("release-notes", publish::ReleaseNotesArgs::augment_args, publish::RELEASE_NOTES_PAGE),
    ("prime", prime::PrimeArgs::augment_args, prime::PAGE),
    ("sync", exchange::SyncArgs::augment_args, exchange::SYNC_PAGE),
    ("prune", prune::PruneArgs::augment_args, prune::PAGE),
    ("fsck", upkeep::FsckArgs::augment_args, upkeep::FSCK_PAGE),
    ("recover", upkeep::RecoverArgs::augment_args, upkeep::RECOVER_PAGE),
    ("demo", upkeep::DemoArgs::augment_args, upkeep::DEMO_PAGE),
    ("hooks", hooks::HooksArgs::augment_args, hooks::PAGE),
    ("help", manual::HelpArgs::augment_args, manual::HELP_PAGE),
    ("install-man", manual::InstallManArgs::augment_args, manual::INSTALL_MAN_PAGE),
    ("schema", manual::SchemaArgs::augment_args, manual::SCHEMA_PAGE),
    ("version", manual::VersionArgs::augment_args, manual::VERSION_PAGE),
    ("deinit", init::DeinitArgs::augment_args, init::DEINIT_PAGE),
];

/// How a command ends, for the manual pages: exit code and meaning.
pub(crate) const EXIT_STATUS: &[(&str, &str)] = &[
    ("0", "It did what was asked."),
    ("1", "A negative answer, or a check that failed."),
    ("128", "A fatal error: the message says what is wrong, and a hint what to do about it."),
    ("129", "Wrong usage."),
    ("128+n", "Ended by signal n."),
];

/// What is kept where, for the manual pages: name and meaning.
pub(crate) const FILES: &[(&str, &str)] = &[
    (".chant/specs/<id>.md", "The spec. git-chant creates it and otherwise leaves it alone."),
    (".chant/research/, .chant/prompts/", "What research produces; prompts that replace the built-in ones."),
    ("refs/chant/specs/<id>", "What happened to the spec, one commit an event."),
    ("refs/chant/archive/<month>", "Archived specs: the tree has the newest event of each."),
    ("refs/notes/chant", "A note on every commit that a spec's work produced."),
    ("refs/chant-local/attempts/", "The work of each attempt, in this clone only."),
    ("$GIT_COMMON_DIR/chant/", "Transcripts, leases, and what was read of all specs; in this clone only."),
];

/// What is read of the environment, for the manual page of `git-chant`: name and meaning.
pub(crate) const ENVIRONMENT: &[(&str, &str)] = &[
    ("CHANT_HOOKS", "With 0 the hooks that git chant hooks install puts into place do nothing."),
    (
        "CHANT_TRACE",
        "Has a line written for each git that is run, each command of a spec and each agent, with the milliseconds that it took, as          GIT_TRACE2 does: 1 writes to stderr, a digit from 3 to 9 to that file descriptor, an absolute path to that file.",
    ),
    ("GIT_ADVICE", "With 0 there are no hints (git --no-advice)."),
    ("GIT_EDITOR, GIT_PAGER", "The editor and the pager, as in git(1)."),
    ("GIT_TERMINAL_PROMPT", "With 0 nothing is asked at a terminal: a question is an error instead."),
    ("NO_COLOR", "Set to something, there is no colour unless color.chant, color.ui or --color says always."),
];

/// What is there for git to call.
const HIDDEN: (&str, Define) = ("hook", hooks::HookArgs::augment_args);

/// The definition of the command line, with the examples in the long help.
pub(crate) fn command() -> clap::Command {
    // All at once: to change one by its name moves all others twice.
    whole().after_long_help(PAGE.examples_as_help()).mut_subcommands(|sub| {
        let page = COMMANDS.iter().find(|(name, ..)| sub.get_name() == *name).map(|(.., page)| page.examples_as_help());
        match page {
            Some(examples) => sub.after_long_help(examples),
            None => sub,
        }
    })
}

/// The definition of the command line.
fn whole() -> clap::Command {
    defined(known())
}

/// As much of it as is needed to read `args`: of the commands those that are named there. All of them take longer to define than most
/// commands take.
pub(crate) fn needed<'a>(args: impl Iterator<Item = &'a OsString>) -> clap::Command {
    let args: Vec<_> = args.collect();
    defined(known().filter(|(name, _)| args.iter().any(|arg| *arg == name)))
}

fn known() -> impl Iterator<Item = (&'static str, Define)> {
    COMMANDS.iter().map(|(name, define, _)| (*name, *define)).chain([HIDDEN])
}

fn defined(commands: impl Iterator<Item = (&'static str, Define)>) -> clap::Command {
    commands.fold(Root::command(), |root, (name, define)| root.subcommand(define(clap::Command::new(name))))
}

/// Reads the command line; `args` begins with the name of the program.
///
/// What is not a command to run comes back as [`Parsed`]: help and version (exit 0), nothing at all (exit 1), wrong usage
/// (exit 129).
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Cli, Parsed> {
    let args: Vec<OsString> = args.collect();
    match parse_as(needed(args.iter().skip(1)), &args) {
        Err(error) if error.kind() != ErrorKind::DisplayVersion => {
            // Help, and what may have been meant, name all that there is. Only long help has the examples.
            let long = args.iter().any(|arg| arg == "--help" || arg == "help");
            parse_as(if long { command() } else { whole() }, &args)
        }
        parsed => parsed,
    }
    .map_err(|error| Parsed::new(error, &args))
}

fn parse_as(mut command: clap::Command, args: &[OsString]) -> Result<Cli, clap::Error> {
    let parsed = command.try_get_matches_from_mut(args).and_then(|mut matches| {
        let global = Root::from_arg_matches_mut(&mut matches)?.global;
        let name = matches.subcommand_name().unwrap_or_default().to_owned();
        Ok(Cli { global, name, command: Command::from_arg_matches_mut(&mut matches)? })
    });
    let parsed = parsed.and_then(|cli| cli.global.check(&mut command).map(|()| cli));
    // To take the definition apart again would take as long as to read the command line.
    std::mem::forget(command);
    parsed
}

#[cfg(test)]
mod tests;
