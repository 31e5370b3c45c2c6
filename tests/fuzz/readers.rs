//! What is read of hostile bytes, one function for each target of `tests/fuzz`. Each panics where something does not hold that has to hold
//! for any bytes.

use std::{path::PathBuf, time::Duration};

use bstr::ByteSlice as _;
use gix::{
    ObjectId,
    objs::{Kind, Write as _},
};

use crate::{
    agent::{
        preset::{self, Dialogue, OutputParser, Permit, Preset, Protocol},
        process::OutputFilter as _,
    },
    domain::{
        altered_tests, canary, code_text,
        event::Event,
        inline_tests, naming,
        pattern::{Entry, PathSet},
        probes, runner, sourced, spec_file,
        text::{self, Files, Known},
    },
    specs::cache,
    store::{self, Settings, Store},
};

/// The name of a target and of its corpus, and what reads the data.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("spec_file", spec_file),
    ("texts", texts),
    ("trailers", trailers),
    ("notes", notes),
    ("cached", cached),
    ("patterns", patterns),
    ("stream", stream),
    ("output", output),
    ("code", code),
];

/// The two parts of `data`, with a byte 0 between them.
fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    data.split_once_str("\0").unwrap_or((data, b""))
}

/// A spec file: it is read or refused with a diagnostic, and its fields lie in it.
///
/// # Panics
/// If a refusal says nothing, or a spec that is begun again has another number of criteria, or a ticked one.
pub fn spec_file(data: &[u8]) {
    let front = spec_file::front_matter_bytes(data);
    let _foreign = (spec_file::foreign_of(data), spec_file::settings_of("it.md", data));
    let _notes = spec_file::release_notes_of(data);
    let skimmed = spec_file::skim("it.md", data);
    match spec_file::parse("it.md", data) {
        Ok(spec) => {
            assert!(skimmed.is_ok(), "what can be read whole can be read in part");
            assert!(data[spec.front_range.clone()].contains_str(front), "the front matter lies between its fences");
            let again = spec_file::begun_again(data);
            let (before, after) = (spec_file::criteria_of(data), spec_file::criteria_of(&again));
            assert_eq!(before.len(), after.len(), "no criterion comes or goes");
            assert!(after.iter().all(|criterion| !criterion.checked), "it begins with nothing done");
            assert_eq!(spec_file::changed_line(data, data), None);
        }
        Err(diagnostics) => assert!(!diagnostics.is_empty(), "a refusal says why"),
    }
}

/// No file of a repository is there.
struct Nothing;

impl Files for Nothing {
    fn has(&self, _: &str) -> bool {
        false
    }

    fn matches(&self, _: &PathSet) -> bool {
        false
    }

    fn has_extension(&self, _: &str) -> bool {
        false
    }

    fn count(&self) -> usize {
        0
    }
}

/// A document, and after a byte 0 the spec that it belongs to.
///
/// # Panics
/// If a document does not say the same as itself.
pub fn texts(data: &[u8]) {
    let (document, spec) = halves(data);
    let (document, spec) = (document.to_str_lossy(), spec.to_str_lossy());
    let known = Known::of(spec_file::lead(&spec).as_deref(), &spec);
    let _findings = (
        text::emptiness(&document, &known),
        text::lacks_recommendation(&document, &known),
        text::map_findings(&document, &Nothing),
        text::map_entries(&document, &Nothing),
        text::map_remark(&document, &Nothing),
        text::notes_emptiness(Some(&document), &known),
        text::copied_from(&document, &known, [("spec", spec.as_ref())], []),
        spec_file::section(&document, "Recommendation"),
    );
    assert!(text::same_words(&document, &document));
}

/// The commit of an event: what git-chant writes of an event that it read is read as that.
///
/// # Panics
/// If another event is read again.
pub fn trailers(data: &[u8]) {
    let id = ObjectId::null(gix::hash::Kind::Sha1);
    let Ok(foreign) = store::decode(id, data) else { return };
    let head = &data[..data.find("\n\n").map_or(data.len(), |end| end + 2)];
    let written = |event: &Event| {
        let roles: Vec<_> = event.parents.iter().map(|(role, _)| *role).collect();
        let message = store::encode(&event.spec, &event.op, &event.sentence, event.generation, &roles, &event.facts);
        store::decode(id, &[head, message.as_bytes()].concat()).expect("what is written is an event")
    };
    let own = written(&foreign);
    assert_eq!((&own.spec, &own.op, own.generation), (&foreign.spec, &foreign.op, foreign.generation));
    assert_eq!(own.parents, foreign.parents);
    assert_eq!(written(&own), own);
}

/// Notes that a remote sends: the names of the entries of a tree, a line each, and after a byte 0 the blob that all of them name.
///
/// # Panics
/// If there is no room for a repository.
pub fn notes(data: &[u8]) {
    let dir = tempfile::tempdir().expect("a directory");
    let mut repo = gix::init_bare(dir.path()).expect("a repository").with_object_memory();
    let mut config = repo.config_snapshot_mut();
    for (key, value) in [("user.name", "Ada"), ("user.email", "ada@example.com")] {
        config.set_raw_value(key, value).expect("it is a key");
    }
    config.commit().expect("it is a configuration");
    let (names, blob) = halves(data);
    let write = |kind, bytes: &[u8]| repo.objects.write_buf(kind, bytes).expect("memory takes it");
    let blob = write(Kind::Blob, blob);
    let mut tree = Vec::new();
    for name in names.lines() {
        tree.extend_from_slice(b"100644 ");
        tree.extend_from_slice(name);
        tree.push(0);
        tree.extend_from_slice(blob.as_slice());
    }
    let tree = write(Kind::Tree, &tree);
    let commit = format!("tree {tree}\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\n\n");
    let commit = write(Kind::Commit, commit.as_bytes());
    let settings =
        Settings { clone: "clone".to_owned(), patience: Duration::ZERO, sync_objects: false, sync_refs: false };
    let store = Store::new(&repo, settings);
    if store.integrate_notes(commit).is_ok()
        && let Ok(noted) = store.annotated()
    {
        let _specs = store.specs_of(&noted);
    }
}

/// The records of a file of the cache.
pub fn cached(data: &[u8]) {
    cache::read_records(data);
}

/// Entries of `target_files`, a line each, and after a byte 0 a path.
///
/// # Panics
/// If a path is not covered by itself.
pub fn patterns(data: &[u8]) {
    let (entries, path) = halves(data);
    let entries = entries.to_str_lossy();
    let lines: Vec<&str> = entries.lines().collect();
    if let Ok(set) = PathSet::new(&lines) {
        let _covered = set.matches(path.as_bstr());
        for line in &lines {
            if let Ok(Entry::Path(path)) = Entry::parse(line) {
                assert!(set.matches(path.as_str().into()), "{path}");
            }
        }
    }
}

/// What an agent prints. The first byte chooses the agent; how the output is cut into pieces makes no difference.
///
/// # Panics
/// If it makes one.
pub fn stream(data: &[u8]) {
    let Some((which, output)) = data.split_first() else { return };
    let preset = &preset::ALL[usize::from(*which) % preset::ALL.len()];
    let heard = |size: usize| {
        let mut parser = parser(preset);
        let mut shown = Vec::new();
        for piece in output.chunks(size) {
            shown.extend(parser.push(piece));
            let _answers = parser.input();
        }
        shown.extend(parser.finish());
        (shown, parser.report().clone(), parser.answer().to_owned(), parser.last_words(false))
    };
    assert_eq!(heard(output.len().max(1)), heard(7));
}

fn parser(preset: &Preset) -> OutputParser {
    match preset.protocol {
        Protocol::Text => preset.parser("session"),
        Protocol::Acp => OutputParser::talking(Dialogue {
            prompt: "prompt".to_owned(),
            dir: PathBuf::from("/work"),
            had: None,
            permit: Permit::read(&[]).expect("no rule is a policy"),
        }),
    }
}

/// What a test runner prints. The first byte is the exit code; then comes the command, and after a byte 0 the output.
pub fn output(data: &[u8]) {
    let Some((exit, rest)) = data.split_first() else { return };
    let (command, output) = halves(rest);
    let (command, output) = (command.to_str_lossy(), output.to_str_lossy());
    let _verdict = runner::judge(&command, Some(i32::from(*exit)), &output);
    let _load = runner::cannot_load(&output, &["tests/it.py".to_owned()]);
}

/// A file of code before and, after a byte 0, after a change. The first byte chooses the language.
///
/// # Panics
/// If code is changed by nothing.
pub fn code(data: &[u8]) {
    const NAMES: &[&str] =
        &["it.py", "it.js", "it.rs", "it.go", "it.sh", "it.rb", "it.c", "it.php", "it.pl", "Makefile"];
    let Some((which, rest)) = data.split_first() else { return };
    let path = NAMES[usize::from(*which) % NAMES.len()];
    let (before, after) = halves(rest);
    let (before, after) = (before.to_str_lossy(), after.to_str_lossy());
    let (old, new) = (Some(before.as_ref()), Some(after.as_ref()));
    let _seen = (
        code_text::code_lines(path, &after),
        inline_tests::test_lines(&after),
        altered_tests::altered(path, old, new),
        altered_tests::fewer(old, new),
        naming::is_data(path, &after),
        naming::asks_for_less(&before, &after, true),
        probes::names_runner(path, old, new),
        probes::ends_process(path, old, new),
        sourced::takes_over_shell(path, old, new),
        canary::expecting_otherwise(path, &after),
    );
    assert!(!code_text::changes_code(path, &after, &after), "nothing was changed");
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::TARGETS;

    #[test]
    fn what_fuzzers_kept_is_still_read() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
        for (name, target) in TARGETS {
            let files: Vec<_> = fs::read_dir(corpus.join(name)).expect("each target has a corpus").collect();
            assert!(!files.is_empty(), "{name}");
            for file in files {
                target(&fs::read(file.expect("it can be listed").path()).expect("it can be read"));
            }
        }
    }
}
