//! Pieces of a manual page.

use clap_mangen::roff::{Inline, Roff, bold, roman};

/// The lines that `Roff` puts before every document: they define the quote that pages use.
pub(super) const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// A document without its preamble.
pub(super) fn bare(text: &str) -> &str {
    text.strip_prefix(PREAMBLE).unwrap_or(text)
}

/// A part of a page; quotes in it use the definition at the top of the page.
pub(super) fn body(roff: &Roff) -> String {
    bare(&roff.render()).to_owned()
}

/// An example as it is typed, set off from the text before it, if there is any.
pub(super) fn example(roff: &mut Roff, text: &str, follows: bool) {
    if follows {
        roff.control("PP", []);
    }
    roff.control("RS", ["4"]);
    roff.control("EX", []);
    roff.text([roman(text)]);
    roff.control("EE", []);
    roff.control("RE", []);
}

/// A section of terms, each with its meaning.
pub(super) fn table(heading: &str, rows: &[(&str, &str)]) -> String {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (term, meaning) in rows {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text([roman(*meaning)]);
    }
    body(&roff)
}

/// The section that names other pages, in the order of their sections, then names.
pub(super) fn see_also<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut pages: Vec<(char, &str)> = names.map(|name| (super::section_of(name), name)).collect();
    pages.sort_unstable();
    pages.dedup();
    let mut line: Vec<Inline> = Vec::new();
    for (at, (section, name)) in pages.into_iter().enumerate() {
        line.extend([roman(if at > 0 { ", " } else { "" }), bold(name), roman(format!("({section})"))]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    roff.text(line);
    body(&roff)
}
