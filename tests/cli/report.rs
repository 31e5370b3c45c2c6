//! `git chant report`: what the page says, and what a browser makes of it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    json_schema::Contract,
    support::{Sandbox, tools},
};

/// Texts that would do something, were any of them taken for markup. Each would set `owned`, ask for a file, or break out.
const HOSTILE: &[&str] = &[
    "<script>owned=1</script>",
    "</script><script>owned=1</script>",
    "</style><script>owned=1</script>",
    "</title><script>owned=1</script>",
    "</pre></code></td></table><script>owned=1</script>",
    "<img src=x onerror=owned=1>",
    "<svg/onload=owned=1>",
    "<svg><script>owned=1</script></svg>",
    "\"><img src=x onerror=owned=1>",
    "' onmouseover='owned=1' x='",
    "\" autofocus onfocus=\"owned=1",
    "<iframe srcdoc='<script>parent.owned=1</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<link rel=stylesheet href=https://evil.example/a.css>",
    "<base href=https://evil.example/>",
    "<style>@import 'https://evil.example/a.css';*{display:none}</style>",
    "<form action=https://evil.example/><input autofocus onfocus=owned=1></form>",
    "<details open ontoggle=owned=1>",
    "<body onload=owned=1>",
    "<!--><script>owned=1</script>-->",
    "<![CDATA[><script>owned=1</script>]]>",
    "<a href=\"javascript:owned=1\">x</a>",
    "[x](javascript:owned=1)",
    "[x](JaVaScRiPt&#58;owned=1)",
    "[x](data:text/html,<script>owned=1</script>)",
    "[x](vbscript:owned=1)",
    "[x](//evil.example/a)",
    "[x](https://evil.example/\"onmouseover=\"owned=1)",
    "[x]: javascript:owned=1\n\n[x]",
    "<javascript:owned=1>",
    "![x](https://evil.example/a.png)",
    "![x](x\"onerror=\"owned=1)",
    "![<script>owned=1</script>](a.png '\"onload=\"owned=1')",
    "```\"><script>owned=1</script>\nx\n```",
    "| <img src=x onerror=owned=1> |\n| --- |\n| </td><script>owned=1</script> |",
    "- [ ] <input autofocus onfocus=owned=1>",
    "# <script>owned=1</script> {#main onload=owned=1}",
    "&lt;script&gt;owned=1&lt;/script&gt;",
    "\u{202e}<script>owned=1</script>\u{7}\u{1b}[2J",
    "+ADw-script+AD4-owned=1+ADw-/script+AD4-",
    "<math><mtext><table><mglyph><style><img src=x onerror=owned=1>",
    "<noscript><p title=\"</noscript><script>owned=1</script>\">",
    "<template><script>owned=1</script></template>",
    "<object data=https://evil.example/></object><embed src=https://evil.example/>",
    "<video><source onerror=owned=1></video><audio src=x onerror=owned=1>",
    "url(https://evil.example/a) expression(owned=1)",
];

/// An investigation of which every text is hostile: titles, documents, specs, commits, file names, output, remarks.
fn hostile() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.shareOutput", "true"]);
    sandbox.git(&["config", "user.name", "Mallory \"onload=owned=1 '</title>"]);
    // A document may not repeat what its spec says.
    let asked: Vec<String> =
        HOSTILE.iter().filter(|text| !text.contains('\n')).map(|text| format!("{text} was asked for")).collect();
    let body = format!("## Context\n\n{}\n\n## Acceptance Criteria\n\n- [ ] done\n", asked.join("\n\n"));
    fs::write(sandbox.dir().join("hostile.md"), body).unwrap();
    let all = HOSTILE.join("\n\n");
    let found = format!("# Why\n\n## What\n\nIt was found here.\n\n{all}\n\n## Recommendation\n\nDo it so.\n\n{all}\n");
    fs::write(sandbox.dir().join("document.md"), found).unwrap();
    let given = sandbox.dir().display().to_string();
    sandbox.agent(&format!(
        "mkdir -p .chant/research; cp '{given}/document.md' .chant/research/t-root-cause.md; tick; git add -A; git commit -qm \"$(sed -n 7p '{given}/document.md')\""
    ));
    let body = format!("{given}/hostile.md");
    let research = sandbox.add(&[
        HOSTILE[0],
        "--phase",
        "root-cause",
        "--topic",
        "t",
        "--onto",
        "main",
        "--type",
        "research",
        "--target-file",
        ".chant/research/t-root-cause.md",
        "--body-file",
        &body,
    ]);
    sandbox.chant(&["work", &research]).ok();
    sandbox.agent(&format!(
        "cp '{given}/document.md' '\"><img src=x onerror=owned=1>.txt'; tick; git add -A; git commit -qm '<script>owned=1</script>'"
    ));
    let fix = sandbox.add(&[
        HOSTILE[8],
        "--topic",
        "t",
        "--onto",
        "main",
        "--informed-by",
        &research,
        "--verify",
        &format!("cat '{given}/document.md'"),
        "--body-file",
        &body,
    ]);
    sandbox.chant(&["work", &fix, "--trust"]).ok();
    for text in HOSTILE.iter().filter(|text| !text.contains('\n')) {
        sandbox.chant(&["note", &fix, &format!("--message={text}")]).ok();
    }
    sandbox
}

/// The page of a report.
#[track_caller]
fn page(sandbox: &Sandbox, args: &[&str]) -> String {
    sandbox.chant(&[&["report"], args].concat()).ok().out
}

/// What headless Chromium and axe make of pages; `None` where they are missing.
pub(crate) fn looked_at(pages: &[&Path]) -> Option<Vec<Value>> {
    if !(tools::need("chromium") && tools::need("node")) {
        return None;
    }
    let mut look = std::process::Command::new("node");
    look.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/look.mjs"));
    match std::env::var_os("CHANT_AXE") {
        Some(axe) => drop(look.arg("--axe").arg(axe)),
        None => tools::report("axe-core from npm (CHANT_AXE names axe.min.js)"),
    }
    if let Some(shots) = std::env::var_os("CHANT_SHOTS") {
        look.arg("--shots").arg(shots);
    }
    let output = look.args(pages).output().expect("node starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    Some(seen["pages"].as_array().expect("a list").clone())
}

/// A page that a browser has nothing to say about.
#[track_caller]
fn is_quiet(seen: &Value) {
    for what in ["messages", "requests", "dialogs", "loose", "twice", "handlers", "axe", "wide", "narrow"] {
        assert_eq!(seen[what], Value::Array(Vec::new()), "{what} of {seen:#}");
    }
    assert_eq!((seen["owned"].as_str(), seen["scripts"].as_u64()), (Some("undefined"), Some(0)), "{seen:#}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_demo_ends_with_a_page_that_a_browser_finds_nothing_wrong_with() {
    let sandbox = Sandbox::empty();
    let repo = sandbox.dir().join("kvstore");
    let told = sandbox
        .run(sandbox.command_in(sandbox.dir(), env!("CARGO_BIN_EXE_git-chant")).args(["demo", "kvstore", "-q"]))
        .ok();
    let last = told.out.trim_end().lines().last().unwrap_or_default().trim();
    assert_eq!(last, format!("git -C {} chant report issue-1234 --open", repo.canonicalize().unwrap().display()));
    // The browser is one of git's own settings.
    sandbox.git_in(&repo, &["config", "web.browser", "ours"]);
    sandbox.git_in(&repo, &["config", "browser.ours.cmd", "echo opened"]);
    let opened = sandbox.chant_in(&repo, &["report", "issue-1234", "--open"]).ok().out;
    let path = PathBuf::from(opened.trim_end().strip_prefix("Wrote ").unwrap());
    let html = fs::read_to_string(&path).unwrap();
    assert!(html.len() < 300_000, "{} bytes", html.len());
    for part in [
        "<h1>Fix issue #1234: add locking to concurrent writes</h1>",
        "Two processes write the same key of one store at the same time.",
        "Compare-and-swap was tried, and loses data.",
        "Before: <strong>fails</strong>",
        "After: <strong>passes</strong>",
        "regression::issue_1234_concurrent_write_loses_data ... FAILED",
        "Both runs used these tests, unchanged: <code>tests/regression/issue_1234_test.sh</code>",
        "bubblewrap, own home directory",
        "git log --first-parent --show-signature refs/chant/specs/",
    ] {
        assert!(html.contains(part), "'{part}' is not in the page");
    }
    let evil = hostile();
    let hostile_page = sandbox.dir().join("hostile.html");
    evil.chant(&["report", "t", "-o", hostile_page.to_str().unwrap()]).ok();
    let index = repo.join("public/index.html");
    sandbox.chant_in(&repo, &["report", "--index", "public"]).ok();
    // What the test sees of a page that is not quiet.
    let loud = sandbox.dir().join("loud.html");
    fs::write(&loud, "<title>x</title><a href='#none'>x</a><img src='http://127.0.0.1:9/x'><script>console.log(1); var owned = 1</script>").unwrap();
    let Some(seen) = looked_at(&[&path, &hostile_page, &index, &loud]) else { return };
    is_quiet(&seen[0]);
    is_quiet(&seen[1]);
    is_quiet(&seen[2]);
    let loud = &seen[3];
    assert!(
        loud["messages"].to_string().contains("1") && loud["requests"].to_string().contains("127.0.0.1:9"),
        "{loud:#}"
    );
    assert_eq!((loud["owned"].as_str(), loud["loose"][0].as_str()), (Some("number"), Some("#none")), "{loud:#}");
    assert!(std::env::var_os("CHANT_AXE").is_none() || loud["axe"].to_string().contains("image-alt"), "{loud:#}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn no_text_becomes_markup_and_all_of_it_is_there() {
    let sandbox = hostile();
    let page = page(&sandbox, &["t"]);
    for tag in ["<script", "<img", "<iframe", "<link", "<base", "<form", "<input", "<object", "<video", "<body onload"]
    {
        assert!(!page.contains(tag), "{tag}");
    }
    assert_eq!(
        (page.matches("<style>").count(), page.matches("<meta ").count(), page.matches("<title>").count()),
        (1, 6, 1)
    );
    // What is shown is what was written.
    assert!(page.matches("&lt;script&gt;owned=1&lt;/script&gt;").count() > 10, "{page}");
    let json = Contract::new().holds("report", &sandbox.chant(&["report", "t", "--json"]).ok());
    assert_eq!(json["report"]["html"], page.trim_end_matches('\n'));
}

/// A spec that was worked twice, by an agent that says what it cost.
fn worked() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.agent("exit 3");
    let id = sandbox.add(&["Lock the store", "--topic", "locks", "--onto", "main", "--verify", "true"]);
    sandbox.chant(&["work", &id, "--trust"]).fails(1, &["exit"]);
    sandbox.agent("mkdir -p src; printf 'one\\ntwo\\n' >src/a; git add -A; git commit -qm 'Lock it'; tick");
    sandbox.chant(&["work", &id, "--trust"]).ok();
    (sandbox, id)
}

#[test]
fn the_same_events_give_the_same_bytes_in_every_clone() {
    let (sandbox, id) = worked();
    let first = page(&sandbox, &["locks"]);
    for part in
        ["Lock the store", "<dd>2, 1 failed</dd>", "Lock it", "<td>2</td><td>+two</td>", "Verified by its checks"]
    {
        assert!(first.contains(part), "'{part}' is not in {first}");
    }
    assert_eq!(
        first,
        page(&sandbox, &[&id]).replace(&format!("<p class=\"eyebrow\">{id}</p>"), "<p class=\"eyebrow\">locks</p>")
    );
    let clone = sandbox.dir().join("clone");
    sandbox.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    sandbox.git_in(&clone, &["fetch", "-q", "origin", "refs/chant/*:refs/chant/*"]);
    assert_eq!(sandbox.chant_in(&clone, &["report", "locks"]).ok().out, first);
}

#[test]
fn an_index_leads_to_a_page_of_each_investigation() {
    let (sandbox, _) = worked();
    sandbox.add(&["A \\<b>odd one", "--topic", "index", "--onto", "main"]);
    sandbox.add(&["No investigation"]);
    sandbox.write("public/other.html", "mine");
    let json = Contract::new().holds("report", &sandbox.chant(&["report", "--index", "public", "--json"]).ok());
    let pages: Vec<&str> =
        json["pages"].as_array().unwrap().iter().map(|page| page["file"].as_str().unwrap()).collect();
    assert_eq!(pages, ["index-2.html", "locks.html"], "{json:#}");
    let index = sandbox.read("public/index.html");
    for part in [
        "2 in this repository",
        "<a href=\"locks.html\">Lock the store</a>",
        "A &lt;b&gt;odd one",
        "Verified by its checks.",
    ] {
        assert!(index.contains(part), "'{part}' is not in {index}");
    }
    assert_eq!(sandbox.read("public/locks.html") + "\n", page(&sandbox, &["locks"]));
    assert_eq!(sandbox.read("public/other.html"), "mine");
    assert_eq!(sandbox.read("public/index.html"), index);
}

#[test]
fn a_file_is_the_persons_own_and_whole() {
    let (sandbox, _) = worked();
    let out = sandbox.chant(&["report", "locks", "-o", "page.html"]).ok().out;
    let path = sandbox.repo.join("page.html");
    assert_eq!(out, format!("Wrote {}\n", path.display()));
    assert_eq!(fs::read_to_string(&path).unwrap() + "\n", page(&sandbox, &["locks"]));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o444, 0o444);
    // What a link leads to is written, and a pipe is written into: neither is replaced.
    std::os::unix::fs::symlink("page.html", sandbox.repo.join("link")).unwrap();
    sandbox.write("page.html", "old");
    sandbox.chant(&["report", "locks", "-o", "link"]).ok();
    assert!(fs::symlink_metadata(sandbox.repo.join("link")).unwrap().is_symlink());
    assert_eq!(sandbox.read("page.html") + "\n", page(&sandbox, &["locks"]));
    let pipe = sandbox.repo.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    sandbox.chant(&["report", "locks", "-o", "pipe"]).ok();
    assert_eq!(reader.join().unwrap() + "\n", page(&sandbox, &["locks"]));
    assert!(!fs::symlink_metadata(&pipe).unwrap().is_file());
    let missing = sandbox.chant(&["report", "locks", "-o", "none/page.html"]).fails(128, &["none/page.html"]);
    assert!(!missing.err.contains(".tmp"), "{}", missing.err);
    sandbox.git(&["config", "web.browser", "ours"]);
    sandbox.git(&["config", "browser.ours.cmd", "false"]);
    sandbox.chant(&["report", "locks", "--open"]).fails(128, &["the page is '", "locks.html'", "web.browser"]);
    sandbox.chant(&["report", "nothing"]).fails(1, &["nothing"]);
    sandbox.chant(&["report", "locks", "--redact", "colours"]).fails(129, &["names, costs, prompts, paths"]);
}

#[test]
fn what_is_to_be_left_out_is() {
    let (sandbox, _) = worked();
    let author = sandbox.git(&["log", "-1", "--format=%an"]);
    let whole = page(&sandbox, &["locks"]);
    assert!(whole.contains(author.trim()) && whole.contains("What the spec asked for"), "{whole}");
    let cut = page(&sandbox, &["locks", "--redact", "names,prompts"]);
    assert!(!cut.contains(author.trim()) && !cut.contains("What the spec asked for"), "{cut}");
    assert!(cut.contains("Left out: names, prompts."), "{cut}");
}

#[test]
fn in_silent_mode_a_report_gives_nothing_away_unless_asked_to() {
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.agent("echo x >x; git add -A; git commit -qm 'Add x'; tick");
    let id = sandbox.add(&["Add x"]);
    sandbox.chant(&["work", &id]).ok();
    let author = sandbox.git(&["log", "-1", "--format=%an"]);
    let silent = page(&sandbox, &[&id]);
    assert!(!silent.contains(".chant/") && !silent.contains(author.trim()), "{silent}");
    assert!(silent.contains("Left out: names, costs, prompts, paths."), "{silent}");
    assert!(page(&sandbox, &[&id, "--redact", "none"]).contains(author.trim()));
}
