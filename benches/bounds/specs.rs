//! The texts: specs as a busy project has them, the same for the same number, in the format of the tool that this one
//! follows (with `status` in the front matter, which is read and not obeyed).

use std::fmt::Write as _;

/// What became of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Completed,
    Pending,
    Failed,
    Cancelled,
    InProgress,
    Archived,
}

/// A spec to be made.
pub struct Made {
    pub id: String,
    pub title: String,
    pub fate: Fate,
    /// The earlier specs that its front matter names under `informed_by`.
    pub informed_by: Option<usize>,
    /// The file that its work changes.
    pub work_file: String,
    pub text: String,
}

const WORDS: &[&str] = &[
    "write",
    "read",
    "lock",
    "version",
    "counter",
    "buffer",
    "cache",
    "flush",
    "retry",
    "timeout",
    "handler",
    "parser",
    "index",
    "segment",
    "snapshot",
    "commit",
    "branch",
    "rebase",
    "merge",
    "queue",
    "worker",
    "thread",
    "channel",
    "stream",
    "socket",
    "header",
    "payload",
    "schema",
    "field",
    "value",
    "key",
    "store",
    "batch",
    "cursor",
    "iterator",
    "page",
    "record",
    "error",
    "path",
    "panic",
    "test",
    "fixture",
    "regression",
    "concurrent",
    "atomic",
    "durable",
    "partial",
    "stale",
    "missing",
    "duplicate",
    "overflow",
    "truncate",
    "silent",
];
const AREAS: &[&str] = &[
    "comprehension",
    "reproduction",
    "root-cause",
    "impact-map",
    "fix",
    "docs",
    "perf",
    "security",
    "cli",
    "storage",
    "network",
    "ci",
    "flaky",
    "good-first-issue",
];
const PER_DAY: usize = 20;

/// `count` specs, oldest first: the first `archived` are archived; of the others, nine of ten of the older ones are completed, most of
/// the newest fifth pending.
pub fn make(count: usize, archived: usize) -> Vec<Made> {
    let mut chance = Chance(0x5eed_0000 + count as u64);
    let ids: Vec<String> = (0..count).map(|at| id_of(at, &mut chance)).collect();
    (0..count).map(|at| one(at, archived, &ids, &mut chance)).collect()
}

fn one(at: usize, archived: usize, ids: &[String], chance: &mut Chance) -> Made {
    let count = ids.len();
    let kind = *chance.weighted(&[("code", 50), ("research", 30), ("task", 15), ("documentation", 5)]);
    let fates = if (at.saturating_sub(archived)) * 10 < (count - archived) * 8 {
        [(Fate::Completed, 90), (Fate::Pending, 4), (Fate::Failed, 3), (Fate::Cancelled, 3)]
    } else {
        [(Fate::Completed, 20), (Fate::Pending, 74), (Fate::Failed, 4), (Fate::Cancelled, 2)]
    };
    // The last ones but one are under way: five, whatever the number.
    let fate = match at {
        at if at < archived => Fate::Archived,
        at if (count - 6..count - 1).contains(&at) => Fate::InProgress,
        _ => *chance.weighted(&fates),
    };
    let title = chance.sentence(7).trim_end_matches('.').to_owned();
    let work_file = format!("src/{}/{}.rs", chance.word(), chance.word());
    let informed_by = (kind == "research" && at > 3).then(|| chance.between(at.saturating_sub(40), at));
    let mut text = String::from("---\n");
    let mut line = |key: &str, value: &str| writeln!(text, "{key}{value}").expect("a string takes everything");
    line("type: ", kind);
    line("status: ", status_of(fate));
    if at > 5 && chance.below(100) < 45 {
        line("depends_on:", "");
        for _ in 0..*chance.weighted(&[(1, 3), (2, 1), (3, 1)]) {
            line("- ", &ids[chance.between(at.saturating_sub(60), at)]);
        }
    }
    line("labels:", "");
    line("- issue-", &(1000 + chance.below(20.max(count / 12))).to_string());
    line("- ", AREAS[chance.below(AREAS.len())]);
    line("target_files:", "");
    line("- ", &if kind == "research" { format!(".chant/research/{}.md", ids[at]) } else { work_file.clone() });
    if fate == Fate::Completed {
        line("branch: chant/", &ids[at]);
        line("commits:\n- ", &format!("{:07x}", chance.below(16 << 20)));
        line("completed_at: ", &format!("{}T12:00:00Z", &ids[at][..10]));
        line("model: ", "haiku");
    }
    if kind == "research" {
        line("informed_by:\n- https://example.com/kvstore/issues/", &chance.between(1000, 9999).to_string());
        if let Some(other) = informed_by {
            line("- .chant/specs/", &format!("{}.md", ids[other]));
        }
    }
    text.push_str("---\n");
    body(&mut text, &title, fate, chance);
    Made { id: ids[at].clone(), title, fate, informed_by, work_file, text }
}

fn body(text: &mut String, title: &str, fate: Fate, chance: &mut Chance) {
    let mut line = |value: &str| writeln!(text, "{value}").expect("a string takes everything");
    line(&format!("# {title}\n\n## Problem\n"));
    for _ in 0..6 {
        line(&chance.sentence(12));
    }
    line("\n## Approach\n");
    for _ in 0..8 {
        line(&format!("- {}", chance.sentence(9)));
    }
    line("\n```rust\nfn flush(&self) -> Result<()> {\n    // - [ ] not a criterion\n    Ok(())\n}\n```");
    line("\n## Acceptance Criteria\n");
    let mark = if fate == Fate::Completed { 'x' } else { ' ' };
    for _ in 0..chance.between(3, 6) {
        line(&format!("- [{mark}] {}", chance.sentence(7)));
    }
    line(&format!("\n## Notes\n\n{}\n{}", chance.sentence(20), chance.sentence(18)));
}

fn status_of(fate: Fate) -> &'static str {
    match fate {
        Fate::Completed => "completed",
        Fate::Pending => "pending",
        Fate::Failed => "failed",
        Fate::Cancelled => "cancelled",
        Fate::InProgress => "in_progress",
        Fate::Archived => "archived",
    }
}

fn id_of(at: usize, chance: &mut Chance) -> String {
    let day = jiff::civil::date(2025, 1, 1).saturating_add(jiff::Span::new().days((at / PER_DAY) as i64));
    let letter = char::from(b'a' + chance.below(26) as u8);
    format!("{day}-{:03}-{letter}{}{}", at % PER_DAY + 1, chance.below(10), chance.below(10))
}

/// The generator "splitmix64": small, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to - from)
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }

    fn weighted<'a, T>(&mut self, choices: &'a [(T, usize)]) -> &'a T {
        let mut at = self.below(choices.iter().map(|(_, weight)| weight).sum());
        for (choice, weight) in choices {
            if at < *weight {
                return choice;
            }
            at -= weight;
        }
        unreachable!("a number below the sum of the weights falls into one of them")
    }

    fn sentence(&mut self, words: usize) -> String {
        let mut text = (0..words).map(|_| self.word()).collect::<Vec<_>>().join(" ");
        text[..1].make_ascii_uppercase();
        text + "."
    }
}
