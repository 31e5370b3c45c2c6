//! What the printer has to know, from flags, environment and configuration: colours, hints, the pager. Nothing is printed here.

use std::cell::OnceCell;

use anstyle::{Ansi256Color, AnsiColor, Color, Effects, RgbColor, Style};
use gix::config::color::{Attribute, Name};

use crate::{
    cli::{Cli, Command, Global},
    env::{Env, pager::Pager},
    git::{process::Git, repository::Repository},
    terminal::{
        color::{Palette, When},
        settings::{Advice, Hint, Settings, Terminal},
    },
};

/// The configuration of the repository that the process is in, or of the person, read on its first use. One that cannot be read is
/// taken as empty here: the command reports it.
pub(crate) struct Configuration {
    env: Env,
    source: OnceCell<ConfigSource>,
}

/// Where the configuration is from.
enum ConfigSource {
    Repository(Box<Repository>),
    Person(Box<gix::config::File>),
    Nowhere,
}

impl Configuration {
    /// Nothing is read yet.
    pub(crate) fn new(env: &Env) -> Configuration {
        Configuration { env: env.clone(), source: OnceCell::new() }
    }

    fn source(&self) -> &ConfigSource {
        self.source.get_or_init(|| match Repository::discover(&self.env) {
            Ok(repo) => ConfigSource::Repository(Box::new(repo)),
            Err(_) => gix::config::File::from_globals()
                .map_or(ConfigSource::Nowhere, |file| ConfigSource::Person(Box::new(file))),
        })
    }

    /// The value of a key, as it is written.
    fn text(&self, key: &str) -> Option<String> {
        let value = match self.source() {
            ConfigSource::Repository(repo) => repo.gix().config_snapshot().plumbing().string(key)?.to_string(),
            ConfigSource::Person(file) => file.string(key)?.to_string(),
            ConfigSource::Nowhere => return None,
        };
        Some(value)
    }

    fn is_false(&self, key: &str) -> bool {
        self.text(key).is_some_and(|value| is_false(&value))
    }

    /// The repository, if it was opened for the configuration, so that it is not opened again.
    pub(crate) fn into_repository(self) -> Option<Repository> {
        match self.source.into_inner()? {
            ConfigSource::Repository(repo) => Some(*repo),
            ConfigSource::Person(_) | ConfigSource::Nowhere => None,
        }
    }
}

/// Whether git reads it as a boolean that is false.
fn is_false(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "false" | "no" | "off" | "0")
}

/// The settings of the printer.
pub(crate) fn settings(global: &Global, env: &Env, configuration: &Configuration) -> Settings {
    let paged = env.var("GIT_PAGER_IN_USE").is_some();
    let terminal = Terminal {
        stdout: env.stdout_is_terminal() || paged,
        stderr: env.stderr_is_terminal(),
        width: (env.stdout_is_terminal() || paged).then(|| u16::try_from(env.width()).unwrap_or(u16::MAX)),
        unicode: env.is_utf8(),
    };
    // Only where there may be colour is the configuration asked for it: a setting may want it in a pipe, too.
    let machine = global.json || global.null || global.format.is_some();
    let colourful = !machine || terminal.stdout || terminal.stderr;
    let configured = |key: &str| colourful.then(|| configuration.text(key)).flatten();
    Settings {
        json: global.json,
        null: global.null,
        format: global.format.clone(),
        quiet: global.quiet,
        color: match global.color {
            clap::ColorChoice::Auto => None,
            clap::ColorChoice::Always => Some(When::Always),
            clap::ColorChoice::Never => Some(When::Never),
        },
        color_chant: configured("color.chant"),
        color_ui: configured("color.ui"),
        no_color: env.text("NO_COLOR").is_some() || env.text("TERM") == Some("dumb"),
        palette: Palette::chosen(|slot| configured(&format!("color.chant.{slot}")).and_then(|value| style(&value))),
        terminal,
    }
}

/// Which hints a person wants: all, unless `advice.chant…` says otherwise of a sort, or `GIT_ADVICE` of all (`git --no-advice`). In JSON
/// there are none, and nothing is asked.
pub(crate) fn advice(global: &Global, env: &Env, configuration: &Configuration) -> Advice {
    let none = env.text("GIT_ADVICE").is_some_and(is_false);
    let wants = |hint: Hint| !global.json && !none && !configuration.is_false(hint.key());
    let [next, way_out] = [Hint::Next, Hint::WayOut].map(wants);
    Box::new(move |hint| match hint {
        Hint::Next => next,
        Hint::WayOut => way_out,
    })
}

/// The pager for a long answer, where one is to be used: for what people read, at a terminal, as git does for its own commands.
///
/// `git -p chant` and `pager.chant` are git's affair, which has set up a pager or `GIT_PAGER=cat` by now; they are looked at here for
/// those who call git-chant itself.
pub(crate) fn pager(cli: &Cli, env: &Env, configuration: &Configuration) -> Option<Pager> {
    let long = match &cli.command {
        Command::List(_)
        | Command::Ready(_)
        | Command::Show(_)
        | Command::Review(_)
        | Command::Graph(_)
        | Command::Why(_) => true,
        Command::Drift(_) | Command::Changelog(_) => true,
        Command::Log(log) => !log.follow,
        _ => false,
    };
    if !long || !env.stdout_is_terminal() || env.var("GIT_PAGER_IN_USE").is_some() {
        return None;
    }
    // At a terminal that cannot do anything a pager would only ask for patience.
    if env.text("TERM").is_none_or(|term| term == "dumb") {
        return None;
    }
    let chosen = configuration.text("pager.chant");
    let command = match chosen.as_deref() {
        Some(value) if is_false(value) => return None,
        Some(value) if !matches!(value.to_ascii_lowercase().as_str(), "" | "true" | "yes" | "on" | "1") => {
            value.to_owned()
        }
        _ => {
            let ConfigSource::Repository(repo) = configuration.source() else { return None };
            Git::at(repo).args(["var", "GIT_PAGER"]).check().ok()?.line().to_owned()
        }
    };
    (!matches!(command.as_str(), "" | "cat")).then(|| Pager::new(env, command))
}

/// A colour as git writes it; `None` if git would not read it. A typo in a person's configuration is no reason to fail.
fn style(value: &str) -> Option<Style> {
    let color = gix::config::Color::try_from(value).ok()?;
    let mut style = Style::new().fg_color(color.foreground.and_then(named)).bg_color(color.background.and_then(named));
    for (attribute, effect) in [
        (Attribute::BOLD, Effects::BOLD),
        (Attribute::DIM, Effects::DIMMED),
        (Attribute::ITALIC, Effects::ITALIC),
        (Attribute::UL, Effects::UNDERLINE),
        (Attribute::BLINK, Effects::BLINK),
        (Attribute::REVERSE, Effects::INVERT),
        (Attribute::STRIKE, Effects::STRIKETHROUGH),
    ] {
        if color.attributes.contains(attribute) {
            style = style.effects(style.get_effects() | effect);
        }
    }
    Some(style)
}

fn named(name: Name) -> Option<Color> {
    Some(match name {
        Name::Normal | Name::Default => return None,
        Name::Black => AnsiColor::Black.into(),
        Name::BrightBlack => AnsiColor::BrightBlack.into(),
        Name::Red => AnsiColor::Red.into(),
        Name::BrightRed => AnsiColor::BrightRed.into(),
        Name::Green => AnsiColor::Green.into(),
        Name::BrightGreen => AnsiColor::BrightGreen.into(),
        Name::Yellow => AnsiColor::Yellow.into(),
        Name::BrightYellow => AnsiColor::BrightYellow.into(),
        Name::Blue => AnsiColor::Blue.into(),
        Name::BrightBlue => AnsiColor::BrightBlue.into(),
        Name::Magenta => AnsiColor::Magenta.into(),
        Name::BrightMagenta => AnsiColor::BrightMagenta.into(),
        Name::Cyan => AnsiColor::Cyan.into(),
        Name::BrightCyan => AnsiColor::BrightCyan.into(),
        Name::White => AnsiColor::White.into(),
        Name::BrightWhite => AnsiColor::BrightWhite.into(),
        Name::Ansi(number) => Ansi256Color(number).into(),
        Name::Rgb(red, green, blue) => RgbColor(red, green, blue).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_written_as_git_writes_them() {
        let shown = |value: &str| style(value).map(|style| style.render().to_string());
        for (value, sequence) in [
            ("bold red", "\u{1b}[1m\u{1b}[31m"),
            ("#ff8000 black ul", "\u{1b}[4m\u{1b}[38;2;255;128;0m\u{1b}[40m"),
            ("208", "\u{1b}[38;5;208m"),
            ("normal", ""),
        ] {
            assert_eq!(shown(value).as_deref(), Some(sequence), "{value}");
        }
        assert_eq!(shown("reddish"), None);
    }
}
