//! The draft of a new spec as `add`, typed by a person or inside an agent, has it in its options, and texts that a command reads from
//! a file or from standard input.

use std::path::Path;

use super::Context;
use crate::{
    authoring::draft::Draft,
    cli::add::AddArgs,
    domain::{
        phase::Phase,
        spec_file::{Approval, FrontMatter, MAX_SPEC_LEN},
    },
    error::{Error, IoContext, Kind, Result},
};

/// The text of the new spec as the options say it.
pub(super) fn of_options(context: &Context<'_>, args: &AddArgs) -> Result<Draft> {
    let body = args.body_file.as_deref().map(|path| read_body(context, path)).transpose()?.unwrap_or_default();
    Ok(Draft {
        title: args.title.clone().unwrap_or_default(),
        front: front(args),
        body,
        kind_given: args.spec_type.is_some(),
        foreign: false,
    })
}

/// The front matter as the options say it.
pub(super) fn front(args: &AddArgs) -> FrontMatter {
    FrontMatter {
        kind: args.spec_type.or(args.phase.map(Phase::kind)).unwrap_or_default(),
        phase: args.phase.map(|phase| phase.as_str().to_owned()),
        topic: args.topic.clone(),
        labels: args.labels.clone(),
        depends_on: args.depends_on.clone(),
        informed_by: args.informed_by.clone(),
        origin: args.origin.clone(),
        tracks: args.tracks.clone(),
        context: args.context.clone(),
        target_files: args.target_files.clone(),
        prompt: args.prompt.clone(),
        verify: args.verify.clone(),
        reproduces: args.proof.reproduces.clone(),
        tests: args.proof.tests.clone(),
        fails_with: args.proof.fails_with.clone(),
        runs: args.proof.runs.clone(),
        priority: args.priority.map(|number| number.to_string()),
        not_before: args.not_before.map(|day| day.to_string()),
        approval: Approval { required: args.needs_approval },
        agent: args.agent.clone(),
        supersedes: args.supersedes.clone(),
        ..FrontMatter::default()
    }
}

/// The text in the file `path`, or on standard input where it is `-`. At most as long as a spec may be.
pub(super) fn read_body(context: &Context<'_>, path: &Path) -> Result<String> {
    let bytes = if path == Path::new("-") {
        context.env.read_stdin(MAX_SPEC_LEN).io("read", Path::new("standard input"))?
    } else {
        let path = context.env.cwd().join(path);
        let size = std::fs::metadata(&path).io("read", &path)?.len();
        if size > MAX_SPEC_LEN as u64 {
            let message = format!("'{}' has {size} bytes; a spec may have {MAX_SPEC_LEN}", path.display());
            return Err(Error::fatal(Kind::TooLarge, message));
        }
        std::fs::read(&path).io("read", &path)?
    };
    String::from_utf8(bytes).map_err(|_| Error::fatal(Kind::NotUtf8, format!("{} is not UTF-8", named(path))))
}

/// How a message names the file `path`, or standard input where it is `-`.
pub(super) fn named(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { format!("'{}'", path.display()) }
}
