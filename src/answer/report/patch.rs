//! A patch as git prints it, as tables with the numbers of lines on both sides.

use maud::{Markup, html};

use super::markdown::start;
use crate::terminal::clean;

/// How many lines of one spec's patch are drawn.
const MOST_LINES: usize = 2000;

/// How much of one line is drawn, in bytes.
const LONGEST: usize = 1000;

/// The files of a patch, a folded table each. `again` is what is typed to see all of it.
pub(super) fn html(patch: &str, again: &str) -> Markup {
    let mut left = MOST_LINES;
    let files: Vec<File<'_>> = files(patch);
    let drawn: Vec<Markup> = files
        .iter()
        .map_while(|file| {
            let room = left;
            left = left.saturating_sub(file.lines.len());
            (room > 0).then(|| file.html(room))
        })
        .collect();
    html! {
        @for file in &drawn { (file) }
        @if files.iter().map(|file| file.lines.len()).sum::<usize>() > MOST_LINES {
            p.faint { "Here are the first " (MOST_LINES) " lines. To see all: " code { (again) } }
        }
    }
}

/// One file of a patch.
struct File<'p> {
    /// What is behind `diff --git`, or the new path.
    path: String,
    /// What git says besides: `new file mode 100644`, `rename from a`.
    about: Vec<&'p str>,
    lines: Vec<Line<'p>>,
}

enum Line<'p> {
    /// `@@ -1,2 +1,3 @@ fn main`
    Hunk(&'p str),
    Same(u64, u64, &'p str),
    Gone(u64, &'p str),
    New(u64, &'p str),
    /// `\ No newline at end of file`
    Remark(&'p str),
}

fn files(patch: &str) -> Vec<File<'_>> {
    let mut files: Vec<File<'_>> = Vec::new();
    // The next line on each side, and how many of the hunk are to come.
    let (mut old, mut new, mut old_left, mut new_left) = (0, 0, 0, 0);
    for line in patch.split('\n') {
        if let Some(head) = line.strip_prefix("diff --git ").filter(|_| old_left + new_left == 0) {
            files.push(File { path: path_of(head), about: Vec::new(), lines: Vec::new() });
            continue;
        }
        let Some(file) = files.last_mut() else { continue };
        let rest = line.get(1..).unwrap_or_default();
        match line.as_bytes().first() {
            Some(b' ') if old_left > 0 && new_left > 0 => {
                file.lines.push(Line::Same(old, new, rest));
                (old, new, old_left, new_left) = (old + 1, new + 1, old_left - 1, new_left - 1);
            }
            Some(b'-') if old_left > 0 => {
                file.lines.push(Line::Gone(old, rest));
                (old, old_left) = (old + 1, old_left - 1);
            }
            Some(b'+') if new_left > 0 => {
                file.lines.push(Line::New(new, rest));
                (new, new_left) = (new + 1, new_left - 1);
            }
            Some(b'@') if hunk(line).is_some() => {
                (old, old_left, new, new_left) = hunk(line).unwrap_or_default();
                file.lines.push(Line::Hunk(line));
            }
            Some(b'\\') => file.lines.push(Line::Remark(rest.trim_start())),
            Some(_) if file.lines.is_empty() && !is_plain(line) => file.about.push(line),
            _ => {}
        }
    }
    files
}

/// Whether a line of a file's head says nothing that the table does not.
fn is_plain(line: &str) -> bool {
    ["index ", "--- ", "+++ "].iter().any(|start| line.starts_with(start))
}

/// The path in `a/path b/path`: of both the second, which is the new one.
fn path_of(head: &str) -> String {
    let path = match head.find(" b/").filter(|at| head.get(2..*at) == head.get(at + 3..)) {
        Some(at) => &head[at + 3..],
        None => head,
    };
    clean::line(path).into_owned()
}

/// The numbers in `@@ -1,2 +3,4 @@`: where each side begins, and how many lines of it there are.
fn hunk(line: &str) -> Option<(u64, u64, u64, u64)> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let side = |side: &str| {
        let (first, count) = side.split_once(',').unwrap_or((side, "1"));
        Some((first.parse().ok()?, count.parse().ok()?))
    };
    let ((old, old_count), (new, new_count)) = (side(old)?, side(new)?);
    Some((old, old_count, new, new_count))
}

impl File<'_> {
    fn html(&self, room: usize) -> Markup {
        let count = |wanted: fn(&Line<'_>) -> bool| self.lines.iter().filter(|line| wanted(line)).count();
        let (added, gone) = (count(|line| matches!(line, Line::New(..))), count(|line| matches!(line, Line::Gone(..))));
        html! {
            details.file {
                summary {
                    code { (self.path) } " "
                    span.add { "+" (added) } " " span.del { "\u{2212}" (gone) }
                    @for about in &self.about { " " span.faint { (clean::line(about)) } }
                }
                @if !self.lines.is_empty() {
                    table.diff {
                        colgroup { col.number; col.number; col; }
                        thead.hidden { tr { th { "Old" } th { "New" } th { "Line" } } }
                        tbody { @for line in self.lines.iter().take(room) { (line.html()) } }
                    }
                }
            }
        }
    }
}

impl Line<'_> {
    fn html(&self) -> Markup {
        let text = |text: &str| clean::line(start(text, LONGEST)).replace('\t', "    ");
        match self {
            Line::Hunk(head) => html! { tr.hunk { td {} td {} td { (text(head)) } } },
            Line::Same(old, new, line) => html! { tr { td { (old) } td { (new) } td { " " (text(line)) } } },
            Line::Gone(old, line) => html! { tr.del { td { (old) } td {} td { "-" (text(line)) } } },
            Line::New(new, line) => html! { tr.add { td {} td { (new) } td { "+" (text(line)) } } },
            Line::Remark(remark) => html! { tr.hunk { td {} td {} td { (text(remark)) } } },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::html;

    const PATCH: &str = " a | 4 +-\n 1 file changed\n\ndiff --git a/a b/a\nindex 1..2 100644\n--- a/a\n+++ b/a\n\
        @@ -3,2 +3,3 @@ fn f\n same <b>\n--- gone\n++++ new\n+diff --git a/x b/x\n\\ No newline at end of file\n\
        diff --git a/n b/n\nnew file mode 100644\nBinary files differ\n";

    #[test]
    fn lines_have_the_numbers_of_both_sides() {
        let page = html(PATCH, "git show").into_string();
        for row in [
            "<tr><td>3</td><td>3</td><td> same &lt;b&gt;</td></tr>",
            "<tr class=\"del\"><td>4</td><td></td><td>--- gone</td></tr>",
            "<tr class=\"add\"><td></td><td>4</td><td>++++ new</td></tr>",
            "<tr class=\"add\"><td></td><td>5</td><td>+diff --git a/x b/x</td></tr>",
            "<code>a</code> <span class=\"add\">+2</span> <span class=\"del\">\u{2212}1</span>",
            "<span class=\"faint\">new file mode 100644</span> <span class=\"faint\">Binary files differ</span>",
        ] {
            assert!(page.contains(row), "{row}: {page}");
        }
        assert_eq!(page.matches("<details").count(), 2, "{page}");
    }

    #[test]
    fn a_long_patch_is_cut_and_says_so() {
        let many = "+x\n".repeat(5000);
        let patch = format!("diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -0,0 +1,5000 @@\n{many}");
        let page = html(&patch, "git chant show x --diff").into_string();
        assert_eq!(page.matches("<tr class=\"add\">").count(), 1999);
        assert!(page.contains("To see all: <code>git chant show x --diff</code>"), "{page}");
    }
}
