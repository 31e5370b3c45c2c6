//! The commands, a file each: arguments → one call of a use case → [`Outcome`]. What is typed is in `cli`, and printing in `output`.

pub(crate) mod appearance;

mod accept;
mod add;
mod approve;
mod archive;
mod attest;
mod bisect;
mod changelog;
mod choose;
mod claim;
pub(crate) mod complete;
mod context;
mod cost;
mod deinit;
mod demo;
mod draft;
mod drift;
mod edit;
mod end;
mod ended;
mod fetched;
mod finish;
mod fsck;
mod graph;
mod help;
mod hook;
mod hooks;
mod import;
mod init;
mod inside;
mod install_man;
mod instructions;
mod investigate;
mod lint;
mod list;
mod log;
mod merge;
mod next;
mod note;
mod path;
mod pause;
mod pr;
mod prune;
mod recover;
mod repair;
mod report;
mod request;
mod review;
mod schema;
mod show;
mod split;
mod status;
mod sync;
mod verify;
mod version;
mod why;
mod work;

pub(crate) use context::Context;

use crate::{
    answer::{self, outcome::Outcome, record::Fields},
    cli::{Cli, Command},
    error::Result,
};

/// Runs a command to its outcome.
pub(crate) fn run(context: &Context<'_>, command: &Command) -> Result<Outcome> {
    let outcome = match inside::asks(context, command) {
        Ok(None) => {
            fetched::join(context, command);
            dispatch(context, command)
        }
        Ok(Some(inside)) => request::run(context, &inside, command),
        Err(refused) => Err(refused),
    };
    if writes_much(command) {
        context.maintain();
    }
    outcome
}

/// Whether a command may have written so much that the repository is due for maintenance.
fn writes_much(command: &Command) -> bool {
    matches!(
        command,
        Command::Work(_)
            | Command::Finish(_)
            | Command::Merge(_)
            | Command::Sync(_)
            | Command::Archive(_)
            | Command::Import(_)
    )
}

fn dispatch(context: &Context<'_>, command: &Command) -> Result<Outcome> {
    match command {
        Command::Init(args) => init::run(context, args),
        Command::Import(args) => import::run(context, args),
        Command::Add(args) => add::run(context, args),
        Command::Investigate(args) => investigate::run(context, args),
        Command::List(args) => list::run(context, args),
        Command::Ready(args) => list::run(context, &args.into()),
        Command::Status(args) => status::run(context, args),
        Command::Drift(args) => drift::run(context, args),
        Command::Why(args) => why::run(context, args),
        Command::Cost(args) => cost::run(context, args),
        Command::Graph(args) => graph::run(context, args),
        Command::Report(args) => report::run(context, args),
        Command::Show(args) => show::run(context, args),
        Command::Edit(args) => edit::run(context, args),
        Command::Approve(args) => approve::approve(context, args),
        Command::Reject(args) => approve::reject(context, args),
        Command::Review(args) => review::run(context, args),
        Command::Split(args) => split::run(context, args),
        Command::Work(args) => work::run(context, args),
        Command::Next(args) => next::run(context, args),
        Command::Log(args) => log::run(context, args),
        Command::Path(args) => path::run(context, args),
        Command::Verify(args) => verify::run(context, args),
        Command::Bisect(args) => bisect::run(context, args),
        Command::Attest(args) => attest::run(context, args),
        Command::Finish(args) => finish::run(context, args),
        Command::Merge(args) => merge::run(context, args),
        Command::Accept(args) => accept::run(context, args),
        Command::Pause(args) => pause::pause(context, args),
        Command::Takeover(args) => pause::takeover(context, args),
        Command::Fail(args) => end::fail(context, args),
        Command::Note(args) => note::run(context, args),
        Command::Reset(args) => end::reset(context, args),
        Command::Release(args) => end::release(context, args),
        Command::Cancel(args) => end::cancel(context, args),
        Command::Choose(args) => choose::run(context, args),
        Command::Archive(args) => archive::run(context, args),
        Command::Unarchive(args) => archive::run(context, &args.into()),
        Command::Deinit(args) => deinit::run(context, args),
        Command::Demo(args) => demo::run(context, args),
        Command::Hooks(args) => hooks::run(context, args),
        Command::Hook(args) => hook::run(context, args),
        Command::Help(args) => help::run(context, args),
        Command::InstallMan(args) => install_man::run(context, args),
        Command::Schema(args) => schema::run(context, args),
        Command::Version(args) => version::run(context, args),
        Command::Lint(args) => lint::run(context, args),
        Command::Pr(args) => pr::run(context, args),
        Command::Changelog(args) => changelog::run(context, args),
        Command::Sync(args) => sync::run(context, args),
        Command::Instructions(args) => instructions::run(context, args),
        Command::Prune(args) => prune::run(context, args),
        Command::Fsck(args) => fsck::run(context, args),
        Command::Recover(args) => recover::run(context, args),
    }
}

/// The fields that `--format` knows for the answers of a command; `None` if there are none.
pub(crate) fn fields(cli: &Cli) -> Option<Fields> {
    match &cli.command {
        Command::Log(args) if args.agent => None,
        _ => answer::schema::fields_of(&cli.name),
    }
}
