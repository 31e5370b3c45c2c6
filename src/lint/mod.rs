//! The use case `lint`: what is wrong with spec files, each with its file, line and column.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{
        diagnostic::{Diagnostic, Severity},
        id::SpecId,
        spec::{Spec, SpecType},
        status::Status,
        view::ProblemView,
    },
    error::Result,
    project::{
        Project,
        world::{Entry, World},
    },
};

/// Looks at the specs `ids`, or at all of them. The order is that of the ids.
pub fn lint(project: &Project, ids: &[SpecId]) -> Result<Vec<ProblemView>> {
    let world = World::new(project)?;
    let all: Vec<SpecId> = world.census.all()?.into_iter().cloned().collect();
    let wanted: BTreeSet<&SpecId> = if ids.is_empty() { all.iter().collect() } else { ids.iter().collect() };
    let mut problems = Vec::new();
    if ids.is_empty() {
        problems.extend(world.census.strays()?.iter().map(stray));
    }
    let cycles = cycles(&world, &all)?;
    for id in wanted {
        let entry = world.entry(id)?;
        problems.extend(about(&world, &entry, cycles.get(id))?);
    }
    Ok(problems)
}

fn stray((path, why): &(String, String)) -> ProblemView {
    let mut problem = ProblemView::new(Severity::Error, "bad-name", format!("its name is no spec id: {why}"));
    problem.path = Some(path.clone());
    problem.help = Some("a spec is named <id>.md; 'git chant add' makes one".to_owned());
    problem
}

fn about(world: &World<'_>, entry: &Entry, cycle: Option<&(usize, Vec<SpecId>)>) -> Result<Vec<ProblemView>> {
    let id = &entry.id;
    let of = |code: &str, diagnostic: Diagnostic| ProblemView::of(Some(id.clone()), code, diagnostic);
    let Some(loaded) = &entry.loaded else { return Ok(Vec::new()) };
    let spec = match &loaded.spec {
        Ok(spec) => spec,
        Err(diagnostics) => return Ok(diagnostics.iter().map(|one| of("invalid-spec", one.clone())).collect()),
    };
    let mut problems: Vec<ProblemView> = spec.warnings.iter().map(|one| of("warning", one.clone())).collect();
    let mut say = |severity, code: &str, key: &str, index: Option<usize>, message: String, help: Option<&str>| {
        problems.push(of(code, spec.diagnostic(severity, key, index, message, help.map(str::to_owned))));
    };
    for (at, written) in spec.front.depends_on.iter().enumerate() {
        match world.project.candidates(&world.census, written)?.as_slice() {
            [] => say(
                Severity::Error,
                "unknown-dependency",
                "depends_on",
                Some(at),
                format!("there is no spec '{written}'"),
                None,
            ),
            [_] => {}
            several => {
                let names: Vec<&str> = several.iter().map(SpecId::short).collect();
                let message = format!("'{written}' may mean {}", names.join(", "));
                say(
                    Severity::Error,
                    "ambiguous-dependency",
                    "depends_on",
                    Some(at),
                    message,
                    Some("write the full id"),
                );
            }
        }
    }
    if let Some((at, way)) = cycle {
        let names: Vec<&str> = way.iter().map(SpecId::short).collect();
        let message = format!("it depends on itself: {}", names.join(" -> "));
        say(Severity::Error, "cycle", "depends_on", Some(*at), message, Some("take one of these dependencies out"));
    }
    if !matches!(entry.status, Status::Completed | Status::Cancelled | Status::Archived) {
        for (at, input) in spec.front.informed_by.iter().enumerate() {
            if let Some(fault) = world.project.input_fault(&world.census, &world.base, input)? {
                let message = fault.why(input);
                say(
                    Severity::Warning,
                    "missing-input",
                    "informed_by",
                    Some(at),
                    message,
                    Some("work begins when it does"),
                );
            }
        }
        let names = world.project.config().agents();
        if let Some(agent) = spec.front.agent.as_ref().filter(|agent| *agent != "manual" && !names.contains(agent)) {
            let message = format!("no agent '{agent}' is configured here");
            say(Severity::Warning, "unknown-agent", "agent", None, message, Some("git config chant.agent.<name>.cmd"));
        }
        if let Some(name) = unknown_prompt(world.project, spec, world.base.commit())? {
            say(Severity::Error, "unknown-prompt", "prompt", None, format!("there is no prompt '{name}'"), None);
        }
    }
    if let Some(said) = spec.front.status.as_deref()
        && entry.state.is_some()
        && said.replace('-', "_") != entry.status.as_str()
    {
        let message = format!("it says '{said}', and it is {}", entry.status);
        say(Severity::Warning, "status", "status", None, message, Some("the recorded status counts; this line can go"));
    }
    if spec.criteria.is_empty()
        && spec.front.verify.is_empty()
        && matches!(spec.front.kind, SpecType::Code | SpecType::Task)
    {
        let mut problem = ProblemView::new(Severity::Warning, "no-criteria", "nothing says when it is done".to_owned());
        problem.spec = Some(id.clone());
        problem.path = loaded.text.as_ref().map(|text| text.path.clone());
        problem.help = Some("add '- [ ]' items under '## Acceptance Criteria', or a 'verify:' command".to_owned());
        problems.push(problem);
    }
    Ok(problems)
}

fn unknown_prompt(project: &Project, spec: &Spec, base: Option<gix::ObjectId>) -> Result<Option<String>> {
    let Some(name) = &spec.front.prompt else { return Ok(None) };
    let known = crate::agent::prompt::named(name).is_some() || project.prompt_file(base, name)?.is_some();
    Ok((!known).then(|| name.clone()))
}

/// For each spec that lies on a circle of dependencies: the entry of `depends_on` that leads there, and the way around. One pass
/// over all specs with a stack of its own: chains may be thousands long.
fn cycles(world: &World<'_>, all: &[SpecId]) -> Result<BTreeMap<SpecId, (usize, Vec<SpecId>)>> {
    let mut edges: BTreeMap<&SpecId, Vec<(usize, SpecId)>> = BTreeMap::new();
    for id in all {
        let mut next = Vec::new();
        for (at, name) in world.depends_on(id)?.iter().enumerate() {
            if let [to] = world.project.candidates(&world.census, name)?.as_slice() {
                next.push((at, to.clone()));
            }
        }
        edges.insert(id, next);
    }
    let mut done: BTreeSet<SpecId> = BTreeSet::new();
    let mut found = BTreeMap::new();
    for start in all {
        walk(&edges, start, &mut done, &mut found);
    }
    Ok(found)
}

/// Depth first from `start`: what is met again while it is still on the way closes a circle.
fn walk(
    edges: &BTreeMap<&SpecId, Vec<(usize, SpecId)>>,
    start: &SpecId,
    done: &mut BTreeSet<SpecId>,
    found: &mut BTreeMap<SpecId, (usize, Vec<SpecId>)>,
) {
    if done.contains(start) {
        return;
    }
    // The way from the start: each spec with the number of the edge that is followed next.
    let mut way: Vec<(SpecId, usize)> = vec![(start.clone(), 0)];
    let mut on_way: BTreeMap<SpecId, usize> = BTreeMap::from([(start.clone(), 0)]);
    while let Some((at, next)) = way.last_mut() {
        let edge = edges.get(&*at).and_then(|edges| edges.get(*next)).cloned();
        *next += 1;
        let Some((_, to)) = edge else {
            let (over, _) = way.pop().expect("the loop saw one");
            on_way.remove(&over);
            done.insert(over);
            continue;
        };
        if let Some(from) = on_way.get(&to) {
            close(edges, &way[*from..], found);
        } else if !done.contains(&to) {
            on_way.insert(to.clone(), way.len());
            way.push((to, 0));
        }
    }
}

fn close(
    edges: &BTreeMap<&SpecId, Vec<(usize, SpecId)>>,
    circle: &[(SpecId, usize)],
    found: &mut BTreeMap<SpecId, (usize, Vec<SpecId>)>,
) {
    for (at, (id, next)) in circle.iter().enumerate() {
        let mut way: Vec<SpecId> = circle[at..].iter().chain(&circle[..at]).map(|(id, _)| id.clone()).collect();
        way.push(id.clone());
        let entry = edges.get(id).and_then(|edges| edges.get(next.saturating_sub(1))).map_or(0, |(entry, _)| *entry);
        found.entry(id.clone()).or_insert((entry, way));
    }
}
