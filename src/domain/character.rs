//! Characters that a terminal does not simply show, told apart by what they would do: the one table for what validates texts and for
//! what prints them.

/// Whether `c` changes the order in which text is drawn, so that a reader sees another command than the one that runs.
pub(crate) fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether `c` may not stand in a value of one line: a control character (C0, DEL, C1), a line separator, or one that reorders.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || reorders(c)
}

/// Whether a terminal would do something else with `c` than show it: what is unprintable, and what is invisible and can hide a text.
pub(crate) fn is_harmful(c: char) -> bool {
    is_unprintable(c)
        || matches!(c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
