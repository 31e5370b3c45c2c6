//! Many specs: what is looked up by name, what waits for what, and one bad spec among others.

use serde_json::Value;

use crate::support::Sandbox;

fn write_spec(sandbox: &Sandbox, id: &str, front: &str) {
    sandbox.write(&format!(".chant/specs/{id}.md"), &format!("---\ntype: code\n{front}---\n# The spec {id}\n"));
}

/// The reasons why each spec is not ready, by id; those that are ready have none.
fn blocked(sandbox: &Sandbox, id: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let listed = sandbox.chant(&["list", "--json"]).ok().json();
    let specs = listed["specs"].as_array().unwrap();
    let spec = specs.iter().find(|spec| spec["id"] == id).unwrap();
    assert_eq!(*spec, sandbox.show_brief(spec, id), "show and list agree");
    let reasons = spec["blocked_by"].as_array().unwrap();
    reasons.iter().map(|reason| (text(&reason["kind"]), text(&reason["why"]))).collect()
}

impl Sandbox {
    /// Of what `show` says the part that `list` says too.
    fn show_brief(&self, like: &Value, id: &str) -> Value {
        let shown = self.show(id);
        let keys = like.as_object().unwrap().keys();
        keys.map(|key| (key.clone(), shown[key].clone())).collect::<serde_json::Map<_, _>>().into()
    }
}

#[test]
fn a_short_form_means_the_same_whether_its_ref_is_loose_packed_or_missing() {
    let sandbox = Sandbox::new();
    let packed = sandbox.add(&["packed"]);
    sandbox.git(&["pack-refs", "--all"]);
    assert!(!sandbox.repo.join(".git/refs/chant/specs").join(&packed).exists());
    let loose = sandbox.add(&["loose"]);
    write_spec(&sandbox, "2020-02-02-001-abc", "");
    let without_file = sandbox.add(&["without a file"]);
    std::fs::remove_file(sandbox.repo.join(format!(".chant/specs/{without_file}.md"))).unwrap();
    // Names that are no specs: leftovers of git, and names that are not allowed.
    std::fs::create_dir(sandbox.repo.join(".git/refs/chant/specs/2020-02-02-002-xyz")).unwrap();
    sandbox.write(".git/refs/chant/specs/2020-02-02-003-xyz.lock", "");

    for id in [packed.as_str(), &loose, "2020-02-02-001-abc", &without_file] {
        for form in [id, &id[11..], &id[15..], &id[5..], &format!(".chant/specs/{id}.md")] {
            assert_eq!(sandbox.show(form)["id"], *id, "{form}");
        }
    }
    sandbox.chant(&["show", "xyz"]).fails(128, &["no such spec: 'xyz'"]);
    sandbox.chant(&["show", "2020-02-02-002-xyz"]).fails(128, &["no such spec"]);
    write_spec(&sandbox, "2020-02-03-001-abc", "");
    sandbox.chant(&["show", "abc"]).fails(128, &["'abc' matches 2 specs", "2020-02-02-001-abc", "2020-02-03-001-abc"]);
    assert_eq!(sandbox.show("03-001-abc")["id"], "2020-02-03-001-abc");
}

#[test]
fn ids_of_a_day_go_on_after_loose_packed_and_unrecorded_ones() {
    let sandbox = Sandbox::new();
    let sequence = |id: &str| u32::from_str_radix(&id[11..14], 36).unwrap();
    let first = sandbox.add(&["first"]);
    sandbox.git(&["pack-refs", "--all"]);
    std::fs::remove_file(sandbox.repo.join(format!(".chant/specs/{first}.md"))).unwrap();
    let second = sandbox.add(&["second"]);
    write_spec(&sandbox, &format!("{}-01z-abc", &second[..10]), "");
    let third = sandbox.add(&["third"]);
    // The test may run over midnight.
    if third[..10] == first[..10] {
        assert_eq!([sequence(&second), sequence(&third)], [sequence(&first) + 1, 36 + 36]);
    }
}

#[test]
fn only_what_lies_on_a_circle_or_leads_there_is_held_up_by_it() {
    let sandbox = Sandbox::new();
    let id = |n: u32| format!("2020-02-02-{n:03}-abc");
    let waits = |n: u32, on: &[u32]| {
        let list: String = on.iter().map(|on| format!("  - {}\n", id(*on))).collect();
        write_spec(&sandbox, &id(n), &if on.is_empty() { list } else { format!("depends_on:\n{list}") });
    };
    waits(1, &[2]);
    waits(2, &[3]);
    waits(3, &[1, 6]);
    waits(4, &[1]); // leads there
    waits(5, &[6]); // has nothing to do with it
    waits(6, &[]);
    waits(7, &[7]);
    let kinds = |n: u32| blocked(&sandbox, &id(n)).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert_eq!(kinds(1), ["cycle"]);
    assert!(blocked(&sandbox, &id(1))[0].1.contains("001-abc -> 002-abc -> 003-abc -> 001-abc"));
    assert_eq!(kinds(2), ["cycle"]);
    assert_eq!(kinds(3), ["cycle", "dependency"]);
    assert_eq!(kinds(4), ["dependency"]);
    assert_eq!(kinds(5), ["dependency"]);
    assert_eq!(kinds(6), Vec::<String>::new());
    assert_eq!(kinds(7), ["cycle"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_chain_of_three_thousand_dependencies_ends_in_one_that_is_ready() {
    let sandbox = Sandbox::new();
    let id = |n: u32| format!("2020-02-02-{n:04}-abc");
    for n in 0..3000 {
        write_spec(&sandbox, &id(n), &format!("depends_on:\n  - {}\n", id(n + 1)));
    }
    write_spec(&sandbox, &id(3000), "");
    let ready = sandbox.chant(&["list", "--ready", "--json"]).ok().json();
    let ready: Vec<_> = ready["specs"].as_array().unwrap().iter().map(|spec| spec["id"].as_str().unwrap()).collect();
    assert_eq!(ready, [id(3000)]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn work_that_landed_is_found_whatever_the_clocks_said() {
    let sandbox = Sandbox::new();
    sandbox.agent("date >\"$CHANT_SPEC_ID\"; git add -A; git commit -qm work");
    let landed = |date: &str| {
        let id = sandbox.add(&[&format!("landed on {date}")]);
        let mut work = sandbox.command_in(&sandbox.repo, "git");
        let dated = work.args(["chant", "work", &id]).env("GIT_COMMITTER_DATE", date).env("GIT_AUTHOR_DATE", date);
        sandbox.run(dated).ok();
        let next = sandbox.add(&["next", "--depends-on", &id]);
        (id, next)
    };
    let future = landed("2037-01-01T00:00:00Z");
    let past = landed("2001-01-01T00:00:00Z");
    let now = landed("2020-01-01T00:00:00Z");
    let nexts = [&future.1, &past.1, &now.1];
    for next in nexts {
        assert!(blocked(&sandbox, next).is_empty(), "{next}");
    }
    // Seen from where only the first of them has landed.
    let merge = sandbox.git(&["log", "-1", "--first-parent", "--format=%H", "main~2"]);
    sandbox.git(&["checkout", "-q", &merge]);
    let kinds = nexts.map(|id| blocked(&sandbox, id).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>().join(","));
    assert_eq!(kinds, ["", "base", "base"]);
}

#[test]
fn a_spec_whose_inputs_cannot_be_read_holds_up_itself_alone() {
    let sandbox = Sandbox::new();
    std::os::unix::fs::symlink("/etc/passwd", sandbox.repo.join("link")).unwrap();
    write_spec(&sandbox, "2020-02-02-001-bad", "informed_by:\n  - link\n");
    write_spec(&sandbox, "2020-02-02-002-dir", "informed_by:\n  - .chant\n");
    write_spec(&sandbox, "2020-02-02-003-abc", "");
    let listed = sandbox.chant(&["list"]).ok();
    assert!(["001-bad", "002-dir", "003-abc"].iter().all(|id| listed.out.contains(id)), "{}", listed.out);
    assert_eq!(sandbox.chant(&["list", "--ready", "--format=%(short)"]).ok().out, "003-abc\n");
    let said = blocked(&sandbox, "2020-02-02-001-bad");
    assert!(said.len() == 1 && said[0].1.contains("'link' is a symbolic link"), "{said:?}");
}
