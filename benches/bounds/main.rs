//! What commands cost beside what git itself needs for the like, on many specs, and what they may cost: see benches/README.md.

#![expect(unreachable_pub, reason = "nothing uses this crate")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is what it is for")]

mod checks;
mod exchange;
mod measure;
mod repository;
mod rows;
mod specs;
mod trees;

use std::path::Path;

use measure::{Measured, Place, Subject};

/// With more specs than this all but the newest are archived.
const MANY: usize = 20_000;

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
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bounds");
    println!("{} processors; medians of {} rounds", processors(), asked.rounds);
    if asked.only.is_empty() || asked.only.iter().any(|name| name == "checks") {
        checks::rows(&home, &asked.binary, asked.rounds);
    }
    if asked.only.is_empty() || asked.only.iter().any(|name| name == "trees") {
        trees::rows(&home, &asked.binary, asked.rounds);
    }
    for count in &asked.sizes {
        let archived = *count > MANY;
        // What was archived has been packed long since.
        for packed in if archived { vec![true] } else { vec![false, true] } {
            let repository = repository::prepare(&home, *count, packed);
            let how = if packed { "packed" } else { "loose" };
            let which = if archived { "all but 500 archived" } else { "all active" };
            println!("\n## {count} specs, {which}, refs and objects {how}\n");
            let place = Place { top: repository.top.clone(), binary: asked.binary.clone() };
            let rows = asked.wanted(rows::rows(&repository, &asked.binary, archived));
            if !rows.is_empty() {
                table(&rows, &measure::rounds(&rows, &place, asked.rounds));
            }
            if packed && (asked.only.is_empty() || asked.only.iter().any(|name| name == "sync")) {
                exchange::row(&home, &place, asked.rounds);
            }
        }
    }
}

/// The options of the command line: `cargo bench --bench bounds -- --sizes 100,1000 --rounds 5 --only list,ready`.
struct Asked {
    sizes: Vec<usize>,
    rounds: usize,
    binary: String,
    only: Vec<String>,
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
            only: value("--only").map(|names| names.split(',').map(str::to_owned).collect()).unwrap_or_default(),
        }
    }

    /// The rows that were asked for, and what they are held against.
    fn wanted(&self, rows: Vec<Subject>) -> Vec<Subject> {
        // A comma in a name would end it.
        let named =
            |row: &Subject| self.only.is_empty() || self.only.iter().any(|name| *name == row.name.replace(',', ""));
        let mut wanted: Vec<&str> = rows.iter().filter(|row| named(row)).map(|row| row.name).collect();
        // A floor may have one of its own.
        loop {
            let held_against = |row: &Subject| [row.floor.map(|(floor, _)| floor), row.without];
            let more = rows.iter().filter(|row| wanted.contains(&row.name)).flat_map(held_against).flatten();
            let more: Vec<&str> = more.filter(|name| !wanted.contains(name)).collect();
            if more.is_empty() {
                break;
            }
            wanted.extend(more);
        }
        rows.into_iter().filter(|row| wanted.contains(&row.name)).collect()
    }
}

/// One line a row: its time, and as a multiple of its floor, with what it may be; its memory, and as a multiple of the floor's.
fn table(rows: &[Subject], measured: &[Measured]) {
    println!("| command | ms | floor | ratio | at most | | peak MB | ratio |");
    println!("|---|---:|---|---:|---:|---|---:|---:|");
    let of = |name: &str| &measured[rows.iter().position(|row| row.name == name).expect("every floor is a row")];
    for (row, one) in rows.iter().zip(measured) {
        let less = row.without.map_or(0.0, |other| of(other).median());
        let (ms, peak) = (one.median() - less, one.peak_mb);
        match row.floor {
            Some((name, most)) => {
                let floor = of(name);
                let ratio = ms / (floor.median() - less);
                let met = if ratio <= most { "met" } else { "missed" };
                let more = peak / floor.peak_mb;
                println!(
                    "| {} | {ms:.2} | {name} | {ratio:.2} | {most:.1} | {met} | {peak:.1} | {more:.2} |",
                    row.name
                );
            }
            None => println!("| {} | {ms:.2} | | | | | {peak:.1} | |", row.name),
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
