//! Every example of the manual is typed, in a state in which a person would type it.

use std::{collections::BTreeMap, path::Path};

use crate::support::{Ran, Sandbox};

/// A repository as the examples suppose it: sources, two releases, two remotes, a template, and an agent that does its work. What `gh`,
/// `claude` and `cargo` would do, scripts do.
const REPOSITORY: &str = r#"
mkdir -p src/storage .chant/templates ../bin
mkdir tests; seq 1 60 >src/storage/store.rs; echo 'grep -q 60 src/storage/store.rs' >tests/plain.sh; echo 'Upgrade it.' >notes.md
printf -- '---\ntype: code\n---\n\n# {title}\n\n## Acceptance Criteria\n\n- [ ] Upgraded\n' >.chant/templates/upgrade.md
cat >../bin/gh <<'GH'
#!/bin/sh
case "$1 $2" in
"issue view") echo '{"number":1234,"title":"Writes get lost","body":"Two write, one is lost.","url":"https://example.com/issues/1234"}' ;;
*) echo https://example.com/pull/7 ;;
esac
GH
printf '#!/bin/sh\necho approve\n' >../bin/claude
cat >../bin/cargo <<'CARGO'
#!/bin/sh
passed=0 failed=0
set -- tests/*.sh; echo; echo "running $# tests"
for test; do
    name=$(basename "$test" .sh)
    if sh "$test"; then echo "test $name ... ok"; passed=$((passed + 1)); else echo "test $name ... FAILED"; failed=$((failed + 1)); fi
done
echo
if test $failed = 0; then word=ok; else word=FAILED; fi
echo "test result: $word. $passed passed; $failed failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s"
test $failed = 0 || exit 101
CARGO
chmod +x ../bin/*
git add .; git commit -qm Sources; git tag v1.0; git tag v1.4
for remote in origin upstream; do
    git init -q --bare -b main ../$remote/kvstore.git; git remote add $remote ../$remote/kvstore.git
    git push -q $remote main
done
"#;

/// Words for the states below. A spec gets its number by the file of one that comes before it.
const WORDS: &str = r#"
set -e
PATH="$PWD/../bin:$PATH"; export PATH GIT_EDITOR=true BROWSER=true
after() {
    file=.chant/specs/$(date -u +%F)-$1-a1a.md; shift; mkdir -p .chant/specs
    printf -- '---\ntype: task\n---\n\n# One before\n' >$file
    git chant -q add "$@"; rm $file
}
spec() { after 00z "Add locking" "$@"; }
agent() { printf '%s\n' "tick() { sed -i 's/- \[ \]/- [x]/' \$CHANT_SPEC_FILE; }" "$1" >../agent.sh; }
works() { spec "$@"; git chant -q work 010 --no-merge; }
lands() { works "$@"; git chant -q merge 010; }
investigates() { git chant -q investigate issue-1234 --title "Writes get lost" --reproduces "cargo test" "$@"; }
of() { git chant list --all --format='%(id)' | grep -e "-$1-"; }
by_hand() { spec; git chant -q work 010 --agent manual >/dev/null; (cd "$(git chant path 010)" && echo 1 >fixed && sed -i 's/- \[ \]/- [x]/' .chant/specs/*-010-*); }
research() { investigates --phases comprehension | sed -n 's/Created spec: \([^ ]*\).*/\1/p'; }
contends() {
    git chant -q sync; git clone -q ../origin/kvstore.git ../other
    (cd ../other; for name in agent agent.scripted.cmd remote; do git config chant.$name "$(git -C ../repo config chant.$name)"; done
        git chant -q init; git chant -q sync; git chant -q work 010)
    git chant -q work 010; git -C ../other chant -q sync; git chant -q sync
}
signs() {
    ssh-keygen -q -t ed25519 -N '' -f ../key; git config gpg.format ssh; git config user.signingKey ../key.pub
    echo "ada@example.com $(cat ../key.pub)" >../signers; git config gpg.ssh.allowedSignersFile ../signers
}
git config chant.agent.scripted.cmd "sh $PWD/../agent.sh"; git config chant.agent scripted; git config chant.remote origin; git config web.browser mine; git config browser.mine.cmd true
agent "$GOOD"
"#;

/// Does what each phase asks for; a spec without a phase gets a fix.
const GOOD: &str = r##"
write() { mkdir -p .chant/research; cat >.chant/research/issue-1234-$1.md; }
sed -i 's/^<!-- Fill in.*/### Fixed: lost writes (#1234)\n\nNo write is lost./' $CHANT_SPEC_FILE
case $CHANT_PHASE in
comprehension) printf '# What issue 1234 is about\n\nTwo processes write line 42, and one value is gone.\n' | write comprehension ;;
reproduction) echo 'grep -q "^42 held" src/storage/store.rs || { echo "42 is lost"; exit 1; }' >tests/issue_1234.sh; git add tests ;;
root-cause) printf '# Why writes are lost\n\nLine 42 of `src/storage/store.rs` is read before it is written.\n\n## Recommendation\n\nHold a lock from the read to the write.\n' | write root-cause ;;
impact-map) printf '# What has to change\n\n- `src/storage/store.rs`: line 42\n' | write impact-map ;;
*) sed -i 's/^42.*/42 held/' src/storage/store.rs; git add src ;;
esac
git commit -qm "Work on $CHANT_PHASE"; tick
"##;

/// What comes before each example of a page; before one of a page that is not here, there is a spec 010.
const PAGES: &[(&str, &str)] = &[
    ("git-chant", ""),
    ("git-chant-accept", "agent \"git config core.editor vi; $GOOD\"; spec; git chant -q work 010 || true"),
    ("git-chant-add", ""),
    ("git-chant-approve", "git config chant.review '*'; works || true; C=$(git rev-parse chant/$(of 010))"),
    ("git-chant-archive", "lands; git chant -q cancel $(research)"),
    ("git-chant-attest", "lands; signs"),
    ("git-chant-bisect", "sed -i 's/^42$/42 held/' src/storage/store.rs; git commit -qam Held; git tag -f v1.4 >/dev/null
        sed -i 's/^42 held$/42/' src/storage/store.rs; git commit -qam Lost; investigates --phases reproduction; git chant -q work --topic issue-1234"),
    ("git-chant-changelog", "lands"),
    ("git-chant-choose", "spec; contends; C=$(git log --format=%h --grep='Chant-Op: start' chant/specs/$(of 010) | tail -1)"),
    ("git-chant-demo", ""),
    ("git-chant-finish", "by_hand"),
    ("git-chant-graph", "investigates"),
    ("git-chant-help", ""),
    ("git-chant-import", ""),
    ("git-chant-init", ""),
    ("git-chant-investigate", ""),
    ("git-chant-log", "lands --verify true"),
    ("git-chant-merge", "works; git branch fix/issue-1234"),
    ("git-chant-pause", "by_hand"),
    ("git-chant-path", "by_hand"),
    ("git-chant-pr", "investigates --phases reproduction,fork-fix; git chant -q work --topic issue-1234 --chain"),
    ("git-chant-release", "by_hand"),
    ("git-chant-report", "lands; investigates"),
    ("git-chant-reset", "agent 'exit 1'; spec; git chant -q work 010 || true"),
    ("git-chant-review", "git config chant.review '*'; works || true; C=$(git rev-parse chant/$(of 010))"),
    ("git-chant-status", "spec; investigates"),
    ("git-chant-takeover", "by_hand; git chant -q pause 010"),
    ("git-chant-verify", "lands"),
    ("git-chant-why", "lands; for one in 1 2 3; do echo $one >after; git add after; git commit -qm After; done"),
    ("git-chant-work", "spec; investigates --phases comprehension; git branch fix/issue-1234"),
];

/// What comes before one example.
const EXAMPLES: &[(&str, &str)] = &[
    ("git chant work 001", "git chant -q add 'Fix typo in README storage section'"),
    ("git chant add \"Add locking\" --depends-on 008 --verify \"cargo test\"", "after 007 'One to wait for'"),
    (
        "git chant add --adopt 012",
        "after 010 'One before'; agent 'git chant add \"Upgrade the parser, too\"; echo 1 >one'; git chant -q work 011 || true",
    ),
    ("git chant archive --restore 010", "git chant -q archive 010"),
    ("git log --first-parent chant/archive/2026-02", "git chant -q archive 010"),
    ("git log chant/archive/2026-02:08/2026-02-08-010-v7b", "git chant -q archive 010"),
    ("git chant attest --verify 010.intoto.json", "git chant -q attest 010 --sign -o 010.intoto.json"),
    ("git chant hooks uninstall", "git chant -q hooks install"),
    (
        "git chant finish 010 --commit HEAD",
        "git chant -q cancel 010; git chant -q reset 010; echo 1 >fixed; git add fixed; git commit -qm Mine",
    ),
    ("git chant init --silent", "git rm -rq --cached .chant; git commit -qm Untrack; mv .chant ../aside"),
    ("git chant work 010", "git chant -q pause 010 2>/dev/null || true"),
    ("git chant split 010 --by-heading", "printf '\n## One\n\nThis.\n\n## Two\n\nThat.\n' >>.chant/specs/$(of 010).md"),
    (
        "git chant investigate issue-1234 --again root-cause --reason \"the lock is not reentrant\"",
        "investigates --phases root-cause; git chant -q work --topic issue-1234",
    ),
];

/// The exit codes of examples that are no success.
const CODES: &[(&str, i32)] = &[
    // A person ends a watch.
    ("git chant status --watch", 124),
    ("git chant status --watch --json", 124),
    // No bisection was interrupted.
    ("git chant bisect issue-1234", 129),
    // It asks a person at a terminal.
    ("git chant pr issue-1234 --upstream --run", 1),
    ("git chant pr issue-1234 --upstream --run --edit", 1),
];

/// The examples of each page that has some.
fn examples() -> BTreeMap<String, Vec<String>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let pages = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut all = BTreeMap::new();
    for page in pages.filter(|page| page.extension().is_some_and(|section| section == "1")) {
        let text = std::fs::read_to_string(&page).unwrap();
        let Some((_, section)) = text.split_once(".SH EXAMPLES\n") else { continue };
        let section = section.split("\n.SH").next().unwrap();
        let blocks = section.split(".EX\n").skip(1).map(|block| block.split("\n.EE").next().unwrap());
        let plain = |line: &str| {
            line.replace("\\-", "-")
                .replace("\\(aq", "'")
                .replace("\\*(Aq", "'")
                .replace("\\&", "")
                .replace("\\e", "\\")
        };
        let lines = blocks.flat_map(str::lines).map(plain).collect();
        all.insert(page.file_stem().unwrap().to_str().unwrap().to_owned(), lines);
    }
    all
}

fn of<'a, T: Copy>(table: &'a [(&'a str, T)], key: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
}

/// Types one example in its own copy of `prepared`; what went wrong, if something did.
fn typed(prepared: &Sandbox, line: &str) -> Option<String> {
    let sandbox = prepared.copy();
    let line_here =
        line.replace("3f2a91c", "$C").replace("2026-02-08-010-v7b", "$id").replace("2026-02:08", "$month:$day");
    let line_here = line_here.replace("2026-02", "$month").replace("/tmp/", "../").replace("/usr/local/", "../");
    // A watch ends by a signal, as from a person.
    let limit = if line.contains("--watch") { "-s INT 3" } else { "100" };
    let just_before = of(EXAMPLES, line).unwrap_or_default();
    let state = "id=$(of 010 || true); month=$(echo $id | cut -c1-7) day=$(echo $id | cut -c9-10); test ! -e ../state || . ../state; export C id month day";
    let script =
        format!("{}{just_before}\n{state}\nset +e; timeout {limit} sh -ec {} </dev/null", words(), quoted(&line_here));
    let ran = shell(&sandbox, &script);
    let code = of(CODES, line).unwrap_or(0);
    (ran.code != code).then(|| format!("{line}\n    exit code {}, not {code}\n{}{}", ran.code, ran.out, ran.err))
}

fn words() -> String {
    format!("GOOD={}\n{WORDS}", quoted(GOOD))
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn shell(sandbox: &Sandbox, script: &str) -> Ran {
    let mut shell = sandbox.command_in(&sandbox.repo, "sh");
    sandbox.run(shell.args(["-c", script]))
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn every_example_of_the_manual_works_as_typed() {
    let whole = Sandbox::new();
    shell(&whole, &format!("set -e\n{REPOSITORY}")).ok();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (page, lines) in examples() {
        let prepared = whole.copy();
        let before = of(PAGES, &page).unwrap_or("spec");
        let ran = shell(&prepared, &format!("{}{before}\nprintf 'C=%s\\n' \"$C\" >../state", words()));
        assert_eq!(ran.code, 0, "{page}: {}{}", ran.out, ran.err);
        for line in &lines {
            wrong.extend(typed(&prepared, line).map(|what| format!("{page}: {what}")));
            whole.watch.renew();
            seen += 1;
        }
    }
    assert!(seen > 100, "the manual has {seen} examples");
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n----\n"));
}
