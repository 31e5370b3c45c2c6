//! The site: the README and the manual as pages for a browser. `.ci/site <dir>` writes it by the first of these tests.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use regex_lite::Regex;

use crate::{generated::source, report::looked_at, support::scratch::scratch, support::tools::need};

/// What of the project is a page of its own: the name of the page, and the file.
const TEXTS: [(&str, &str); 6] = [
    ("index.html", "README.md"),
    ("CHANGELOG.html", "CHANGELOG.md"),
    ("CONTRIBUTING.html", ".github/CONTRIBUTING.md"),
    ("SECURITY.html", ".github/SECURITY.md"),
    ("LICENSE-APACHE.html", "LICENSE-APACHE"),
    ("LICENSE-MIT.html", "LICENSE-MIT"),
];

const STYLE: &str = "
:root { color-scheme: light dark; --page: #ffffff; --text: #1f2328; --line: #d0d7de; --code: #f6f8fa; --link: #0550ae; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0d1117; --text: #e6edf3; --line: #3d444d; --code: #161b22; --link: #79c0ff; }
}
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 50rem; margin: 0 auto; padding: 1rem; overflow-wrap: break-word; }

body { background: var(--page); color: var(--text); }
pre, code { font-family: ui-monospace, monospace; font-size: .9em; background: var(--code); }
pre { padding: .8rem; white-space: pre-wrap; }
a { color: var(--link); }
a.permalink { color: inherit; text-decoration: none; }
img { max-width: 100%; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .3rem .5rem; text-align: left; }
h2 { border-bottom: 1px solid var(--line); }
";

/// Every page by its name.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let manual = git_chant::testing::pages();
    for page in &manual {
        let name = format!("{}.html", page.file);
        pages.insert(name, in_frame(&page.file, &of_manual(&page.file, &page.text)));
    }
    for (name, file) in TEXTS {
        let text = fs::read_to_string(source(file)).expect("a text of the project");
        let body = match file.ends_with(".md") {
            true => of_markdown(&text),
            false => format!("<h1>{file}</h1>\n<pre>{}</pre>", escaped(&text)),
        };
        let body =
            if name == "index.html" { body + &contents(manual.iter().map(|page| page.file.as_str())) } else { body };
        pages.insert(name.to_owned(), in_frame(if name == "index.html" { "git-chant" } else { file }, &body));
    }
    // What leads to a page that is not here is text.
    let names: Vec<String> = pages.keys().cloned().collect();
    let link = Regex::new(r##"<a href="([^"#:]+\.html)">([^<]*)</a>"##).expect("an expression");
    for text in pages.values_mut() {
        *text = link
            .replace_all(text, |found: &regex_lite::Captures<'_>| match names.contains(&found[1].to_owned()) {
                true => found[0].to_owned(),
                false => found[2].to_owned(),
            })
            .into_owned();
    }
    pages
}

/// The body of a page of the manual, as mandoc makes it, with links to the other pages.
fn of_manual(file: &str, text: &str) -> String {
    use std::io::Write as _;
    let mut mandoc = Command::new("mandoc")
        .args(["-T", "html", "-O", "fragment"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("mandoc starts");
    mandoc.stdin.take().expect("piped").write_all(text.as_bytes()).expect("mandoc reads");
    let made = String::from_utf8(mandoc.wait_with_output().expect("mandoc ends").stdout).expect("UTF-8");
    let frames = Regex::new(r#"(?s)<table class="(head|foot)">.*?</table>"#).expect("an expression");
    let made = frames.replace_all(&made, "");
    let made = made.replace("<h2 ", "<h3 ").replace("</h2>", "</h3>").replace("<h1 ", "<h2 ").replace("</h1>", "</h2>");
    let named = Regex::new(r"<b>(git-?chant[a-z-]*)</b>\(([157])\)").expect("an expression");
    let linked = named.replace_all(&made, r#"<a href="$1.$2.html">$1($2)</a>"#);
    let (name, section) = file.rsplit_once('.').expect("a section");
    format!("<p><a href=\"index.html\">git-chant</a></p>\n<h1>{name}({section})</h1>\n{linked}")
}

/// The body of a page of Markdown. Links to files of the project lead to their pages.
fn of_markdown(text: &str) -> String {
    let to_page = |to: CowStr<'_>| -> CowStr<'static> {
        let file = to.rsplit('/').next().unwrap_or(&to).to_owned();
        match to.contains("://") || to.starts_with('#') {
            true => to.into_string().into(),
            false if file.ends_with(".svg") => file.into(),
            false => format!("{}.html", file.trim_end_matches(".md")).into(),
        }
    };
    let mut headings = 0;
    let events = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS).map(|event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: to_page(dest_url), title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Image { link_type, dest_url: to_page(dest_url), title, id })
        }
        Event::End(TagEnd::Heading(_)) => {
            headings += 1;
            event
        }
        event => event,
    });
    let mut body = String::new();
    html::push_html(&mut body, events.collect::<Vec<_>>().into_iter());
    assert!(headings > 0, "a text has a heading");
    body
}

fn contents<'a>(files: impl Iterator<Item = &'a str>) -> String {
    let mut list = String::from("<h2>Manual</h2>\n<ul>\n");
    for file in files {
        let (name, section) = file.rsplit_once('.').expect("a section");
        list += &format!("<li><a href=\"{file}.html\">{name}({section})</a></li>\n");
    }
    list + "</ul>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn in_frame(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
}

fn write(dir: &Path) -> Vec<PathBuf> {
    fs::create_dir_all(dir).expect("a directory");
    fs::copy(source(".github/session.svg"), dir.join("session.svg")).expect("the picture");
    let write = |(name, text): (String, String)| {
        let path = dir.join(name);
        fs::write(&path, text).expect("a page can be written");
        path
    };
    pages().into_iter().map(write).collect()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn every_page_of_the_site_is_whole_and_every_link_leads_somewhere() {
    if !need("mandoc") {
        return;
    }
    let room = scratch();
    let dir = std::env::var_os("CHANT_SITE").map_or_else(|| room.path().join("site"), PathBuf::from);
    let written = write(&dir);
    let link = Regex::new(r#"<a [^>]*href="([^"]*)""#).expect("an expression");
    for path in &written {
        let text = fs::read_to_string(path).expect("it was written");
        let name = path.display();
        assert_eq!(text.matches("<h1").count(), 1, "{name}");
        for to in link.captures_iter(&text).map(|found| found[1].to_owned()) {
            let (file, id) = to.split_once('#').unwrap_or((&to, ""));
            assert!(to.contains("://") || file.is_empty() || dir.join(file).is_file(), "{name} leads to {to}");
            let anchor = format!("id=\"{id}\"");
            assert!(to.contains("://") || id.is_empty() || text.contains(&anchor), "{name} leads to {to}");
        }
    }
    assert!(written.len() > 50, "{}", written.len());
    // A browser looks at one of each kind.
    let kinds = [
        "index.html",
        "CHANGELOG.html",
        "LICENSE-MIT.html",
        "git-chant.1.html",
        "git-chant-work.1.html",
        "gitchant-tutorial.7.html",
    ];
    let shown: Vec<PathBuf> = kinds.iter().map(|name| dir.join(name)).collect();
    let Some(seen) = looked_at(&shown.iter().map(PathBuf::as_path).collect::<Vec<_>>()) else { return };
    for seen in seen {
        for what in ["messages", "dialogs", "loose", "twice", "axe", "wide"] {
            assert_eq!(seen[what], serde_json::json!([]), "{what} of {seen:#}");
        }
    }
}
