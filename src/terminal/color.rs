//! Whether there is colour, and which.

use std::fmt;

use anstyle::{AnsiColor, Style};
use strum::{EnumCount, VariantNames};

/// When to use colour: the values of `--color`, `color.chant` and `color.ui`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum When {
    /// At a terminal.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl When {
    /// A value of `color.chant` or `color.ui` as git reads it: a true boolean is `auto`, a false one `never`. Anything else is
    /// `None`: a typo in the configuration is no reason to fail.
    pub(crate) fn from_config(value: &str) -> Option<When> {
        match value.to_ascii_lowercase().as_str() {
            "always" => Some(When::Always),
            "never" | "false" | "no" | "off" | "0" => Some(When::Never),
            "auto" | "true" | "yes" | "on" | "1" | "" => Some(When::Auto),
            _ => None,
        }
    }

    /// Whether to colour: the flag first, then the configuration where it says always or never, then `NO_COLOR`, then
    /// whether there is a terminal.
    pub(crate) fn decide(flag: Option<When>, config: Option<When>, no_color: bool, terminal: bool) -> bool {
        match flag.or(config).unwrap_or_default() {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !no_color,
        }
    }
}

/// The kind of a piece of text, by which it is coloured. The names are those of the slots `color.chant.<slot>`; those from `Pending`
/// on are the statuses of specs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumCount, VariantNames)]
#[strum(serialize_all = "camelCase")]
pub(crate) enum Slot {
    Id,
    Header,
    Good,
    Bad,
    Warning,
    Hint,
    Faint,
    Comment,
    Pending,
    InProgress,
    Paused,
    Finished,
    Completed,
    Failed,
    Cancelled,
    Archived,
}

/// The styles that a person has chosen for slots, in the order of [`Slot`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Palette([Option<Style>; Slot::COUNT]);

impl Palette {
    /// Has the slots look as `choice` says of each, by its name.
    pub(crate) fn chosen(mut choice: impl FnMut(&'static str) -> Option<Style>) -> Palette {
        Palette(std::array::from_fn(|at| choice(Slot::VARIANTS[at])))
    }
}

impl Slot {
    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        match self {
            Slot::Header => Style::new().bold(),
            Slot::Good | Slot::Completed => color(AnsiColor::Green),
            Slot::Bad | Slot::Failed => color(AnsiColor::Red).bold(),
            Slot::Comment | Slot::InProgress => color(AnsiColor::Cyan),
            Slot::Finished => color(AnsiColor::Blue),
            Slot::Id | Slot::Warning | Slot::Hint | Slot::Paused => color(AnsiColor::Yellow),
            Slot::Faint | Slot::Cancelled | Slot::Archived => Style::new().dimmed(),
            Slot::Pending => Style::new(),
        }
    }
}

/// The brush: it colours or leaves alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint {
    /// Whether it colours.
    pub(crate) on: bool,
    /// With what.
    palette: Palette,
}

impl Paint {
    /// Colours with the default palette.
    #[cfg(test)]
    pub(crate) const fn new(on: bool) -> Paint {
        Paint { on, palette: Palette([None; Slot::COUNT]) }
    }

    /// Colours with a palette of the user's.
    pub(crate) fn with_palette(on: bool, palette: Palette) -> Paint {
        Paint { on, palette }
    }

    /// The text in the colour of its slot.
    pub(crate) fn with<T: fmt::Display>(self, slot: Slot, text: T) -> String {
        let style = if self.on { self.palette.0[slot as usize].unwrap_or_else(|| slot.style()) } else { Style::new() };
        format!("{style}{text}{style:#}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_then_configuration_then_no_color_then_terminal() {
        let always = Some(When::Always);
        let never = Some(When::Never);
        let auto = Some(When::Auto);
        for (flag, config, no_color, terminal, colored) in [
            (None, None, false, true, true),
            (None, None, false, false, false),
            (None, None, true, true, false),
            (None, always, true, false, true),
            (None, never, false, true, false),
            (None, auto, true, true, false),
            (always, never, true, false, true),
            (never, always, false, true, false),
            (auto, always, false, false, false),
        ] {
            assert_eq!(When::decide(flag, config, no_color, terminal), colored, "{flag:?} {config:?} {no_color}");
        }
    }

    #[test]
    fn booleans_of_git_are_understood() {
        assert_eq!(When::from_config("True"), Some(When::Auto));
        assert_eq!(When::from_config("off"), Some(When::Never));
        assert_eq!(When::from_config("always"), Some(When::Always));
        assert_eq!(When::from_config("sometimes"), None);
    }

    #[test]
    fn a_chosen_style_replaces_the_default() {
        let palette = Palette::chosen(|name| (name == "inProgress").then(|| Style::new().italic()));
        let paint = Paint::with_palette(true, palette);
        assert_eq!(paint.with(Slot::InProgress, "x"), "\u{1b}[3mx\u{1b}[0m");
        assert_eq!(paint.with(Slot::Id, "x"), Paint::new(true).with(Slot::Id, "x"));
        assert_eq!(Paint::with_palette(false, palette).with(Slot::InProgress, "x"), "x");
    }
}
