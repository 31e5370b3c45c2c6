//! What cargo compiled of the project's own packages: a warm checkout keeps it as long as nothing that differs can have gone into it.

use crate::{
    support::{Sandbox, tools::need},
    warm_checks::{began, slow, with_cargo, work},
};

/// Two packages; the tests of the first see what the second, `dep`, is made of.
const FILES: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        "[workspace]\nmembers = [\"dep\"]\n[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
         [dependencies]\ndep = { path = \"dep\" }\n",
    ),
    (
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"dep\",\n]\n\n\
         [[package]]\nname = \"dep\"\nversion = \"0.1.0\"\n",
    ),
    ("src/lib.rs", "pub mod marker;\n#[test]\nfn it_is_42() {\n    assert_eq!(dep::MARK.trim(), \"42\");\n}\n"),
    ("src/marker.rs", "// 42\n"),
    ("dep/Cargo.toml", "[package]\nname = \"dep\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
    ("dep/src/lib.rs", "mod mark;\npub use mark::MARK;\n"),
    ("dep/src/mark.rs", "pub const MARK: &str = \"42\";\n"),
    (".gitignore", "target\n"),
];

/// A repository with these files, some of them others, whose checks have a warm checkout; `before` runs before cargo.
fn warmed(others: &[(&str, &str)], before: &str) -> Option<Sandbox> {
    if !need("cargo") {
        return None;
    }
    // Cargo prints which packages it compiles. Every file is read, whatever cargo does.
    let check = format!(
        "{}test -e target || sleep 2.1; cat $(git ls-files) >/dev/null; {before}; cargo test --offline --workspace",
        with_cargo()
    );
    let sandbox = slow(&check, "echo '//' >>src/lib.rs; tick")?;
    for (path, text) in FILES.iter().chain(others) {
        sandbox.write(path, text);
    }
    sandbox.git(&["add", "--force", "."]);
    sandbox.commit("Files");
    work(&sandbox, &[]);
    work(&sandbox, &[]);
    Some(sandbox)
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_package_that_nothing_changed_is_not_compiled_again() {
    let Some(sandbox) = warmed(&[], "true") else { return };
    let compiled = |script: &str| {
        sandbox.agent(script);
        let (id, _) = work(&sandbox, &[]);
        let (warm, printed) = began(&sandbox, &id);
        assert!(warm.is_string() && printed.contains("Compiling app"), "{printed}");
        printed.contains("Compiling dep")
    };
    assert!(!compiled("echo '//' >>src/lib.rs; tick"));
    assert!(!compiled("mkdir tests; echo '#[test] fn more() {}' >tests/more.rs; git add .; tick"));
    assert!(compiled("echo '//' >>dep/src/mark.rs; tick"));
    // From then on that differs from what was compiled at the target then.
    assert!(compiled("echo '//' >>src/lib.rs; tick"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_package_is_compiled_again_whatever_its_files_are_dated() {
    // Cargo goes by dates: all are the same, or those of a file that the project ignores are older than what was compiled.
    for (others, before) in [(&[][..], "touch -d @1 $(git ls-files)"), (&[(".gitignore", "target\nmark.rs\n")], "true")]
    {
        let Some(sandbox) = warmed(others, before) else { return };
        sandbox.agent("sed -i s/42/41/ dep/src/mark.rs; tick");
        let id = sandbox.add(&["Break it", "--verify", "sh check.sh"]);
        sandbox.chant(&["work", &id]).fails(1, &["exit code 101"]);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_package_that_another_file_went_into_is_compiled_again() {
    let reads = "std::fs::read_to_string(\"../src/marker.rs\").unwrap().replace(\"//\", \"\")";
    let script = format!(
        "fn main() {{\n    println!(\"cargo:rerun-if-changed=build.rs\");\n    println!(\"cargo:rustc-env=MARK={{}}\", {reads}.trim());\n}}\n"
    );
    let by_script =
        [("dep/build.rs", script.as_str()), ("dep/src/mark.rs", "pub const MARK: &str = env!(\"MARK\");\n")];
    let text = "#[proc_macro]\npub fn mark(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \
         let dir = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap();\n    \
         format!(\"{:?}\", std::fs::read_to_string(dir + \"/../src/marker.rs\").unwrap().replace(\"//\", \"\")).parse().unwrap()\n}\n";
    let lock = FILES[1].1.replace("name = \"dep\"\nversion = \"0.1.0\"\n", "name = \"dep\"\nversion = \"0.1.0\"\ndependencies = [\n \"mac\",\n]\n\n[[package]]\nname = \"mac\"\nversion = \"0.1.0\"\n");
    let by_macro = [
        ("Cargo.lock", lock.as_str()),
        (
            "dep/Cargo.toml",
            "[package]\nname = \"dep\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nmac = { path = \"../mac\" }\n",
        ),
        ("dep/src/mark.rs", "pub const MARK: &str = mac::mark!();\n"),
        (
            "mac/Cargo.toml",
            "[package]\nname = \"mac\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\nproc-macro = true\n",
        ),
        ("mac/src/lib.rs", text),
    ];
    let by_variable = [("dep/src/mark.rs", "pub const MARK: &str = env!(\"MARK\");\n")];
    let variable = "export MARK=\"$(sed s,//,, src/marker.rs)\"";
    for (others, before) in [(&by_script[..], "true"), (&by_macro[..], "true"), (&by_variable[..], variable)] {
        let Some(sandbox) = warmed(others, before) else { return };
        sandbox.agent("sed -i s/42/41/ src/marker.rs; tick");
        let id = sandbox.add(&["Break it", "--verify", "sh check.sh"]);
        sandbox.chant(&["work", &id]).fails(1, &["exit code 101"]);
    }
    // Rustc finds two files for one module.
    let Some(sandbox) = warmed(&[], "true") else { return };
    sandbox.agent("mkdir dep/src/mark; cp dep/src/mark.rs dep/src/mark/mod.rs; git add .; tick");
    let id = sandbox.add(&["Break it", "--verify", "sh check.sh"]);
    sandbox.chant(&["work", &id]).fails(1, &["exit code 101"]);
}
