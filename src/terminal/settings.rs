//! The settings of the printer, from flags, configuration, environment and streams. Here are the types alone; `command::appearance`
//! finds the values.

use super::color::{Palette, When};

/// The settings of the printer, from flags, configuration, environment and terminal. The caller reads them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// `--json`.
    pub json: bool,
    /// `-z`.
    pub null: bool,
    /// `--format`.
    pub format: Option<String>,
    /// `--quiet`: no progress, notes and hints; warnings and errors stay.
    pub quiet: bool,
    /// `--color`.
    pub color: Option<When>,
    /// The value of `color.chant`.
    pub color_chant: Option<String>,
    /// The value of `color.ui`, which counts where `color.chant` is not set.
    pub color_ui: Option<String>,
    /// Whether `NO_COLOR` is set to something, or `TERM` is `dumb`.
    pub no_color: bool,
    /// The colours that the user has chosen.
    pub palette: Palette,
    /// The terminal behind the streams.
    pub terminal: Terminal,
}

/// The terminal behind the streams.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terminal {
    /// Whether a terminal shows stdout, through a pager too (`GIT_PAGER_IN_USE`).
    pub stdout: bool,
    /// Whether stderr is a terminal.
    pub stderr: bool,
    /// The width in columns, where it is known.
    pub width: Option<u16>,
    /// Whether it shows Unicode: the locale's encoding is UTF-8.
    pub unicode: bool,
}

/// Whether people want hints of a sort; it is asked where there is one.
pub(crate) type Advice = Box<dyn Fn(Hint) -> bool + Send + Sync>;

/// The sorts of hints, by which `advice.*` silences them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// What to do next, where a command did what it was asked.
    Next,
    /// The way out of an error.
    WayOut,
}

impl Hint {
    /// The setting that silences them if it is false.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Hint::Next => "advice.chantNext",
            Hint::WayOut => "advice.chantWayOut",
        }
    }
}
