//! What builds on what, drawn.

use crate::support::{Sandbox, cases::few_or_many};

fn spec(sandbox: &Sandbox, n: u32, title: &str, front: &str) -> String {
    let id = format!("2026-02-08-{}-abc", base36(n));
    sandbox.write(&format!(".chant/specs/{id}.md"), &format!("---\ntype: code\n{front}---\n# {title}\n"));
    id
}

/// Three digits of base 36.
fn base36(n: u32) -> String {
    [n / 1296, n / 36 % 36, n % 36].map(|digit| char::from_digit(digit, 36).unwrap()).iter().collect()
}

#[test]
fn a_diamond_is_drawn_once_and_named_again() {
    let sandbox = Sandbox::new();
    let base = spec(&sandbox, 1, "Base", "target_files: [docs/a.md]\n");
    let left = spec(&sandbox, 2, "Left", &format!("topic: t\ndepends_on: [{base}]\n"));
    let right = spec(&sandbox, 3, "Right", "informed_by: [docs/a.md]\n");
    spec(&sandbox, 4, "Top", &format!("topic: t\ndepends_on: [{left}, {right}]\n"));
    spec(&sandbox, 5, "Alone", "");
    assert_eq!(
        sandbox.chant(&["graph"]).ok().out,
        "004-abc  pending  Top\n\
         |- 002-abc  pending  Left\n\
         |  `- 001-abc  pending  Base\n\
         `- 003-abc  pending  Right\n   \
            `- informed by 001-abc  (see above)\n\
         005-abc  pending  Alone\n"
    );
    assert!(!sandbox.chant(&["graph", "--topic", "t"]).ok().out.contains("Alone"));
    sandbox.chant(&["graph", "--topic", "none"]).fails(1, &["no such investigation: 'none'"]);
    let json = sandbox.chant(&["graph", "--json"]).ok().json();
    assert_eq!(json["graph"]["nodes"].as_array().unwrap().len(), 5);
    let edges = json["graph"]["edges"].as_array().unwrap();
    assert_eq!(edges.iter().filter(|edge| edge["depends_on"] == true).count(), 3);
    assert_eq!(edges.iter().filter(|edge| edge["informed_by"] == true).count(), 1);
    let dot = sandbox.chant(&["graph", "--dot"]).ok().out;
    assert!(dot.contains(&format!("\"{right}\" -> \"{base}\" [style=dashed];")), "{dot}");
    assert!(sandbox.chant(&["graph", "--mermaid"]).ok().out.contains("n3 --> n1\n"));
}

#[test]
fn what_another_way_implies_is_left_out_and_members_stand_under_their_driver() {
    let sandbox = Sandbox::new();
    let base = spec(&sandbox, 1, "Base", "");
    let middle = spec(&sandbox, 2, "Middle", &format!("depends_on: [{base}]\n"));
    let driver = spec(&sandbox, 3, "Driver", &format!("depends_on: [{base}, {middle}]\n"));
    sandbox.write(&format!(".chant/specs/{driver}.1.md"), "# Part\n");
    assert_eq!(
        sandbox.chant(&["graph"]).ok().out,
        "003-abc  pending  Driver\n\
         |- 002-abc  pending  Middle\n\
         |  `- 001-abc  pending  Base\n\
         `- member 003-abc.1  pending  Part\n"
    );
    // For programs every edge is there.
    let json = sandbox.chant(&["graph", "--json"]).ok().json();
    assert_eq!(json["graph"]["edges"].as_array().unwrap().len(), 3);
}

#[test]
fn titles_cannot_break_out_of_their_labels() {
    let sandbox = Sandbox::new();
    spec(&sandbox, 1, r#"a"]; evil [label="b\ <script>&amp; %% x"#, "");
    let dot = sandbox.chant(&["graph", "--dot"]).ok().out;
    assert_eq!(dot.matches("evil").count(), 1);
    assert!(dot.contains(r#"a\"]; evil [label=\"b"#), "{dot}");
    let mermaid = sandbox.chant(&["graph", "--mermaid"]).ok().out;
    assert!(!mermaid.contains('<') && mermaid.contains("a#34;#93;#59; evil"), "{mermaid}");
}

#[test]
fn a_picture_has_each_spec_below_what_it_builds_on() {
    let sandbox = Sandbox::new();
    let base = spec(&sandbox, 3, "Base \\<script> & co", "");
    spec(&sandbox, 1, "Top", &format!("depends_on: [{base}]\n"));
    let svg = sandbox.chant(&["graph", "--svg"]).ok().out;
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>\n"), "{svg}");
    let (top, below) = (svg.find("Base &lt;script&gt; &amp; co").unwrap(), svg.find(">Top<").unwrap());
    assert!(top < below && !svg.contains("<script>") && svg.matches("<path class=\"arc\"").count() == 1, "{svg}");
}

#[test]
fn a_circle_is_drawn_and_not_walked_for_ever() {
    let sandbox = Sandbox::new();
    spec(&sandbox, 1, "One", "depends_on: [2026-02-08-002-abc]\n");
    spec(&sandbox, 2, "Two", "depends_on: [2026-02-08-001-abc]\n");
    spec(&sandbox, 3, "Itself", "depends_on: [2026-02-08-003-abc]\n");
    let out = sandbox.chant(&["graph"]).ok().out;
    assert!(out.contains("001-abc  pending  One\n`- 002-abc  pending  Two\n   `- 001-abc  (see above)\n"), "{out}");
    assert!(out.contains("003-abc  pending  Itself\n`- 003-abc  (see above)\n"), "{out}");
}

#[test]
fn a_chain_of_thousands_is_drawn_listed_and_checked() {
    let sandbox = Sandbox::new();
    let count: u32 = few_or_many(1_000, 5_000);
    for n in 1..=count {
        let front = if n == 1 { String::new() } else { format!("depends_on: [2026-02-08-{}-abc]\n", base36(n - 1)) };
        spec(&sandbox, n, "A link", &front);
    }
    assert_eq!(sandbox.chant(&["graph"]).ok().out.lines().count(), usize::try_from(count).unwrap());
    assert_eq!(sandbox.chant(&["list", "--ready"]).ok().out.lines().count(), 1);
    assert!(!sandbox.chant(&["lint"]).ok().out.contains("error:"));
}
