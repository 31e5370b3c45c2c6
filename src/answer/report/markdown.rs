//! Markdown as inert HTML: no markup of the document's own, no picture, no link but to a page or an address.

use std::fmt::Write as _;

use maud::{Escaper, Markup, PreEscaped};
use pulldown_cmark::{Alignment, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::{domain::spec_file::body_of, terminal::clean};

const OPTIONS: Options = Options::ENABLE_TASKLISTS.union(Options::ENABLE_TABLES).union(Options::ENABLE_STRIKETHROUGH);

/// How much of a document is drawn, in bytes.
const MOST: usize = 128 << 10;

/// How links begin that are kept.
const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// A document without its front matter. Its headings begin at `level`, and none is more than one deeper than the one before.
pub(super) fn html(document: &str, level: u8) -> Markup {
    let clean = clean::text(body_of(document));
    let shown = start(&clean, MOST);
    let mut inert = Inert { top: level, open: Vec::new(), links: Vec::new() };
    let events: Vec<Event<'_>> = Parser::new_ext(shown, OPTIONS).map(|event| inert.event(event)).collect();
    let mut out = String::with_capacity(shown.len() * 3 / 2);
    html::push_html(&mut out, events.into_iter());
    if shown.len() < clean.len() {
        out.push_str("<p class=\"faint\">The document is too long to show: the rest is left out.</p>");
    }
    PreEscaped(out)
}

/// The start of a text, of at most `most` bytes.
pub(super) fn start(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

struct Inert {
    /// The rank of the highest headings.
    top: u8,
    /// The ranks in the document of the headings that the present one stands below, the highest first.
    open: Vec<HeadingLevel>,
    /// Of the links that are open, whether each is one.
    links: Vec<bool>,
}

impl Inert {
    fn event<'e>(&mut self, event: Event<'e>) -> Event<'e> {
        match event {
            // An entity may stand for what was taken out where it was written as it is.
            Event::Html(text) | Event::InlineHtml(text) | Event::Text(text) => Event::Text(cleaned(&text)),
            Event::Code(text) => Event::Code(cleaned(&text)),
            // Alignment is an attribute that the policy of the page forbids.
            Event::Start(Tag::Table(columns)) => Event::Start(Tag::Table(vec![Alignment::None; columns.len()])),
            Event::Start(Tag::HtmlBlock) => markup("<pre class=\"raw\">"),
            Event::End(TagEnd::HtmlBlock) => markup("</pre>"),
            Event::Start(Tag::Heading { level, .. }) => {
                self.open.retain(|above| *above < level);
                self.open.push(level);
                markup(format!("<h{}>", self.rank()))
            }
            Event::End(TagEnd::Heading(_)) => markup(format!("</h{}>\n", self.rank())),
            Event::Start(Tag::Link { dest_url, .. }) => self.link(&dest_url),
            Event::End(TagEnd::Link) => markup(if self.links.pop() == Some(true) { "</a>" } else { "</span>" }),
            Event::Start(Tag::Image { .. }) => markup("<span class=\"faint\">[picture: "),
            Event::End(TagEnd::Image) => markup("]</span>"),
            Event::TaskListMarker(true) => markup("<span class=\"box\">\u{2611}</span> "),
            Event::TaskListMarker(false) => markup("<span class=\"box\">\u{2610}</span> "),
            other => other,
        }
    }

    fn rank(&self) -> u8 {
        let deeper = u8::try_from(self.open.len().saturating_sub(1)).unwrap_or(u8::MAX);
        self.top.saturating_add(deeper).min(6)
    }

    fn link<'e>(&mut self, to: &str) -> Event<'e> {
        let lower = to.to_ascii_lowercase();
        let kept = SCHEMES.iter().any(|scheme| lower.starts_with(scheme));
        self.links.push(kept);
        let mut out =
            String::from(if kept { "<a rel=\"noopener noreferrer nofollow\" href=\"" } else { "<span title=\"" });
        // Writing to a string cannot fail.
        let _written = Escaper::new(&mut out).write_str(&clean::line(to));
        out.push_str("\">");
        markup(out)
    }
}

fn cleaned(text: &str) -> CowStr<'static> {
    clean::text(text).into_owned().into()
}

fn markup<'e>(html: impl Into<CowStr<'e>>) -> Event<'e> {
    Event::InlineHtml(html.into())
}

#[cfg(test)]
mod tests {
    use super::html;

    fn drawn(document: &str) -> String {
        html(document, 3).into_string()
    }

    #[test]
    fn nothing_of_a_document_becomes_markup() {
        let page = drawn(
            "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> a <b onclick=x>b</b>\n\n![x](https://a.example/x.png)\n\n\
             [j](javascript:alert(1)) [J](JaVaScRiPt:alert(1)) [d](data:text/html,x) [q](https://a.example/\"onclick=\"x) [r](../a.md)\n\n\
             ```x\" onclick=\"y\n</code></pre><script>\n```\n\n<!-- --><style>*{}</style>\n",
        );
        for tag in ["<script", "<img", "<b ", "<style", "javascript:alert(1)\">j</a", "onclick=\"x", "onclick=\"y"] {
            assert!(!page.contains(tag), "{tag}: {page}");
        }
        assert_eq!(page.matches("<a ").count(), 1, "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
    }

    #[test]
    fn entities_and_tables_bring_nothing_in() {
        let page = drawn("a&#x202e;b&#27;c [l](https://a.example/&#x2066;x)\n\n| a |\n|:-:|\n| b |\n");
        assert!(!page.contains(['\u{202e}', '\u{2066}', '\u{1b}']) && !page.contains("style="), "{page:?}");
        assert!(page.contains("<td>b</td>"), "{page}");
    }

    #[test]
    fn headings_go_down_one_step_at_a_time() {
        assert_eq!(
            drawn("# A\n\n### B\n\n#### C\n\n### D\n\n# E\n"),
            "<h3>A</h3>\n<h4>B</h4>\n<h5>C</h5>\n<h4>D</h4>\n<h3>E</h3>\n"
        );
    }

    #[test]
    fn a_task_list_has_no_form() {
        let page = drawn("- [x] a\n- [ ] b\n");
        assert!(!page.contains("<input") && page.contains('\u{2611}') && page.contains('\u{2610}'), "{page}");
    }
}
