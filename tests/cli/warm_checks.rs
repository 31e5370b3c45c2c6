//! The warm checkout: slow checks begin with what checks of the target built, and nothing that an agent, a person or another check left is in it.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{
    Ran, Sandbox,
    tools::{need, need_that},
};

/// Makes what cargo leaves of a package from elsewhere.
const BUILD: &str = "{ p=built/debug; mkdir -p $p/deps $p/.fingerprint/dep-1 $p/incremental\n\
                     echo Signature: 8a477f597d28d172789f06886806bc55 >built/CACHEDIR.TAG; echo {} >built/.rustc_info.json\n\
                     printf 'dep: /dep.rs\\n\\n/dep.rs:\\n' >$p/deps/dep-1.d; }";

/// Builds what is not built, slowly, and prints what there was and how old 'file' is. What it leaves besides has the commit's name.
fn check() -> String {
    format!(
        "ls -a\nif test -e built; then echo began warm; else echo began cold; sleep 2.1; fi\n{BUILD}\n\
         for one in built/debug/*/*; do echo \"$one\"; done\n\
         touch \"$p/incremental/$(git rev-parse HEAD)\" $p/output output\n\
         [ file -nt check.sh ] && echo file is newer\n! grep -q bad file"
    )
}

/// A confined sandbox whose check is slow; `None` where nothing can confine here.
pub(crate) fn slow(check: &str, script: &str) -> Option<Sandbox> {
    if !need_that(need("bwrap"), "bubblewrap") {
        return None;
    }
    let sandbox = Sandbox::new().confined();
    sandbox.write("check.sh", check);
    sandbox.write(".gitignore", "built\nprepared\n");
    sandbox.commit("Files");
    sandbox.agent(script);
    Some(sandbox)
}

pub(crate) fn work(sandbox: &Sandbox, options: &[&str]) -> (String, Ran) {
    let id = sandbox.add(&["Change it", "--verify", "sh check.sh"]);
    (id.clone(), sandbox.chant(&[&["work", &id], options].concat()).ok())
}

/// What a script begins with that runs cargo: in another home directory the cargo of PATH, rustup's, knows no toolchain.
pub(crate) fn with_cargo() -> String {
    let tools = std::env::var("CARGO").ok().and_then(|cargo| Some(Path::new(&cargo).parent()?.display().to_string()));
    tools.map(|tools| format!("PATH={tools}:$PATH; ")).unwrap_or_default()
}

/// The commit whose warm checkout the check of a spec began with, and what the check printed.
pub(crate) fn began(sandbox: &Sandbox, id: &str) -> (Value, String) {
    let run = sandbox.show(id)["checks"]["evidence"]["verify"][0].clone();
    (run["warm"].clone(), sandbox.chant(&["log", id, "--checks"]).ok().out)
}

const CHANGES: &str = "echo \"$CHANT_SPEC_ID\" >>file; tick";

/// The first check is cold and found to be slow; the second begins with what it built at the target.
fn warmed(sandbox: &Sandbox) -> String {
    let (first, ran) = work(sandbox, &[]);
    assert!(!ran.err.contains("warm"), "{}", ran.err);
    assert_eq!(began(sandbox, &first).0, Value::Null);
    let base = sandbox.git(&["rev-parse", "HEAD"]);
    let (second, ran) = work(sandbox, &[]);
    assert!(ran.err.contains("preparing a reusable checkout for checks at"), "{}", ran.err);
    assert_eq!(began(sandbox, &second).0, base.as_str());
    base
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_slow_check_begins_with_what_a_check_of_the_target_built_and_leaves_nothing() {
    let Some(sandbox) = slow(&check(), CHANGES) else { return };
    let base = warmed(&sandbox);
    let (third, ran) = work(&sandbox, &[]);
    assert!(!ran.err.contains("preparing"), "{}", ran.err);
    let (warm, printed) = began(&sandbox, &third);
    assert_eq!(warm, base.as_str());
    let shown = sandbox.chant(&["show", &third]).ok().out;
    assert!(shown.contains(&format!("with what was built at {}", &base[..12])), "{shown}");
    // A file that did not change has a date of the past, one that changed has not: no two checkouts share a second.
    assert!(printed.contains("began warm\n") && printed.contains("file is newer\n"), "{printed}");
    let left: Vec<&str> = printed.lines().filter(|line| line.starts_with("built/")).collect();
    let built = ["built/debug/deps/dep-1.d".to_owned(), format!("built/debug/incremental/{base}")];
    assert_eq!(left, built, "only the check of the target left something, and only of packages");
    assert!(!printed.lines().any(|line| line == "output"), "{printed}");
    // Beside the repository nothing stays.
    let beside: Vec<_> = fs::read_dir(sandbox.dir()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(!beside.iter().any(|name| name.to_string_lossy().contains("chant-tree")), "{beside:?}");
    // What a person asks for anew is checked in a cold checkout.
    sandbox.chant(&["verify", &third, "--fresh"]).ok();
    assert!(sandbox.chant(&["log", &third, "--checks"]).ok().out.contains("began cold\n"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn where_a_file_is_gone_or_attributes_change_the_checkout_is_cold() {
    let Some(sandbox) = slow(&check(), CHANGES) else { return };
    sandbox.write("used", "x\n");
    sandbox.commit("Used");
    warmed(&sandbox);
    // Attributes change files that no commit changed.
    for script in ["git rm -q used", "echo '*.txt eol=crlf' >.gitattributes; git add ."] {
        sandbox.agent(&format!("{script}; git commit -qm Gone; echo \"$CHANT_SPEC_ID\" >>file; tick"));
        let (id, _) = work(&sandbox, &["--no-merge"]);
        let (warm, printed) = began(&sandbox, &id);
        assert_eq!(warm, Value::Null);
        assert!(printed.contains("began cold\n"), "{printed}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_fails_in_a_warm_checkout_is_run_again_in_a_cold_one() {
    // It passes only once in a checkout.
    let once = format!("cat file && test ! -e built && sleep 2.1 && {BUILD}");
    let Some(sandbox) = slow(&once, CHANGES) else { return };
    let (_, _) = work(&sandbox, &[]);
    let (second, ran) = work(&sandbox, &[]);
    assert!(ran.err.contains("failed in the reused checkout; running it again in a fresh one"), "{}", ran.err);
    assert_eq!(began(&sandbox, &second).0, Value::Null);
    let shown = sandbox.chant(&["show", &second]).ok().out;
    assert!(shown.contains("it failed in the reused checkout, and passed in a fresh one"), "{shown}");
    let (_, ran) = work(&sandbox, &[]);
    assert!(!ran.err.contains("warm"), "that is known from then on: {}", ran.err);
    // What fails in both has failed.
    let Some(sandbox) = slow(&check(), CHANGES) else { return };
    warmed(&sandbox);
    sandbox.agent("echo bad >>file; tick");
    let id = sandbox.add(&["Break it", "--verify", "sh check.sh"]);
    sandbox.chant(&["work", &id]).fails(1, &["again in a fresh one", "exit code 1"]);
    assert_eq!(began(&sandbox, &id).0, Value::Null);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn set_up_runs_anew_only_where_what_it_reads_has_changed() {
    let check = format!("{} && echo \"prepared $(wc -l <prepared) times\"", check());
    let Some(sandbox) = slow(&check, CHANGES) else { return };
    sandbox.write("package-lock.json", "{}\n");
    sandbox.commit("Lock");
    sandbox.git(&["config", "chant.worktreeSetup", "cat package-lock.json; echo x >>prepared"]);
    warmed(&sandbox);
    let (id, _) = work(&sandbox, &[]);
    let (_, printed) = began(&sandbox, &id);
    assert!(printed.contains("began warm\n") && printed.contains("prepared 1 times"), "{printed}");
    sandbox.agent("echo '{ }' >package-lock.json; tick");
    let (id, _) = work(&sandbox, &[]);
    let (_, printed) = began(&sandbox, &id);
    // What it no longer installs would stay otherwise.
    assert!(printed.contains("began cold\n") && printed.contains("prepared 1 times"), "{printed}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_warm_checkout_is_bounded_and_goes() {
    let Some(sandbox) = slow(&check(), CHANGES) else { return };
    let record = sandbox.repo.join(".git/chant/check/warm/record.json");
    warmed(&sandbox);
    assert!(record.exists());
    sandbox.git(&["config", "chant.warmLimit", "1k"]);
    let (id, _) = work(&sandbox, &[]);
    assert!(began(&sandbox, &id).0 == Value::Null && !record.exists());
    sandbox.git(&["config", "chant.warmLimit", "1g"]);
    let (_, _) = work(&sandbox, &[]);
    assert!(record.exists());
    let ran = sandbox.chant(&["prune", "--dry-run", "--expire", "now"]).ok();
    assert!(ran.out.contains("check/warm") && record.exists(), "{}", ran.out);
    sandbox.chant(&["prune", "--expire", "now"]).ok();
    assert!(!record.exists());
    // One that is too large is not kept.
    sandbox.git(&["config", "chant.warmLimit", "1k"]);
    sandbox.write("large", &"x".repeat(4096));
    sandbox.commit("Large");
    let (_, _) = work(&sandbox, &[]);
    let (id, ran) = work(&sandbox, &[]);
    assert_eq!(began(&sandbox, &id).0, Value::Null);
    assert!(!record.exists() && ran.err.contains("larger than chant.warmLimit"), "{}", ran.err);
    sandbox.git(&["config", "chant.warmLimit", "0"]);
    let (_, ran) = work(&sandbox, &[]);
    assert!(!ran.err.contains("warm"), "{}", ran.err);
}

#[test]
fn why_there_can_be_no_warm_checkout_is_said() {
    let Some(sandbox) = slow("grep -q . file", CHANGES) else { return };
    fs::create_dir_all(sandbox.repo.join(".git/chant/check")).unwrap();
    fs::write(sandbox.repo.join(".git/chant/check/warm"), "").unwrap();
    let (_, ran) = work(&sandbox, &[]);
    let said = "commands run in a fresh checkout: a reusable one cannot be prepared: cannot ";
    assert!(ran.err.contains(said), "{}", ran.err);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn after_an_agent_that_could_write_it_there_is_none() {
    let Some(sandbox) = slow(&check(), CHANGES) else { return };
    let record = sandbox.repo.join(".git/chant/check/warm/record.json");
    warmed(&sandbox);
    sandbox.git(&["config", "chant.confine", "off"]);
    let (_, _) = work(&sandbox, &[]);
    assert!(!record.exists());
}

/// Two specs with this check pass, so that the next begins with a warm checkout; the work of the third has to be caught.
fn caught_when_warm(sandbox: &Sandbox, script: &str) -> Ran {
    warmed(sandbox);
    sandbox.agent(script);
    let id = sandbox.add(&["Break it", "--verify", "sh check.sh"]);
    let ran = sandbox.chant(&["work", &id]).fails(1, &["exit code 1"]);
    assert_eq!(began(sandbox, &id).0, Value::Null);
    ran
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_check_that_looks_at_less_in_the_warm_checkout_is_run_again_in_a_cold_one() {
    // What was built once is not built again, whatever it was built from.
    let stamp = format!("test -e built && exit; sleep 2.1; ! grep bad file *.txt && {BUILD}");
    for (script, named) in [("echo bad >>file; tick", "'file'"), ("echo bad >new.txt; git add .; tick", "'new.txt'")] {
        let Some(sandbox) = slow(&stamp, "echo \"$CHANT_SPEC_ID\" >other.md; git add .; tick") else { return };
        sandbox.write("a.txt", "a\n");
        sandbox.commit("Text");
        let ran = caught_when_warm(&sandbox, script);
        assert!(ran.err.contains(&format!("did not read {named} in the reused checkout")), "{}", ran.err);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_set_up_makes_of_a_changed_file_is_made_anew() {
    // That 'cat' and 'cp' read their file is seen, because the kernel may not copy it.
    for generate in ["sed s/x/y/ input >prepared", "cat input input >prepared", "cp input prepared"] {
        let script = "echo \"$CHANT_SPEC_ID\" >other.md; git add .; tick";
        let Some(sandbox) = slow("sleep 2.1; grep -q good prepared", script) else { return };
        sandbox.write("input", "good\n");
        sandbox.write("generate", &format!("{generate}\n"));
        sandbox.commit("Generator");
        sandbox.git(&["config", "chant.worktreeSetup", "sh generate"]);
        let ran = caught_when_warm(&sandbox, "echo bad >input; tick");
        assert!(!ran.err.contains("reused"), "{generate}: {}", ran.err);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn submodules_are_as_in_a_fresh_checkout() {
    let check =
        "sleep 2.1; git submodule status | grep '^ ' && git status --short && git -C sub log -1 && test -e sub/file";
    let Some(sandbox) = slow(check, "echo \"$CHANT_SPEC_ID\" >other.md; git add .; tick") else { return };
    let sub = sandbox.dir().join("sub");
    let allow = ["-c", "protocol.file.allow=always"];
    sandbox.git(&["init", "-q", &sub.display().to_string()]);
    let there = sub.display().to_string();
    fs::write(sub.join("file"), "x\n").unwrap();
    sandbox.git(&["-C", &there, "add", "."]);
    sandbox.git(&["-C", &there, "commit", "-q", "-m", "Sub"]);
    sandbox.git(&[&allow[..], &["submodule", "--quiet", "add", &there, "sub"]].concat());
    sandbox.commit("Submodule");
    sandbox.git(&[
        "config",
        "chant.worktreeSetup",
        "git -c protocol.file.allow=always submodule --quiet update --init",
    ]);
    warmed(&sandbox);
    let (id, ran) = work(&sandbox, &[]);
    assert!(!ran.err.contains("reused checkout;") && began(&sandbox, &id).0 != Value::Null, "{}", ran.err);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_output_does_not_outlive_the_rule_that_made_it() {
    let script = "echo \"$CHANT_SPEC_ID\" >other.md; git add .; tick";
    // The rule goes, a header that no rule names changes and is read by another command, a package is no longer installed.
    let rule = "test: out\n\tsleep 2.1\n\tgrep -q good out\nout: in\n\tcp in out\n";
    let header = "test: prog style\n\tsleep 2.1\n\tgrep -q 3 prog\nprog: prog.c\n\tcat prog.c p.h >prog\nstyle:\n\t! grep bad p.h\n";
    let in_packages = "test: node_modules/.cache/ok\n\tsleep 2.1\n\tcat p.h\n\
        node_modules/.cache/ok: in\n\tgrep -q 3 p.h\n\tmkdir node_modules/.cache\n\ttouch $@\n";
    for (makefile, break_it) in [
        (in_packages, "echo 4 >p.h; tick"),
        (rule, "sed -i '/^out/,$d' Makefile; tick"),
        (header, "echo 4 >p.h; tick"),
        ("test:\n\tsleep 2.1\n\ttest -e node_modules/b\n", "echo a >requirements.txt; tick"),
    ] {
        let Some(sandbox) = slow("make -s test", script) else { return };
        if !need("make") {
            return;
        }
        for (path, text) in [("in", "good\n"), ("prog.c", "c\n"), ("p.h", "3\n"), ("requirements.txt", "a\nb\n")] {
            sandbox.write(path, text);
        }
        sandbox.write("Makefile", makefile);
        sandbox.write(".gitignore", "node_modules\nout\nprog\n");
        sandbox.write(
            "setup",
            "mkdir -p node_modules; for one in $(cat requirements.txt); do touch node_modules/$one; done",
        );
        sandbox.commit("Make");
        sandbox.git(&["config", "chant.worktreeSetup", "sh setup"]);
        warmed(&sandbox);
        sandbox.agent(break_it);
        let id = sandbox.add(&["Break it", "--verify", "sh check.sh"]);
        sandbox.chant(&["work", &id]).fails(1, &["exit code"]);
        assert_eq!(began(&sandbox, &id).0, Value::Null, "{break_it}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_no_command_reads_costs_no_second_run_and_nothing_once_it_is_merged() {
    let Some(sandbox) = slow(&check(), CHANGES) else { return };
    sandbox.write("notes", "one\n");
    sandbox.commit("Notes");
    warmed(&sandbox);
    sandbox.agent("echo \"$CHANT_SPEC_ID\" >>notes; tick");
    let (id, ran) = work(&sandbox, &[]);
    assert!(ran.err.contains("'notes' has changed, and no command was seen to read it"), "{}", ran.err);
    let (warm, printed) = began(&sandbox, &id);
    assert!(warm == Value::Null && printed.matches("began").count() == 1, "{printed}");
    sandbox.agent(CHANGES);
    let (id, ran) = work(&sandbox, &[]);
    assert!(began(&sandbox, &id).0 != Value::Null, "{}", ran.err);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_command_that_reads_nothing_of_the_work_needs_no_fresh_checkout_beside_one_that_does() {
    let Some(sandbox) = slow(&check(), CHANGES) else { return };
    sandbox.write("other", "x\n");
    sandbox.commit("Other");
    let both = || {
        let id = sandbox.add(&["Change it", "--verify", "sh check.sh", "--verify", "grep -q x other"]);
        (id.clone(), sandbox.chant(&["work", &id]).ok())
    };
    both();
    both();
    let (id, ran) = both();
    assert!(began(&sandbox, &id).0 != Value::Null && !ran.err.contains("did not read"), "{}", ran.err);
    // Where no command reads it, or one that never ran in a fresh checkout, a fresh one tells.
    sandbox.agent("echo x >more.txt; echo bad >file; tick");
    let id = sandbox.add(&["Break it", "--verify", "test -e built", "--verify", "grep -q x other"]);
    sandbox.chant(&["work", &id]).fails(1, &["'test -e built' did not read 'file' in the reused checkout"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_the_project_makes_of_its_own_files_is_made_anew() {
    // One command reads every file and builds: a build script of cargo that forgets to declare one, a test runner that runs what failed
    // last, a makefile whose settings are in another file.
    let read_all = "! grep -rn FIXM[E] --exclude-dir=target --exclude-dir=.git --exclude-dir=.chant .";
    let cargo = [
        ("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\nbuild = \"build.rs\"\n"),
        (
            "build.rs",
            "fn main() {\n    println!(\"cargo:rerun-if-changed=build.rs\");\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    \
             std::fs::copy(\"data\", format!(\"{out}/data\")).unwrap();\n}\n",
        ),
        (
            "src/lib.rs",
            "#[test]\nfn it_is_42() {\n    assert_eq!(include_str!(concat!(env!(\"OUT_DIR\"), \"/data\")).trim(), \"42\");\n}\n",
        ),
        ("data", "42\n"),
        ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n"),
        ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n"),
        (".gitignore", "target\n"),
    ];
    let python = [
        ("test_a.py", "from app import a\n\n\ndef test_a():\n    assert a == 1\n"),
        ("test_b.py", "from app import b\n\n\ndef test_b():\n    assert b == 1\n"),
        ("app.py", "a = 1\nb = 1\n"),
        ("pytest.ini", "[pytest]\naddopts = --lf\n"),
        (".gitignore", "__pycache__\n.pytest_cache\n"),
    ];
    let make = [
        (
            "Makefile",
            "include flags\ntest: out/app\n\tgrep -q good out/app\nout/app: app.c\n\tmkdir -p out; cp app.c out/app; echo $(F) >>out/app\n",
        ),
        ("flags", "F = good\n"),
        ("app.c", "c\n"),
        (".gitignore", "out\n"),
    ];
    let tagged = "{ make -s test && echo Signature: 8a477f597d28d172789f06886806bc55 >out/CACHEDIR.TAG; }";
    for (program, files, command, other, break_it) in [
        ("cargo", &cargo[..], "cargo test -q --offline", "src/lib.rs", "echo 41 >data"),
        ("pytest", &python[..], "pytest -q", "test_a.py", "printf 'a = 1\\nb = 2\\n' >app.py"),
        ("make", &make[..], tagged, "app.c", "echo 'F = bad' >flags"),
    ] {
        if !need(program) {
            continue;
        }
        let check = format!("{}sleep 2.1; {read_all} && {command}", with_cargo());
        let comment = if program == "pytest" { "#" } else { "//" };
        let Some(sandbox) = slow(&check, &format!("echo '{comment}' >>{other}; tick")) else { return };
        for (path, text) in files {
            sandbox.write(path, text);
        }
        // Where nothing else would stay, the checkout is still one to begin with.
        sandbox.git(&["config", "chant.worktreeSetup", "mkdir prepared"]);
        sandbox.commit("Files");
        work(&sandbox, &[]);
        if program == "pytest" {
            // What fails at the base is remembered there.
            sandbox.write("app.py", "a = 2\nb = 1\n");
            sandbox.commit("Fail");
        } else {
            work(&sandbox, &[]);
        }
        sandbox.agent(&format!("{break_it}; tick"));
        let id = sandbox.add(&["Break it", "--verify", "sh check.sh"]);
        sandbox.chant(&["work", &id]).fails(1, &["exit code"]);
        assert_ne!(sandbox.status(&id), "completed", "{program}");
    }
}
