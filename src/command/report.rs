//! `git chant report`

use std::{fs, path::Path};

use super::Context;
use crate::{
    answer::{
        GraphView, ReportAnswer, ReportFile,
        outcome::Outcome,
        report::{self, IndexedReport, Report, ReportIndex, Scrub},
    },
    attempt::review,
    cli::report::ReportArgs,
    domain::redaction::Redaction,
    env::{fault, local_file},
    error::{Error, IoContext as _, Kind, Result},
    git::{history, process::Git},
    project::Project,
    query::{self, graph},
    specs::{all::Specs, entry::Entry, topic::sort_by_phase},
};

/// The directory in a repository whose files are shown as documents, not as changes.
const OWN: &str = ".chant";

pub(super) fn run(context: &Context<'_>, args: &ReportArgs) -> Result<Outcome> {
    if args.output.is_none() && !args.open && args.index.is_none() && context.interactive {
        return Err(Error::usage(Kind::BadFlags, "an HTML page is not for a terminal")
            .hint(format!("to read it in a browser: git chant report {} --open", args.what.join(" ")))
            .hint(format!("to keep it: git chant report {} -o report.html", args.what.join(" "))));
    }
    let project = context.project()?;
    let specs = Specs::new(&project)?;
    let graph = graph::graph(&specs, &graph::Scope { topic: None, archived: true })?;
    let left_out = left_out(&project, args);
    if let Some(dir) = &args.index {
        return index(&specs, &graph, &left_out, &context.env.cwd().join(dir));
    }
    let entries = entries(context, &project, &specs, &args.what)?;
    let report = collected(&specs, args.what.clone(), &entries, &graph, &left_out)?;
    let html = report::html(&report);
    let written = match &args.output {
        Some(path) if path.as_os_str() != "-" => {
            let path = context.env.cwd().join(path);
            local_file::hand_over(&path, html.as_bytes())?;
            Some(path)
        }
        _ if args.open => {
            let (dir, name) =
                (project.repo.chant_dir().join("reports"), format!("{}.html", name(&args.what.join("+"))));
            local_file::replace(&dir, &name, html.as_bytes())?;
            let path = dir.join(name);
            Git::at(&project.repo).arg("web--browse").arg(&path).check().map_err(|error| {
                error
                    .hint(format!("the page is '{}'", path.display()))
                    .hint("to choose a browser: git config web.browser <name>")
            })?;
            Some(path)
        }
        _ => None,
    };
    let file = ReportFile {
        specs: entries.iter().map(|entry| entry.id.clone()).collect(),
        left_out: report.left_out.iter().map(|what| what.as_str().to_owned()).collect(),
        size: html.len(),
        html: written.is_none().then_some(html),
        path: written.map(Into::into),
    };
    Ok(Outcome::new(ReportAnswer { report: file }))
}

/// The report on some specs, without what is to be left out.
fn collected(
    specs: &Specs<'_>,
    names: Vec<String>,
    entries: &[Entry],
    graph: &GraphView,
    left_out: &[Redaction],
) -> Result<Report> {
    let mut report = query::report::report(specs, names, entries, patches(specs.project, entries)?, graph)?;
    Scrub::new(left_out, places(specs.project)).apply(&mut report);
    Ok(report)
}

/// Writes a page of each investigation, then the page that leads to them.
fn index(specs: &Specs<'_>, graph: &GraphView, left_out: &[Redaction], dir: &Path) -> Result<Outcome> {
    fault::around("dir.make", || fs::create_dir_all(dir)).io("create", dir)?;
    let mut pages: Vec<IndexedReport> = Vec::new();
    for (topic, mut entries) in specs.topics()? {
        sort_by_phase(&mut entries);
        let report = collected(specs, vec![topic.clone()], &entries, graph, left_out)?;
        let plain = name(&topic);
        let names = std::iter::once(plain.clone()).chain((2..).map(|at| format!("{plain}-{at}")));
        let is_free = |name: &String| name != INDEX && pages.iter().all(|page| page.file != format!("{name}.html"));
        let Some(name) = names.into_iter().find(is_free) else { continue };
        let file = format!("{name}.html");
        local_file::hand_over(&dir.join(&file), report::html(&report).as_bytes())?;
        pages.push(IndexedReport { topic, file, entry: report.entry() });
    }
    let path = dir.join(format!("{INDEX}.html"));
    local_file::hand_over(&path, report::index(&pages).as_bytes())?;
    Ok(Outcome::new(ReportIndex { path: path.into(), pages }))
}

/// The page that leads to the others, without its ending.
const INDEX: &str = "index";

/// The specs that are meant, each once: those of each topic in the order of their phases.
fn entries(context: &Context<'_>, project: &Project, specs: &Specs<'_>, what: &[String]) -> Result<Vec<Entry>> {
    let mut found: Vec<Entry> = Vec::new();
    for named in what {
        let mut entries = if project.candidates(&specs.names, named)?.is_empty() {
            specs.of_any_topic(named)?
        } else {
            vec![specs.entry(&context.pick(project, named)?)?]
        };
        sort_by_phase(&mut entries);
        entries.retain(|entry| !found.iter().any(|known| known.id == entry.id));
        found.extend(entries);
    }
    Ok(found)
}

/// What the work of each spec changes, apart from specs and documents; `None` without work.
fn patches(project: &Project, entries: &[Entry]) -> Result<Vec<Option<String>>> {
    let recorded: Vec<_> = entries.iter().map(|entry| (&entry.id, entry.state.as_deref())).collect();
    let works = review::works_of(project, &recorded)?;
    let pairs: Vec<_> = works.iter().flatten().map(|work| (work.since, work.tip)).collect();
    let mut patches = history::patches(&project.repo, &pairs, OWN)?.into_iter();
    Ok(works.iter().map(|work| work.as_ref().and_then(|_| patches.next())).collect())
}

fn left_out(project: &Project, args: &ReportArgs) -> Vec<Redaction> {
    match args.redact.as_slice() {
        [] if project.repo.silent() => Redaction::ALL.to_vec(),
        named => named.concat(),
    }
}

/// The directories of this machine that a text may name.
fn places(project: &Project) -> Vec<String> {
    let own = [project.repo.work_dir().and_then(Path::parent), Some(project.repo.common_dir())];
    let home = project.env.home();
    let all = own.into_iter().flatten().chain(home.as_deref());
    let texts = all.filter_map(Path::to_str).filter(|place| place.len() > 1);
    texts.map(str::to_owned).collect()
}

/// The name of the file of a report, without its ending.
fn name(what: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    what.chars().map(plain).take(100).collect::<String>().trim_start_matches(['.', '-']).to_owned()
}
