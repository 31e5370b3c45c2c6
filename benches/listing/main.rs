//! What listing costs beside what git itself needs, on many specs: see benches/README.md.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is what it is for")]

mod measure;
mod repository;
mod specs;

use std::path::Path;

use measure::{Measured, Subject};

/// The floors that ratios are given to.
const FLOORS: [&str; 4] = ["git status", "git for-each-ref", "cat *.md", "git --version"];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == measure::PEAK) {
        return measure::peak(&args[1..]);
    }
    // `cargo test --all-targets` runs benchmarks too, without this flag: there it is enough that they build.
    if !args.iter().any(|arg| arg == "--bench") {
        return;
    }
    let asked = Asked::parse(&args);
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("listing");
    println!("{} processors; medians of {} rounds, in milliseconds", processors(), asked.rounds);
    for count in &asked.sizes {
        for packed in [false, true] {
            let repository = repository::prepare(&home, *count, packed);
            let how = if packed { "packed refs and objects" } else { "loose refs and objects" };
            println!("\n{count} specs, {how}\n");
            table(&measure::rounds(&subjects(&repository, &asked.binary), &repository.top, asked.rounds));
        }
    }
}

/// The options of the command line: `cargo bench --bench listing -- --sizes 100,1000 --rounds 5`.
struct Asked {
    sizes: Vec<usize>,
    rounds: usize,
    binary: String,
}

impl Asked {
    fn parse(args: &[String]) -> Asked {
        let value = |name: &str| {
            let at = args.iter().position(|arg| arg == name)?;
            Some(args.get(at + 1).unwrap_or_else(|| panic!("'{name}' needs a value")))
        };
        let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("'{text}' is no number"));
        let sizes: Vec<usize> = match value("--sizes") {
            Some(sizes) => sizes.split(',').map(number).collect(),
            None => vec![100, 1_000, 10_000],
        };
        assert!(sizes.iter().all(|size| *size >= 100), "a size is at least 100");
        Asked {
            sizes,
            rounds: value("--rounds").map_or(9, |text| number(text)).max(1),
            binary: value("--binary").cloned().unwrap_or_else(|| env!("CARGO_BIN_EXE_git-chant").to_owned()),
        }
    }
}

/// Ours and the floors in turn, so that whatever else the machine does meets both.
fn subjects(repository: &repository::Repository, binary: &str) -> Vec<Subject> {
    let (completed, pending, working) = (&repository.completed, &repository.pending, &repository.working);
    let ours = |name: &'static str, args: &[&str]| Subject::new(name, binary, args);
    vec![
        ours("list", &["list"]),
        Subject::new("git status", "git", &["status"]),
        ours("list, no index", &["list"]).with("CHANT_NO_INDEX", "1"),
        ours("ready", &["ready"]),
        ours("status", &["status"]),
        ours("next", &["next"]),
        Subject::new("git for-each-ref", "git", &["for-each-ref", "refs/chant/"]),
        ours("show (completed)", &["show", completed]),
        Subject::new("cat *.md", "sh", &["-c", "cat .chant/specs/*.md"]),
        ours("show (pending)", &["show", pending]),
        Subject::new("git --version", "git", &["--version"]),
        ours("log", &["log", completed]),
        ours("lint", &["lint"]).refused(),
        ours("graph", &["graph"]),
        ours("drift", &["drift"]),
        ours("path", &["path", working]),
        // What a shell asks where an id was typed up to its last letter, and where none is the only one.
        ours("completion", &["--", "git-chant", "show", &completed[11..completed.len() - 1]]).with("COMPLETE", "fish"),
        ours("completion, few", &["--", "git-chant", "show", &completed[11..completed.len() - 2]])
            .with("COMPLETE", "fish"),
        ours("show (short id)", &["show", &completed[11..]]),
        ours("add", &["add", "Something new"]).undone(measure::unadd),
        ours("--version", &["--version"]),
    ]
}

fn table(measured: &[Measured]) {
    let floor = |name: &str| measured.iter().find(|one| one.name == name).expect("every floor is measured").median();
    let floors = FLOORS.map(floor);
    print!("{:<18}{:>9}{:>9}{:>9}", "", "median", "min", "peak MB");
    for name in FLOORS {
        print!("{:>19}", format!("x {name}"));
    }
    println!();
    let (git, ours): (Vec<_>, Vec<_>) = measured.iter().partition(|one| FLOORS.contains(&one.name));
    for one in ours.into_iter().chain(git) {
        print!("{:<18}{:>9.2}{:>9.2}{:>9.1}", one.name, one.median(), one.least(), one.peak_mb);
        for floor in floors {
            print!("{:>19.2}", one.median() / floor);
        }
        println!();
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
