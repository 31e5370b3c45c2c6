//! The rooms of `src/`: what each may import, that no two files import each other in a circle, and which file alone starts git,
//! prints, reads the clock, or appends events. `src/ARCHITECTURE.md` explains the rooms. Clippy, not this test, forbids `unwrap`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{TokenStream, TokenTree};
use syn::{Item, UseTree, visit::Visit};

/// What a room of use cases may import: none of the others.
const USE_CASE: &str = "specs project store git agent answer terminal config env error domain";

/// Each room with the rooms that its files may import; a room may always import itself.
const ROOMS: &[(&str, &str)] = &[
    ("", "*"),
    (
        "command",
        "attempt authoring query upkeep exchange specs answer cli project store git agent terminal manual demo config env error domain",
    ),
    ("attempt", USE_CASE),
    ("authoring", USE_CASE),
    ("query", USE_CASE),
    ("upkeep", USE_CASE),
    ("exchange", USE_CASE),
    ("specs", "project store git agent answer terminal config env error domain"),
    ("project", "store git agent config env error domain"),
    ("store", "git env error domain"),
    ("git", "config env error domain"),
    ("agent", "env error domain terminal"),
    ("output", "answer terminal error domain"),
    ("answer", "error domain terminal"),
    ("manual", "answer cli config env error domain"),
    ("demo", "specs project store git agent answer config env error domain"),
    ("cli", "error domain"),
    ("config", "error domain"),
    ("env", "error domain"),
    ("error", "domain"),
    ("terminal", "domain"),
    ("domain", ""),
];

/// What a path or a method call means, and the files that may have it; a place that ends with '/' stands for a whole room.
/// A place that no longer has one breaks the rule too.
const SOLE: &[(&str, &[&str], &[&str])] = &[
    ("starts processes", &["process::Command"], &["git/process.rs", "agent/", "env/pager.rs", "env/terminal.rs"]),
    ("prints", &["io::stdout", "io::stderr", "println!", "eprintln!", "print!", "eprint!"], &["output/", "env/"]),
    ("reads the wall clock", &["SystemTime::now", "Timestamp::now", "Zoned::now"], &["env/"]),
    ("reads randomness", &["getrandom::fill", "getrandom::u64", "getrandom::u32"], &["env/"]),
    (
        "reads the environment",
        &[
            "env::var",
            "env::var_os",
            "env::vars",
            "env::vars_os",
            "env::current_dir",
            "env::current_exe",
            "env::temp_dir",
        ],
        &["env/"],
    ),
    (
        "makes a temporary directory",
        &["tempfile::tempdir", "NamedTempFile::new", "prefix.tempdir"],
        &["env/scratch.rs"],
    ),
    ("appends events", &["store.append_if", "store.record", "store.record_if"], &["attempt/", "authoring/", "specs/"]),
];

/// The files of `command/` that are no command: what commands share.
const SHARED: &[&str] = &["claim", "context", "draft", "ended", "fetched", "inside", "repair"];

/// A command that ends as another one.
const CONTINUED: &[(&str, &str)] = &[("investigate", "work")];

/// What still breaks a rule, `<file> <what>`. An entry that no longer holds has to go; none may be added.
const LEFT: &str = include_str!("architecture.left");

/// One file of `src/`.
#[derive(Default)]
struct Source {
    /// The modules from the root of the crate: `["git", "process"]`.
    module: Vec<String>,
    /// What its `use`s and paths name, from the root of the crate.
    named: BTreeSet<Vec<String>>,
    /// What it hands on of its children: the name, and the path behind it.
    exported: Vec<(String, Vec<String>)>,
    /// The last two segments of every path, every macro with its `!`, and every method with what it is called on.
    called: BTreeSet<String>,
}

impl Source {
    fn read(path: &Path, relative: &str) -> Source {
        let mut module: Vec<String> = relative.trim_end_matches(".rs").split('/').map(Into::into).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
            module.pop();
        }
        let mut source = Source { module, ..Source::default() };
        let text = fs::read_to_string(path).expect("a source file");
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("cannot read {relative}: {error}"));
        source.visit_file(&file);
        source
    }

    /// A path as written, from the root of the crate; `None` if it leaves the crate.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let above = path.iter().take_while(|segment| *segment == "super").count();
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "super" => Some([&self.module[..self.module.len().checked_sub(above)?], &path[above..]].concat()),
            "self" => Some([&self.module[..], &path[1..]].concat()),
            _ => None,
        }
    }

    fn name(&mut self, path: Vec<String>) {
        if let [.., before, last] = path.as_slice() {
            self.called.insert(format!("{before}::{last}"));
        }
        self.named.extend(self.absolute(&path));
    }

    fn uses(&mut self, tree: &UseTree, path: &[String], exported: bool) {
        let with = |name: &syn::Ident| [path, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(inner) => self.uses(&inner.tree, &with(&inner.ident), exported),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.uses(tree, path, exported)),
            UseTree::Name(name) if name.ident == "self" => self.name(path.to_vec()),
            UseTree::Glob(_) => self.name(path.to_vec()),
            UseTree::Name(name) => self.used(with(&name.ident), name.ident.to_string(), exported),
            UseTree::Rename(renamed) => self.used(with(&renamed.ident), renamed.rename.to_string(), exported),
        }
    }

    fn used(&mut self, path: Vec<String>, name: String, exported: bool) {
        if exported {
            let path = self.absolute(&path).unwrap_or_else(|| [&self.module[..], &path].concat());
            self.exported.push((name, path));
        } else {
            self.name(path);
        }
    }

    /// The paths in what a macro is given, which no parser of Rust takes apart.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.name(std::mem::take(&mut path));
                    }
                    colons = 0;
                    path.push(ident.to_string());
                }
                other => {
                    self.name(std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.name(path);
    }
}

/// Whether an item is there for tests only.
fn for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            _ => return syn::visit::visit_item(self, item),
        };
        if !for_tests(attributes) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !for_tests(&item.attrs) {
            syn::visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let exported = !matches!(item.vis, syn::Visibility::Inherited);
        self.uses(&item.tree, &[], exported);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(crate)` and `pub(super)` are no imports.
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.name(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'ast syn::Macro) {
        if let Some(last) = invoked.path.segments.last() {
            self.called.insert(format!("{}!", last.ident));
        }
        self.tokens(invoked.tokens.clone());
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if let Some(receiver) = receiver(&call.receiver) {
            self.called.insert(format!("{receiver}.{}", call.method));
        }
        syn::visit::visit_expr_method_call(self, call);
    }
}

/// The last name of what a method is called on: `store` in `project.store()?.append(…)`.
fn receiver(on: &syn::Expr) -> Option<String> {
    match on {
        syn::Expr::MethodCall(call) => Some(call.method.to_string()),
        syn::Expr::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        syn::Expr::Try(tried) => receiver(&tried.expr),
        syn::Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => Some(name.to_string()),
            syn::Member::Unnamed(_) => None,
        },
        _ => None,
    }
}

/// Every file of `src/` but tests, by its path in there.
fn sources() -> BTreeMap<String, Source> {
    fn walk(top: &Path, dir: &Path, into: &mut BTreeMap<String, Source>) {
        for entry in fs::read_dir(dir).expect("a directory of the source").flatten() {
            let path = entry.path();
            let relative = path.strip_prefix(top).expect("below it").to_string_lossy().into_owned();
            if path.is_dir() {
                if entry.file_name() != "tests" {
                    walk(top, &path, into);
                }
            } else if relative.ends_with(".rs") && entry.file_name() != "tests.rs" {
                into.insert(relative.clone(), Source::read(&path, &relative));
            }
        }
    }
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = BTreeMap::new();
    walk(&top, &top, &mut sources);
    sources
}

/// The file of each module.
type Modules<'a> = BTreeMap<&'a [String], (&'a str, &'a Source)>;

/// The file that defines what a path names, past all that only hands it on.
fn home<'a>(modules: &Modules<'a>, path: &[String]) -> Option<&'a str> {
    for length in (1..=path.len()).rev() {
        let Some((file, source)) = modules.get(&path[..length]) else { continue };
        let behind = path.get(length).and_then(|name| source.exported.iter().find(|(exported, _)| exported == name));
        return match behind {
            Some((_, target)) if target != path => home(modules, &[target, &path[length + 1..]].concat()),
            _ => Some(file),
        };
    }
    None
}

/// Which file imports which.
fn imports(sources: &BTreeMap<String, Source>) -> BTreeMap<&str, BTreeSet<&str>> {
    let modules: Modules<'_> =
        sources.iter().map(|(file, source)| (source.module.as_slice(), (file.as_str(), source))).collect();
    let all = |source: &Source| source.named.iter().filter_map(|path| home(&modules, path)).collect();
    let mut imports: BTreeMap<&str, BTreeSet<&str>> =
        sources.iter().map(|(file, source)| (file.as_str(), all(source))).collect();
    for (file, imported) in &mut imports {
        imported.remove(file);
    }
    imports
}

fn room(file: &str) -> &str {
    match file.split_once('/') {
        Some((room, _)) => room,
        None if matches!(file, "lib.rs" | "main.rs") => "",
        None => file.trim_end_matches(".rs"),
    }
}

/// The files that reach each other, a set each.
fn circles<'a>(imports: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<BTreeSet<&'a str>> {
    let reached = |from: &'a str| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(file) = open.pop() {
            open.extend(imports[file].iter().filter(|next| seen.insert(**next)));
        }
        seen
    };
    let reach: BTreeMap<&str, BTreeSet<&str>> = imports.keys().map(|file| (*file, reached(file))).collect();
    let of = |file: &'a str| reach[file].iter().copied().filter(|other| reach[other].contains(file)).collect();
    reach.iter().filter(|(file, seen)| seen.contains(**file)).map(|(file, _)| of(file)).collect()
}

/// Everything that breaks a rule, `<file> <what>`.
fn broken() -> BTreeSet<String> {
    let sources = sources();
    let imports = imports(&sources);
    let rooms: BTreeMap<&str, &str> = ROOMS.iter().copied().collect();
    let mut broken = BTreeSet::new();
    for (file, imported) in &imports {
        let own = room(file);
        let allowed = rooms.get(own).unwrap_or_else(|| panic!("'{own}' of '{file}' is no room"));
        for other in imported.iter().map(|file| room(file)) {
            if other != own && *allowed != "*" && !allowed.split(' ').any(|room| room == other) {
                broken.insert(format!("{file} imports {}", if other.is_empty() { "lib" } else { other }));
            }
        }
    }
    let commands: BTreeMap<&str, &str> = imports
        .keys()
        .filter_map(|file| Some((*file, file.strip_prefix("command/")?.strip_suffix(".rs")?)))
        .filter(|(_, name)| *name != "mod")
        .collect();
    for (file, name) in &commands {
        let lenders = imports[file].iter().filter_map(|lender| commands.get(lender));
        for lender in lenders.filter(|lender| !SHARED.contains(lender) && !CONTINUED.contains(&(name, lender))) {
            broken.insert(format!("{file} borrows from the command {lender}"));
        }
    }
    for circle in circles(&imports) {
        broken.insert(format!("circle {}", circle.into_iter().collect::<Vec<_>>().join(" ")));
    }
    for (what, names, allowed) in SOLE {
        let with = sources.iter().filter(|(_, source)| names.iter().any(|name| source.called.contains(*name)));
        let mut unused: BTreeSet<&str> = allowed.iter().copied().collect();
        for (file, _) in with {
            let covers = |place: &&str| file == place || (place.ends_with('/') && file.starts_with(place));
            if !allowed.iter().any(covers) {
                broken.insert(format!("{file} {what}"));
            }
            unused.retain(|place| !covers(place));
        }
        broken.extend(unused.into_iter().map(|place| format!("{place} needs no grant: nothing there {what}")));
    }
    broken
}

#[test]
fn the_source_keeps_the_rules_of_its_rooms() {
    let broken = broken();
    let left: BTreeSet<String> = LEFT.lines().map(Into::into).collect();
    let new: Vec<_> = broken.difference(&left).map(String::as_str).collect();
    assert!(new.is_empty(), "not allowed:\n{}", new.join("\n"));
    let mended: Vec<_> = left.difference(&broken).map(String::as_str).collect();
    assert!(mended.is_empty(), "mended: take these lines out of tests/architecture.left:\n{}", mended.join("\n"));
}

#[test]
fn at_most_24_entries_are_in_the_source_directory() {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("the source").count();
    assert!(entries <= 24, "{entries} entries are directly in src/");
}

/// What is different from one system to the next is behind one module for each subject, with a stated behaviour elsewhere.
#[test]
fn only_env_agent_and_work_file_ask_for_the_system() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let may = |file: &String| file.starts_with("env/") || file.starts_with("agent/") || file == "git/work_file.rs";
    let asks = |file: &String| {
        let text = fs::read_to_string(top.join(file)).expect("a file of the source");
        ["target_os", "target_vendor", "target_family", "cfg(unix)", "cfg(windows)", "consts::OS"]
            .iter()
            .any(|word| text.contains(word))
    };
    let others: Vec<String> = sources().into_keys().filter(|file| !may(file) && asks(file)).collect();
    assert!(others.is_empty(), "{others:?}");
}
