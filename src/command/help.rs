//! `git chant help`

use super::Context;
use crate::{
    answer::{Nothing, Text, outcome::Outcome},
    cli::{self, manual::HelpArgs},
    env::scratch,
    error::{Error, IoContext, Kind, Result},
    manual::{self, GUIDES, Guide},
};

pub(super) fn run(context: &Context<'_>, args: &HelpArgs) -> Result<Outcome> {
    let Some(topic) = &args.topic else { return Ok(Outcome::new(Text { text: overview(args.all) })) };
    let Page { file, text } = find(topic)?;
    let page = manual::pages().into_iter().find(|page| page.file == file);
    if let Some(page) = page.filter(|_| context.interactive && context.env.stdout_is_terminal()) {
        // man shows the name of the file.
        let room = scratch::dir("git-chant-")?;
        let shown = room.path().join(&page.file);
        std::fs::write(&shown, &page.text).io("write", &shown)?;
        if context.env.show_manual(&shown) {
            return Ok(Outcome::new(Nothing {}));
        }
    }
    Ok(Outcome::new(Text { text }))
}

/// A page: the name of its file, and its text for where no program shows pages.
struct Page {
    file: String,
    text: String,
}

/// A command, by its name, its alias or its page's name, or a guide.
fn find(topic: &str) -> Result<Page> {
    let mut command = cli::command();
    command.build();
    let name = topic.strip_prefix("git-chant-").or_else(|| topic.strip_prefix("chant-")).unwrap_or(topic);
    if let Some(sub) = command.find_subcommand_mut(name).filter(|sub| !sub.is_hide_set()) {
        let file = format!("git-chant-{}.1", sub.get_name());
        return Ok(Page { file, text: sub.render_long_help().to_string() });
    }
    if let Some(guide) = Guide::named(topic) {
        return Ok(Page { file: format!("{}.{}", guide.name, guide.section), text: guide.text() });
    }
    if ["git-chant", "chant"].contains(&topic) {
        return Ok(Page { file: "git-chant.1".to_owned(), text: overview(true) });
    }
    let message = format!("no such command or guide: '{}'", topic.escape_debug());
    let error = Error::usage(Kind::UnknownTopic, message);
    let known = cli::COMMANDS.iter().map(|(name, ..)| *name).chain(GUIDES.iter().map(Guide::short));
    Err(match cli::meant::nearest(known, topic) {
        Some(name) => error.hint(format!("did you mean '{name}'?")),
        None => error.hint("to list them: git chant help"),
    })
}

/// The commands, all of them or those that most people need, and the guides.
fn overview(all: bool) -> String {
    let mut command = cli::grouped(cli::command(), all);
    command.build();
    let wide = GUIDES.iter().map(|guide| guide.short().len()).max().unwrap_or_default();
    let guides: String = GUIDES.iter().map(|guide| format!("  {:<wide$}  {}\n", guide.short(), guide.about)).collect();
    format!("{}\nGuides, for git chant help <guide>:\n{guides}", command.render_help())
}
