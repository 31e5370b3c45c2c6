//! What a terminal shows: width, direction of writing, and taking control sequences out.

pub(crate) mod bidi;
pub(crate) mod clean;
pub(crate) mod color;
pub(crate) mod fit;
pub(crate) mod sanitize;
pub(crate) mod settings;
pub(crate) mod time;

use color::Paint;

/// The output that a text is rendered for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// The colours.
    pub(crate) paint: Paint,
    /// The width in columns; `None` where nothing is cut.
    pub(crate) width: Option<usize>,
    /// Whether a terminal will interpret the bytes.
    pub(crate) screen: bool,
    /// Whether box drawing and `…` may be used.
    pub(crate) unicode: bool,
}

impl Look {
    /// Several lines of text in no frame: cleaned for a terminal, as it is for a pipe.
    pub(crate) fn text<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        if self.screen { clean::text(text) } else { text.into() }
    }
}
