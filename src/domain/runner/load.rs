//! What an interpreter prints where it cannot load a test, or where the test itself names something that is not there.
//!
//! A test of a parser prints words like `SyntaxError:`, too. So only the form counts in which an interpreter reports, and only where it names
//! one of the tests as the file at fault.

use super::sign::{Patterns, without_escapes};

/// Lines that are a report by themselves; the group `path` is the file at fault.
const REPORTS: [&str; 13] = [
    // Shells.
    r"^(?P<path>[^\s:]+): (?:line )?\d+: [Ss]yntax error\b",
    r"^(?P<path>[^\s:]+): (?:line )?\d+: \.: cannot open ",
    // Node.
    r"^Error \[ERR_MODULE_NOT_FOUND\]: .* imported from (?P<path>/.+)$",
    // Ruby, of what it was started with and of what that requires.
    r"^(?:\S+:\d+:in [`'].*require\w*': )?(?P<path>[^\s:]+):\d+: syntax errors?(?:,| found)",
    r"^(?P<path>[^\s:<]+):\d+:in [`'].*require\w*': cannot load such file -- ",
    r"^(?P<path>[^\s:]+):\d+:in [`'].*': undefined local variable or method ",
    // Perl.
    r"^Execution of (?P<path>.+) aborted due to compilation errors\.$",
    r"^BEGIN failed--compilation aborted at (?P<path>.+) line \d+\.$",
    r"^(?:Can't locate .+ in @INC .*|Undefined subroutine .+ called) at (?P<path>.+) line \d+\.$",
    // Linkers.
    r"^(?:\S+ld: )?(?:\S+: in function .*: ?)?(?P<path>[^\s:(]+):\([.]text.*\): undefined reference to ",
    // PHP.
    r"^(?:PHP )?Parse error: .* unexpected .* in (?P<path>.+) on line \d+$",
    r"^(?:PHP )?Fatal error:\s+Uncaught Error: Failed opening required .* in (?P<path>.+):\d+$",
    r"^(?:PHP )?Fatal error:\s+Uncaught Error: Call to undefined function .* in (?P<path>.+):\d+$",
];

/// What a shell says of a program that is not there. A script can go on from that: it counts where nothing follows.
const NO_PROGRAM: &str = r"^(?P<path>[^\s:]+): (?:line )?\d+: \S+: (?:command )?not found$";

/// Lines by which a program says that the file is not there which it was to run or to compile: the group `path`.
const NO_FILE: [&str; 11] = [
    r"^\S+: 0: (?:cannot|[Cc]an't) open (?P<path>.+?)(?:: No such file)?$",
    r"^(?:\S*/)?(?:sh|dash): 1: (?P<path>\S*/\S+): not found$",
    r"^\S*python[\d.]*: can't open file '(?P<path>.+)': \[Errno 2\] ",
    r"^\S*ruby[\d.]*: No such file or directory -- (?P<path>.+) \(LoadError\)$",
    r#"^Can't open perl script "(?P<path>.+)": "#,
    r"^Could not open input file: (?P<path>.+)$",
    r"^lua[\d.]*: cannot open (?P<path>.+)$",
    r#"^error: Module not found "(?:file://)?(?P<path>.+)""#,
    r"^(?:\S*[/-])?(?:gcc|g\+\+|cc|c\+\+|cc1|cc1plus|clang|clang\+\+)(?:-[\d.]+)?: (?:fatal )?error: (?:no such file or directory: ')?(?P<path>[^:']+)(?:'|: No such file or directory)$",
    r"^error: couldn't read `?(?P<path>[^`:]+)`?: No such file",
    r"^error: file not found: (?P<path>.+)$",
];

/// Lines by which a program says that it was not told how to make, or to run, what it was asked for.
const NO_TARGET: [&str; 6] = [
    r"^\S*make(?:\[\d+\])?: \*\*\* No (?:rule to make target|targets specified and no makefile found)",
    r"^error: (?:Justfile does not contain recipe|No justfile found)",
    r"^npm (?:ERR!|error) Missing script: ",
    r"^error Command .* not found\.$",
    r"^\s*ERR_PNPM_NO_SCRIPT ",
    r"^Don't know how to build task ",
];

/// Whether a program says in `output` that it was not told how to make, or to run, what it was asked for.
pub(crate) fn lacks_target(output: &str) -> bool {
    let mut patterns = Patterns::default();
    let mut says = |line: &str| NO_TARGET.iter().any(|pattern| patterns.matches(pattern, line));
    output.lines().any(|line| says(&without_escapes(line)))
}

/// The files of which a program says in `output` that they are not there, though it was to run them: none of a test fails then.
pub(crate) fn lacking_files(output: &str) -> Vec<String> {
    let mut patterns = Patterns::default();
    let lines: Vec<String> = output.lines().map(without_escapes).collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let by_line = NO_FILE.iter().find_map(|pattern| patterns.group(pattern, "path", line));
        found.extend(by_line.or_else(|| lacking_in_node(&lines, at)).map(str::to_owned));
    }
    found
}

/// The file that Node was started with, if the line `at` says that it is not there: no other file required it.
fn lacking_in_node(lines: &[String], at: usize) -> Option<&str> {
    let path = lines[at].strip_prefix("Error: Cannot find module '")?.strip_suffix('\'')?;
    let below = &lines[at + 1..lines.len().min(at + 2 * NEAR)];
    below.iter().any(|line| line.trim() == "requireStack: []").then_some(path)
}

/// How far above or below an error the file at fault may be named, in lines.
const NEAR: usize = 8;

/// Whether an interpreter reports in `output` that one of `tests`, paths of the repository, cannot be loaded, or names what is not there.
pub(crate) fn cannot_load(output: &str, tests: &[String]) -> bool {
    let is_test = |path: &str| {
        let path = path.trim_start_matches("./");
        let is_at = |test: &String| {
            path.strip_suffix(test.as_str()).is_some_and(|above| above.is_empty() || above.ends_with('/'))
        };
        tests.iter().any(is_at)
    };
    let mut patterns = Patterns::default();
    let lines: Vec<String> = output.lines().map(without_escapes).collect();
    let last = lines.iter().rposition(|line| !line.trim().is_empty());
    (0..lines.len()).any(|at| {
        let line = &lines[at];
        let no_program = (Some(at) == last).then_some(&NO_PROGRAM);
        let reported = REPORTS.iter().chain(no_program).find_map(|report| patterns.group(report, "path", line));
        let told = reported.or_else(|| compiler(&lines, at, &mut patterns)).or_else(|| python(&lines, at));
        told.or_else(|| node(&lines, at)).or_else(|| ruby(&lines, at)).is_some_and(is_test)
    })
}

/// The file at fault, if the line `at` is an error of a compiler, which shows the place below it. What a linter under test says is no such
/// error.
fn compiler<'l>(lines: &'l [String], at: usize, patterns: &mut Patterns) -> Option<&'l str> {
    let path = patterns.group(r"^(?P<path>[^\s:]+):\d+(?::\d+)?: (?:fatal )?error: ", "path", &lines[at])?;
    let shows = |line: &String| {
        let line = line.trim_start();
        line.starts_with('^') || line.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(" |")
    };
    lines[at + 1..].iter().take(3).any(shows).then_some(path)
}

/// The file at fault, if the line `at` is an error of Python: the one named last above it. A frame names its function, too: an error in
/// the text of a file has none.
fn python(lines: &[String], at: usize) -> Option<&str> {
    let error = lines[at].split_once(": ").map(|(error, _)| error)?;
    let place = lines[at.saturating_sub(NEAR)..at].iter().rev().find_map(|line| line.strip_prefix("  File \""));
    let (path, rest) = place?.split_once('"')?;
    match error {
        "SyntaxError" | "IndentationError" | "TabError" if !rest.contains(", in ") => Some(path),
        "ModuleNotFoundError" | "ImportError" | "NameError" | "UnboundLocalError" => Some(path),
        _ => None,
    }
}

/// The file at fault, if the line `at` is an error of Node: what does not parse is named above an error of the loader, what requires
/// something that is not there below it, and what is in no scope in the first frame.
fn node(lines: &[String], at: usize) -> Option<&str> {
    let below = &lines[at + 1..lines.len().min(at + NEAR)];
    let frame = below.iter().find_map(|line| line.strip_prefix("    at "));
    if lines[at].starts_with("SyntaxError: ") && frame?.contains("(node:internal/modules/") {
        let above = lines[at.saturating_sub(NEAR)..at].iter().rev();
        return above.map(|line| path_of(line)).find(Option::is_some)?;
    }
    if lines[at].starts_with("ReferenceError: ") && lines[at].ends_with(" is not defined") {
        let place = frame?.rsplit('(').next()?.trim_end_matches(')');
        return path_of(place);
    }
    lines[at]
        .starts_with("Error: Cannot find module '")
        .then(|| below.iter().find_map(|line| line.strip_prefix("- ")))?
}

/// The path in `/a/b.js:3`, `/a/b.js:3:1` and `file:///a/b.mjs:3`; `None` if the text is nothing of that.
fn path_of(place: &str) -> Option<&str> {
    let place = place.strip_prefix("file://").unwrap_or(place);
    let path = place.trim_end_matches(|c: char| c == ':' || c.is_ascii_digit());
    (path.starts_with('/') && path.len() < place.len()).then_some(path)
}

/// The file at fault, if the line `at` is an error of Ruby's own loader: the first below it that is not part of Ruby.
fn ruby(lines: &[String], at: usize) -> Option<&str> {
    let is_error = lines[at].starts_with("<internal:") && lines[at].contains(": cannot load such file -- ");
    let frames = lines[at + 1..].iter().map_while(|line| line.strip_prefix("\tfrom "));
    let caller = frames.take(NEAR).find(|frame| is_error && !frame.starts_with('<'))?;
    caller.split(':').next()
}
