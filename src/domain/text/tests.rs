//! What says something and what does not.

use super::*;

const SPEC: &str = "---\ntype: research\n---\n# Why does add subtract?\n\nFind out in which line of the code it is decided what is added.\n\n## Acceptance Criteria\n\n- [ ] it says where the fault is\n";

fn known() -> Known {
    Known::of(Some("Why does add subtract?"), SPEC)
}

fn empty(document: &str) -> bool {
    emptiness(document, &known()).is_some()
}

#[test]
fn a_short_text_is_a_text() {
    for document in [
        "# Why add subtracts\n\n`calc.py:2` has `a - b`.\n",
        "# Warum\n\nDas Vorzeichen ist falsch.\n",
        "# 原因\n\n符号が逆。\n",
        "# Почему\n\nЗнак неверен.\n",
        "# Measurements\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        "# Code\n\n```python\n>>> add(2, 3)\n-1\n```\n",
        "- `calc.py:2`\n",
        "# T\n\n<details><summary>Log</summary>\n\nIt failed.\n\n</details>\n",
        "# Why does add subtract?\n\n- it says where the fault is: in line 2\n",
        "# Q\n\nTODO and FIXME stand in the log a thousand times.\n",
        "# Q\n\nTODO\n\nIt is line 2.\n",
        "# Q\n\n> quoted: line 2 of calc.py\n",
        "# Q\n\n42\n",
        "# Q\n\n42 42 42\n",
        "# Q\n\n- 3f786850e387550fdab836ed7e6dc881de23001b\n- 0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33\n",
        "# Q\n\nsha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
        "# Q\n\n| run | result |\n|---|---|\n| 1 | lost |\n| 2 | lost |\n| 3 | lost |\n",
        "# Q\n\n## Why does add subtract?\n\nThe sign. Why does add subtract? Since the first commit.\n",
        "# Q\n\nEt in Arcadia ego: the constant is 1, in non-strict mode 2.\n",
        "# Q\n\nIt fails. It fails. It fails on every third run.\n",
        "# Root cause\n\n## Recommendation\n\nApproach two: change the sign.\n",
        "# Doc\n\n## Recommendation\n\nTHE-FINDING of root-cause.\n",
        "# Doc\n\nSummary of the findings and the root cause.\n",
        "# Warum?\n\nWarum? Das Vorzeichen ist falsch.\n",
        "# Q\n\nYes.\n",
        "# Q\n\n- It says where the fault is: yes, in line 2.\n",
        "# Q\n\n`src/a/very/long/path/of/modules/that/nest/deep/store.rs`\n",
    ] {
        assert_eq!(emptiness(document, &known()), None, "{document}");
    }
}

#[test]
fn what_says_nothing_is_no_text() {
    for document in [
        "",
        "\n\n",
        "# A title\n",
        "# A title\n\n## Findings\n",
        "# Warum subtrahiert add?\n\nWarum subtrahiert add?\n",
        "# 为什么相减？\n\n**为什么相减？**\n",
        "# Root cause\n\n1. Hypothesis one.\n2. Hypothesis two.\n\n## Recommendation\n\nRecommended approach.\n",
        "# T\n\n\u{200b}\u{200b}\u{2060}\n",
        "# T\n\n&nbsp; &#8203; &ZeroWidthSpace;\n",
        "# T\n\n<!-- what was found -->\n",
        "# T\n\n<!--\nThe lock is taken twice,\nby two callers.\n-->\n",
        "# T\n\n<details\n  title=\"The lock is taken twice by two callers\">\n</details>\n",
        "# T\n\n<p>&nbsp;</p>\n",
        "# T\n\n\u{3164}\u{115f}\u{2800}\n",
        "# T\n\n...\n\n---\n",
        "# T\n\nTODO\n\n- TBD\n- n/a\n",
        "# T\n\nTODO: write this\n",
        "# T\n\n[what was found]\n",
        "# T\n\n<what was found>\n",
        "# T\n\nLorem ipsum dolor sit amet, consectetur adipiscing elit.\n",
        "# T\n\nxxx\n",
        "# T\n\n| TODO | TBD |\n|---|---|\n| ... | - |\n",
        "# T\n\nWhy does add subtract?\n",
        "# T\n\n- it says where the fault is\n",
        "# T\n\nFind out in which line of the code it is decided what is added.\n",
        "# T\n\nFind out in which line of the code it is decided\n",
        "---\nauthor: me\n---\n# T\n",
        "# T\n\n| Hypothesis | Evidence |\n|---|---|\n|  |  |\n",
        "# T\n\nSee above.\n",
        "# T\n\nSWYgdGhpcyBpcyBhIGRvY3VtZW50IHRoZW4gSSBhbSBhIHRlYXBvdCwgYW5kIHRoZSBwcm90b2NvbCBz\nYXlzIHNvLgo=\n",
        "# T\n\n```\nQWRkIHN1YnRyYWN0cwo=\n```\n",
        "# T\n\nDuis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla pariatur.\n",
        "# T\n\nword word word word\n",
        "# T\n\nWhy does add subtract? It says where the fault is. Find out in which line of the code it is decided.\n",
        "# T\n\n| Criterion | Question |\n|---|---|\n| it says where the fault is | Why does add subtract? |\n",
        "# T\n\n## Hypotheses\n\nAll is as it was.\n\n## Recommendation\n\nAll is as it was.\n",
        "# T\n\nIt is what it is. It is what it is. It is what it is.\n",
        "# T\n\n- [x] it says where the fault is\n",
        "# T\n\n- It says where the fault is: yes.\n",
        "# T\n\n- [x] it says where the fault is. Done.\n",
        "# T\n\n| Criterion | Met |\n|---|---|\n| it says where the fault is | yes |\n",
    ] {
        assert!(empty(document), "{document:?}");
    }
}

#[test]
fn a_finding_names_the_line_and_what_would_do() {
    let finding = emptiness("# T\n\n## Findings\n\nTODO\n", &known()).expect("a finding");
    assert_eq!(finding.line, 5);
    assert!(finding.words().contains("'TODO'") && finding.words().contains("write the findings"), "{finding:?}");
}

#[test]
fn release_notes_are_empty_in_the_same_sense() {
    let known = Known::of(Some("Add locking"), "# Add locking\n\n## Acceptance Criteria\n\n- [ ] No write is lost\n");
    for notes in [
        "- `add` adds now.",
        "No write is lost any longer",
        "### Fixed: two writers lose nothing\n",
        "Schneller.",
        "修正した",
        "v2 only",
    ] {
        assert_eq!(notes_emptiness(Some(notes), &known), None, "{notes}");
    }
    for notes in [
        "No write is lost",
        "- Add locking. No write is lost.",
        "TODO",
        "\u{200b}\u{2060}",
        "- Add locking",
        "...",
        "<!-- x -->",
        "### Fixed\n",
        "N/A",
        "&nbsp;",
        "This section will be filled in later.",
    ] {
        assert!(notes_emptiness(Some(notes), &known).is_some(), "{notes:?}");
    }
    assert_eq!(notes_emptiness(None, &known).expect("a finding").what, "the section is empty");
}

#[test]
fn a_copy_is_a_copy_under_any_name() {
    let first = "# What\n\nThe report is about add.\n\nIt subtracts.\n";
    let others = [("first.md", first)];
    for copy in [
        first.to_owned(),
        first.replace("# What", "# Why"),
        first.replace("\n\n", "\n\n\n"),
        first.replace(' ', "  "),
        format!("<!-- mine -->\n{first}\nTODO\n"),
        format!("{first}\n- it says where the fault is\n"),
        first.replace('a', "\u{430}").replace('o', "\u{43e}"),
    ] {
        assert_eq!(copied_from(&copy, &known(), [], others), Some("first.md"), "{copy:?}");
    }
    assert_eq!(
        copied_from("# Why\n\nThe report is about add.\n\nLine 2 has the wrong sign.\n", &known(), others, others),
        None
    );
    assert_eq!(copied_from("- `calc.py:2`\n", &known(), [], [("other.md", "# T\n\n- `calc.py:2`\n")]), None);
    let long = "# What\n\nThe report says that add returns the difference of its arguments. Users of the calculator see wrong totals since version 2, in every locale.\n";
    let fenced = format!("# Mine\n\n~~~\n{long}~~~\n");
    assert_eq!(copied_from(&fenced, &known(), [], [("long.md", long)]), Some("long.md"));
    let quotes = format!(
        "{long}\nThe sign in line 2 of calc.py is wrong: it has been a minus since the very first commit, which no test has ever held against the sum of two numbers.\n"
    );
    assert_eq!(copied_from(&quotes, &known(), [], [("long.md", long)]), None);
    // Pieces of one input, or of several, and nothing besides.
    let report = ("report.md", "# Report\n\nTwo writers at once, and one of the writes is gone.\n");
    let piece = "# Mine\n\n> the difference of its arguments. Users of the calculator see wrong totals\n";
    assert_eq!(copied_from(piece, &known(), [("long.md", long)], []), Some("long.md"));
    let both = format!("{piece}\n```\nTwo writers at once, and one of the writes is gone.\n```\n");
    assert_eq!(copied_from(&both, &known(), [report, ("long.md", long)], []), Some("long.md"));
    assert_eq!(copied_from(&both, &known(), [], [report, ("long.md", long)]), None);
    for finding in ["\nThe sign is wrong.\n", "\n## The sign in line 2 is wrong since ever\n"] {
        assert_eq!(copied_from(&format!("{both}{finding}"), &known(), [report, ("long.md", long)], []), None);
    }
    // Its sentences in another order, or pieces of them.
    let input = "# What\n\nThe report is about add. It subtracts where it should add. The caller is the till.\nNothing else calls it. The till was written in May.\n";
    let shuffled = "# Mine\n\nThe till was written in May. The caller is the till. It subtracts where it should add. Nothing else calls it. The report is about add.\n";
    let pieces = "# Mine\n\n> else calls it. The till was written\n> The report is about add. It subtracts where it\n> should add. The caller is the till.\n";
    for copy in [shuffled, pieces] {
        assert_eq!(copied_from(copy, &known(), [("input.md", input)], []), Some("input.md"), "{copy}");
        for finding in ["The sign is wrong.\n", "\n- in line 2, a minus\n"] {
            assert_eq!(copied_from(&format!("{copy}{finding}"), &known(), [("input.md", input)], []), None, "{copy}");
        }
    }
    let paths = "# Impact\n\n- `src/storage/store.rs`\n- `src/storage/lock.rs`\n";
    let cause = "# Why\n\nThe lock in `src/storage/lock.rs` comes too late. It is taken in `src/storage/store.rs`.\n";
    assert_eq!(copied_from(paths, &known(), [("cause.md", cause)], []), None);
    assert!(same_words(first, &first.replace('\n', "\n ")) && !same_words(first, "# What\n"));
}

#[test]
fn a_root_cause_recommends() {
    let lacks = |document: &str| lacks_recommendation(document, &known());
    for document in [
        "# Root cause\n\n## Recommendation\n\nChange the sign.\n",
        "# Root cause\n\n## Recommended approach\n\n### Why\n\nIt is safe.\n",
        "# Root cause\n\n## Recommendation: take the lock before the read\n",
        "# Ursache\n\n## Empfehlung\n\nDas Vorzeichen ändern.\n",
        "# 原因\n\n## 推奨\n\n符号を変える。\n",
        "# Root cause\n\n**Recommendation**: change the sign.\n",
        "# Root cause\n\n## Proposed fix\n\n```\na + b\n```\n",
        "# Root cause\n\n## Conclusion\n\n- `calc.py:2`: `+`\n",
    ] {
        assert_eq!(lacks(document), None, "{document}");
    }
    for document in [
        "# Root cause\n\nI have looked at it.\n\nIt is fine.\n",
        "# Root cause\n\n## Recommendation\n",
        "# Root cause\n\n## Recommendation\n\nTODO\n\n## Other\n\nWords.\n",
        "# Root cause\n\nI recommend nothing of this, and say more below.\n",
    ] {
        assert!(lacks(document).is_some(), "{document}");
    }
}

/// The files of a small project.
struct Here;

impl Files for Here {
    fn has(&self, path: &str) -> bool {
        ["calc.py", "run-tests", "src/a.rs", "src/b.rs", "src", "docs", "docs/x.md"].contains(&path)
    }

    fn matches(&self, set: &crate::domain::pattern::PathSet) -> bool {
        ["calc.py", "src/a.rs"].iter().any(|path| set.matches((*path).into()))
    }

    fn has_extension(&self, extension: &str) -> bool {
        ["py", "rs", "md"].contains(&extension)
    }

    fn count(&self) -> usize {
        5
    }
}

#[test]
fn a_list_of_all_files_is_no_map() {
    let all = ["calc.py", "run-tests", "src/a.rs", "src/b.rs", "docs/x.md"];
    let listed = |says: &str| all.map(|path| format!("- `{path}`{says}\n")).concat();
    let found = |map: &str| map_findings(map, &Here).into_iter().next().map(|finding| finding.what);
    let what = "it lists the files of the repository and says of none what changes";
    for map in [
        format!("# Map\n\n{}", listed("")),
        format!("# Map\n\nAll of these may change:\n\n```\n{}\n```\n", all.join("\n")),
        format!("# Map\n\n{}\n", all.join(", ")),
    ] {
        assert_eq!(found(&map).as_deref(), Some(what), "{map}");
    }
    for map in [format!("# Map\n\n{}", listed(": the sign")), "# Map\n\n- `calc.py`\n- `src/a.rs`\n".to_owned()] {
        assert_eq!(found(&map), None, "{map}");
    }
}

#[test]
fn a_map_names_what_is_there_or_is_to_be_made() {
    let map = "# Map\n\n| file | what |\n|---|---|\n| `calc.py` | the sign, line 2 |\n| `tests_more/test_negative.py` (new) | negative |\n\n- src/a.rs:12 and `store_write`\n- `src/*.rs`\n\n`docs/x.md` must not be changed. `src/b.rs` is not safe: lock it.\n\n## Not touched\n\n- `run-tests`: stays\n";
    assert_eq!(map_findings(map, &Here), []);
    let entries: Vec<_> = map_entries(map, &Here).into_iter().map(|entry| (entry.path, entry.line)).collect();
    assert_eq!(
        entries,
        [
            ("calc.py".to_owned(), 5),
            ("tests_more/test_negative.py".to_owned(), 6),
            ("src/a.rs".to_owned(), 8),
            ("src/*.rs".to_owned(), 9),
            ("src/b.rs".to_owned(), 11),
        ]
    );
}

/// A map that says what must not change lets nothing of that be changed.
#[test]
fn what_a_map_names_to_stay_is_no_entry() {
    let entries = |map: &str| map_entries(map, &Here).into_iter().map(|entry| entry.path).collect::<Vec<_>>();
    for stays in [
        "## Files that must not change\n\n- `src/a.rs`\n",
        "## Not affected\n\n- `src/a.rs`\n",
        "## What depends on it\n\n- `src/a.rs` calls it\n",
        "- Do not touch `src/a.rs`: it is not affected.\n",
        "- `src/a.rs`: unaffected\n",
        "- `src/a.rs`: it is not affected\n",
        "I also looked at src/a.rs, which is fine.\n",
        "The reader is in `src/a.rs`, which is not changed.\n",
    ] {
        assert_eq!(entries(&format!("# Map\n\n- `calc.py`: the sign\n\n{stays}")), ["calc.py"], "{stays}");
    }
    for changes in [
        "## What depends on it\n\n- `src/a.rs`: update the call\n",
        "## Files to change, and what depends on them\n\n- `src/a.rs`\n",
        "- `src/a.rs`: callers are not affected, the lock is taken first\n",
        "Never read in `src/a.rs` without the lock.\n",
    ] {
        assert_eq!(
            entries(&format!("# Map\n\n- `calc.py`: the sign\n\n{changes}")),
            ["calc.py", "src/a.rs"],
            "{changes}"
        );
    }
}

#[test]
fn a_line_of_some_length_is_a_paragraph() {
    let english = "The sum is wrong because `add` in calc.py subtracts on line 2; nothing else calls it, so the sign can change. Recommendation: use a plus there.";
    for text in [
        english,
        "原因は calc.py の二行目です。足し算の代わりに引き算をしているため、結果が常に小さくなります。符号を直すことを勧めます。",
    ] {
        assert!(is_paragraph(text), "{text}");
    }
    for text in [
        "Looks fine to me.",
        "# A title of so many words that it could be taken for a paragraph by one who only counts the words that it has",
    ] {
        assert!(!is_paragraph(text), "{text}");
    }
    for text in [
        "Work in progress, will be filled in later.",
        "*(to be completed)*\n\n_pending_",
        "À compléter.",
        "Folgt später.",
        "未定",
    ] {
        assert!(emptiness(&format!("# T\n\n{text}\n"), &Known::default()).is_some(), "{text}");
    }
}

#[test]
fn a_map_that_leads_nowhere_is_named_with_its_line() {
    let finding = |map: &str| map_findings(map, &Here).into_iter().next().map(|finding| (finding.line, finding.what));
    assert_eq!(finding("# Map\n\nEverything has to change.\n"), Some((1, "it names no file in the repository".into())));
    assert_eq!(finding("# Map\n\n- `*`\n- `**/*`\n"), Some((1, "it names no file in the repository".into())));
    assert_eq!(finding("# Map\n\n- `src/c.rs`: lock\n- `calc.py`\n"), Some((3, "'src/c.rs' does not exist".into())));
    assert_eq!(finding("# Map\n\n- `nowhere.py`\n- `calc.py`\n"), Some((3, "'nowhere.py' does not exist".into())));
    for fine in [
        "- `calc.py`: `calc.add`, read/write, `and/or`, `a/b`\n",
        "- `calc.py` becomes `sums.py` → renamed\n",
        "- `docs/`: all of it\n",
        "- `calc.py`, as https://example.org/x/y.py says\n",
    ] {
        assert_eq!(finding(fine), None, "{fine}");
    }
}

#[test]
fn a_document_like_an_input_about_another_spec_is_no_copy() {
    let about = |phase: &str, id: &str| {
        format!(
            "# {phase}\n\nWhat was found about {id}, with its evidence.\n\n## Recommendation\n\nTake the lock.\n\n- `src/storage/store.sh`, `src/storage/batch.sh`\n- `docs/architecture/storage.md`\n"
        )
    };
    let (first, second) = (about("comprehension", "2026-12-01-001-k2m"), about("root-cause", "2026-12-01-003-fac"));
    let prompt = format!("Write it in 2026-12-01-003-fac. Its input is:\n\n{first}");
    assert_eq!(copied_from(&second, &known(), [("first.md", first.as_str()), (PROMPT, prompt.as_str())], []), None);
}
