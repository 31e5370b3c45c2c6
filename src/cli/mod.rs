//! The command line: what can be typed, and the help for it. Parsing is pure; it prints nothing and touches nothing.
//!
//! The doc comments of the argument structs are the help texts and, with the [`page::Page`] beside each, the manual pages.
#![expect(rustdoc::invalid_html_tags, reason = "doc comments here are help texts, where <spec> stands for a spec")]

pub(crate) mod add;
pub(crate) mod archive;
pub(crate) mod attest;
pub(crate) mod cost;
pub(crate) mod exchange;
pub(crate) mod global;
pub(crate) mod hooks;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod instructions;
pub(crate) mod investigate;
pub(crate) mod list;
pub(crate) mod manual;
pub(crate) mod meant;
pub(crate) mod page;
pub(crate) mod parsed;
pub(crate) mod proof;
pub(crate) mod prune;
pub(crate) mod publish;
pub(crate) mod report;
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
/// A person writes a spec. An agent works on it in its own worktree and branch. git-chant checks the result, merges it, and records what
/// happened in git itself: one history per spec, under refs/chant/specs. Your branches get only the work, its spec and its merge.
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
    max_term_width = 100
)]
struct Root {
    /// Print the version
    ///
    /// With --build, also prints the commit, target and compiler; include them in a bug report.
    #[arg(short = 'v', long, short_alias = 'V', action = clap::ArgAction::Version)]
    version: Option<bool>,

    #[command(flatten)]
    global: Global,
}

pub(crate) use global::Global;

/// The page of `git-chant` itself.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant demo", "See everything in ten seconds."),
        ("git chant init", "Prepare a repository."),
        ("git config chant.agent claude", "Choose the agent."),
        ("git chant add \"Fix typo in README storage section\"", "Write a spec."),
        ("git chant work 001", "Have the agent do it; check and merge the work."),
    ],
    see_also: &["git", "git-log", "git-notes", "git-worktree"],
};

/// Adds to a command what may follow its name.
type Define = fn(clap::Command) -> clap::Command;

/// Declares the commands that people use: the name, the arguments and the page of each.
macro_rules! commands {
    ($($name:literal $variant:ident($args:ty) $page:path;)*) => {
        /// A command with its arguments.
        #[derive(Subcommand, Clone, Debug)]
        #[expect(clippy::large_enum_variant, reason = "there is one in a process")]
        pub(crate) enum Command {
            $($variant($args),)*
            Hook(hooks::HookArgs),
            Ready(list::ReadyArgs),
            Unarchive(archive::UnarchiveArgs),
        }

        /// Each command that people use, in the order of a spec's life: its name, what may follow it, and its page.
        pub(crate) const COMMANDS: &[(&str, Define, Page)] = &[$(($name, <$args>::augment_args, $page)),*];
    };
}

commands! {
    "init" Init(init::InitArgs) init::PAGE;
    "import" Import(import::ImportArgs) import::PAGE;
    "add" Add(add::AddArgs) add::PAGE;
    "investigate" Investigate(investigate::InvestigateArgs) investigate::INVESTIGATE_PAGE;
    "list" List(list::ListArgs) list::PAGE;
    "status" Status(status::StatusArgs) status::PAGE;
    "cost" Cost(cost::CostArgs) cost::PAGE;
    "graph" Graph(list::GraphArgs) list::GRAPH_PAGE;
    "report" Report(report::ReportArgs) report::PAGE;
    "why" Why(show::WhyArgs) show::WHY_PAGE;
    "drift" Drift(list::DriftArgs) list::DRIFT_PAGE;
    "show" Show(show::ShowArgs) show::SHOW_PAGE;
    "edit" Edit(show::EditArgs) show::EDIT_PAGE;
    "lint" Lint(upkeep::LintArgs) upkeep::LINT_PAGE;
    "review" Review(show::ReviewArgs) show::REVIEW_PAGE;
    "approve" Approve(state::ApproveArgs) state::APPROVE_PAGE;
    "reject" Reject(state::RejectArgs) state::REJECT_PAGE;
    "split" Split(work::SplitArgs) work::SPLIT_PAGE;
    "work" Work(work::WorkArgs) work::WORK_PAGE;
    "next" Next(work::NextArgs) work::NEXT_PAGE;
    "log" Log(show::LogArgs) show::LOG_PAGE;
    "path" Path(show::PathArgs) show::PATH_PAGE;
    "verify" Verify(work::VerifyArgs) work::VERIFY_PAGE;
    "bisect" Bisect(investigate::BisectArgs) investigate::BISECT_PAGE;
    "attest" Attest(attest::AttestArgs) attest::PAGE;
    "finish" Finish(work::FinishArgs) work::FINISH_PAGE;
    "merge" Merge(work::MergeArgs) work::MERGE_PAGE;
    "accept" Accept(state::AcceptArgs) state::ACCEPT_PAGE;
    "pause" Pause(state::PauseArgs) state::PAUSE_PAGE;
    "takeover" Takeover(state::TakeoverArgs) state::TAKEOVER_PAGE;
    "fail" Fail(state::FailArgs) state::FAIL_PAGE;
    "note" Note(state::NoteArgs) state::NOTE_PAGE;
    "reset" Reset(state::ResetArgs) state::RESET_PAGE;
    "release" Release(state::ReleaseArgs) state::RELEASE_PAGE;
    "choose" Choose(state::ChooseArgs) state::CHOOSE_PAGE;
    "cancel" Cancel(state::CancelArgs) state::CANCEL_PAGE;
    "archive" Archive(archive::ArchiveArgs) archive::PAGE;
    "pr" Pr(publish::PrArgs) publish::PR_PAGE;
    "changelog" Changelog(publish::ChangelogArgs) publish::CHANGELOG_PAGE;
    "instructions" Instructions(instructions::InstructionsArgs) instructions::PAGE;
    "sync" Sync(exchange::SyncArgs) exchange::SYNC_PAGE;
    "prune" Prune(prune::PruneArgs) prune::PAGE;
    "fsck" Fsck(upkeep::FsckArgs) upkeep::FSCK_PAGE;
    "recover" Recover(upkeep::RecoverArgs) upkeep::RECOVER_PAGE;
    "demo" Demo(upkeep::DemoArgs) upkeep::DEMO_PAGE;
    "hooks" Hooks(hooks::HooksArgs) hooks::PAGE;
    "help" Help(manual::HelpArgs) manual::HELP_PAGE;
    "install-man" InstallMan(manual::InstallManArgs) manual::INSTALL_MAN_PAGE;
    "schema" Schema(manual::SchemaArgs) manual::SCHEMA_PAGE;
    "version" Version(manual::VersionArgs) manual::VERSION_PAGE;
    "deinit" Deinit(init::DeinitArgs) init::DEINIT_PAGE;
}

/// The commands by what a person does with them, as `git help` lists its own: the heading, what `-h` shows, and what `help -a` adds.
const GROUPS: [(&str, &[&str], &[&str]); 6] = [
    ("start", &["demo", "init", "add", "investigate", "edit"], &["import"]),
    (
        "work on specs",
        &["work", "next", "finish", "merge", "pause", "takeover", "reset", "cancel"],
        &["split", "path", "fail", "note", "release", "choose"],
    ),
    (
        "examine specs and lines",
        &["status", "list", "show", "log", "why", "graph"],
        &["cost", "drift", "report", "attest", "lint", "bisect", "changelog", "instructions"],
    ),
    ("review", &["review", "verify", "approve", "reject"], &["accept"]),
    ("share", &["sync", "pr"], &[]),
    (
        "maintain",
        &[],
        &["archive", "prune", "fsck", "recover", "hooks", "help", "install-man", "schema", "version", "deinit"],
    ),
];

/// How a command ends, for the manual pages: exit code and meaning.
pub(crate) const EXIT_STATUS: &[(&str, &str)] = &[
    ("0", "Success."),
    ("1", "A negative answer, or a failed check."),
    ("128", "A fatal error; the message says what is wrong, and a hint what to do."),
    ("129", "Wrong usage."),
    ("128+n", "Killed by signal n."),
];

/// What is kept where, for the manual pages: name and meaning.
pub(crate) const FILES: &[(&str, &str)] = &[
    (".chant/specs/<id>.md", "The spec. git-chant creates it and does not change it."),
    (".chant/research/, .chant/prompts/", "Documents that research produces; prompts that replace built-in ones."),
    ("refs/chant/specs/<id>", "The history of the spec: one commit per event."),
    ("refs/chant/archive/<month>", "Archived specs; its tree has the newest event of each."),
    ("refs/notes/chant", "A note on every commit that a spec's work produced."),
    ("refs/chant-local/attempts/", "The work of each attempt, in this clone only."),
    ("$GIT_COMMON_DIR/chant/", "Transcripts, leases and the cache, in this clone only."),
];

/// What is read of the environment, for the manual page of `git-chant`: name and meaning.
pub(crate) const ENVIRONMENT: &[(&str, &str)] = &[
    ("CHANT_HOOKS", "If 0, the hooks of git chant hooks install do nothing."),
    (
        "CHANT_TRACE",
        "Logs every git call, command and agent with its duration in milliseconds. As with GIT_TRACE2, 1 writes to stderr, a digit from 3 to 9 to that file descriptor, and an absolute path to that file.",
    ),
    ("GIT_ADVICE", "If 0, prints no hints (git --no-advice)."),
    ("GIT_EDITOR, GIT_PAGER", "The editor and the pager, as in git(1)."),
    ("GIT_TERMINAL_PROMPT", "If 0, asks nothing at a terminal; a question is an error."),
    ("NO_COLOR", "If set, disables colour unless color.chant, color.ui or --color is always."),
];

/// What works and no help lists: what git calls, and commands that are options of others now.
const HIDDEN: [(&str, Define); 3] = [
    ("hook", hooks::HookArgs::augment_args),
    ("ready", list::ReadyArgs::augment_args),
    ("unarchive", archive::UnarchiveArgs::augment_args),
];

/// Earlier names of commands, and names that people try first: each works, and no help, completion or hint shows it.
const ALIASES: [(&str, &str); 5] = [
    ("ack", "accept"),
    ("done", "finish"),
    ("prime", "instructions"),
    ("release-notes", "changelog"),
    ("resolve", "choose"),
];

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

/// The definition with its commands listed by [`GROUPS`]: all of them, or those that most people need.
pub(crate) fn grouped(command: clap::Command, all: bool) -> clap::Command {
    let mut text = String::new();
    for (heading, common, rest) in GROUPS {
        let names = Vec::from_iter(common.iter().chain(if all { rest } else { &[] }));
        if !names.is_empty() {
            text += &format!("{heading}\n");
        }
        for name in names {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about).unwrap_or_default();
            text += &format!("   {name:<15}{about}\n");
        }
        text += if text.ends_with("\n\n") { "" } else { "\n" };
    }
    let more = if all { "" } else { "'git chant help -a' lists every command.\n" };
    command
        .help_template(format!(
            "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}{{options}}{{after-help}}",
            text + "options\n"
        ))
        .after_help(format!(
            "{more}'git chant help <command>' explains one; 'git chant help workflow' shows how they fit together."
        ))
}

/// As much of it as is needed to read `args`: of the commands those that are named there. All of them take longer to define than most
/// commands take.
pub(crate) fn needed<'a>(args: impl Iterator<Item = &'a OsString>) -> clap::Command {
    let args: Vec<_> = args.collect();
    defined(known().filter(|(name, _)| {
        let aliases = ALIASES.iter().filter(|(_, of)| of == name).map(|(alias, _)| *alias);
        aliases.chain([*name]).any(|name| args.iter().any(|arg| *arg == name))
    }))
}

fn known() -> impl Iterator<Item = (&'static str, Define)> {
    COMMANDS.iter().map(|(name, define, _)| (*name, *define)).chain(HIDDEN)
}

fn defined(commands: impl Iterator<Item = (&'static str, Define)>) -> clap::Command {
    commands.fold(Root::command(), |root, (name, define)| {
        let aliases = ALIASES.iter().filter(|(_, of)| *of == name).map(|(alias, _)| *alias);
        root.subcommand(define(clap::Command::new(name)).aliases(aliases))
    })
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
            parse_as(grouped(if long { command() } else { whole() }, long), &args)
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
