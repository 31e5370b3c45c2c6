//! `git chant list`

use std::cmp::Reverse;

use super::{Context, fetched};
use crate::{
    answer::{DROPPED, ReadyAnswer, SpecList, outcome::Outcome},
    cli::list::{ListArgs, SortKey},
    domain::{
        event::{Event, Op},
        filter::Filter,
        id::SpecId,
        spec_type::SpecType,
        status::Status,
    },
    error::{Error, Kind, Result},
    project::Project,
    specs::{all::Specs, facts::Facts},
};

pub(super) fn run(context: &Context<'_>, args: &ListArgs) -> Result<Outcome> {
    let project = context.project()?;
    if args.explain {
        return explained(&project, args);
    }
    let specs = Specs::cached(&project)?;
    let search = Search::new(context, args)?;
    let all = args.all || args.archived || args.status.contains(&Status::Archived) || Search::is_wide(args);
    let ids = if all { specs.names.all()? } else { specs.names.active()? };
    let filter = filter(args);
    let screen = context.brief && context.env.stdout_is_terminal();
    let (mut views, mut lines, mut merged, mut to_import, mut blocked) = (Vec::new(), Vec::new(), Vec::new(), 0, 0);
    let mut held_up = false;
    for id in ids {
        specs.inspect(
            id,
            |status| wanted_status(args, status),
            |facts| {
                if !is_wanted(&filter, facts) || !search.finds(&specs, id)? {
                    return Ok(());
                }
                let state = facts.state.as_ref().filter(|state| state.merge.is_some());
                merged.extend(state.map(|state| (state.updated, id.clone())));
                if args.ready && !specs.reasons(facts)?.is_empty() {
                    blocked += usize::from(!facts.status.is_over());
                    return Ok(());
                }
                let state = if facts.status == Status::Finished { specs.recorded(id)?.state } else { None };
                held_up = held_up || state.map_or(Ok(None), |state| specs.lasting_obstacle(id, &state))?.is_some();
                let key = search.key(&specs, facts)?;
                to_import += usize::from(facts.to_import);
                match context.brief {
                    true => lines.push((key, specs.line(facts, screen)?)),
                    false => views.push((key, specs.view(&specs.entry(id)?)?)),
                }
                Ok(())
            },
        )?;
    }
    let dropped = specs.dropped_among(merged)?;
    for (_, line) in &mut lines {
        line.flags.extend(dropped.get(&line.id).filter(|dropped| **dropped).map(|_| DROPPED));
    }
    for (_, view) in &mut views {
        view.dropped = dropped.get(&view.id).copied();
    }
    specs.write_cache()?;
    // The process is about to end: to give its memory back piece by piece takes longer than to find what to print.
    std::mem::forget(specs);
    let none = views.is_empty() && lines.is_empty();
    let outcome = Outcome::new(SpecList { specs: search.sorted(views), lines: search.sorted(lines) });
    let mut outcome = fetched::hint(&project)?.into_iter().fold(outcome, Outcome::hint);
    if none && blocked > 0 {
        outcome = outcome.hint("to see what blocks the others: git chant list --ready --explain");
    }
    if held_up {
        outcome = outcome.hint("to see why finished specs are not merged: git chant status");
    }
    // Elsewhere the line of the spec says it.
    if args.ready && dropped.into_values().any(|dropped| dropped) {
        outcome = outcome.hint("to see which completed specs their branches lost: git chant status");
    }
    Ok(match to_import {
        0 => outcome,
        1 => outcome.hint("1 spec file has a status that was not imported: git chant import"),
        many => outcome.hint(format!("{many} spec files have a status that was not imported: git chant import")),
    })
}

/// The ready specs, and every other open one with what blocks it.
fn explained(project: &Project, args: &ListArgs) -> Result<Outcome> {
    let specs = Specs::cached(project)?;
    let filter = filter(args);
    let (mut ready, mut blocked) = (Vec::new(), Vec::new());
    for id in specs.names.active()? {
        specs.inspect(
            id,
            |status| !status.is_over(),
            |facts| {
                if is_wanted(&filter, facts) {
                    let view = specs.view(&specs.entry(id)?)?;
                    let priority = facts.text.as_ref().map_or(0, |text| text.priority);
                    if view.ready { ready.push((Reverse(priority), view)) } else { blocked.push(view) }
                }
                Ok(())
            },
        )?;
    }
    specs.write_cache()?;
    ready.sort_by_key(|(priority, _)| *priority);
    let ready = ready.into_iter().map(|(_, view)| view).collect();
    let outcome = Outcome::new(ReadyAnswer { specs: ready, blocked });
    Ok(fetched::hint(project)?.into_iter().fold(outcome, Outcome::hint))
}

fn filter(args: &ListArgs) -> Filter {
    Filter {
        types: args.spec_type.clone(),
        phases: args.phase.clone(),
        topics: args.topic.clone(),
        labels: args.labels.clone(),
    }
}

fn wanted_status(args: &ListArgs, status: Status) -> bool {
    if !args.status.is_empty() {
        return args.status.contains(&status);
    }
    if args.all || (Search::is_wide(args) && !args.archived) {
        return true;
    }
    (status == Status::Archived) == args.archived
}

fn is_wanted(filter: &Filter, facts: &Facts<'_>) -> bool {
    // An empty topic asks for the specs that have none.
    match &facts.text {
        Some(text) => filter
            .takes(text.kind, text.phase, Some(text.topic.unwrap_or_default()), |label| text.labels.contains(label)),
        None => filter.takes(SpecType::default(), None, Some(""), |_| false),
    }
}

/// What a person looks for beyond what lines show.
struct Search<'a> {
    args: &'a ListArgs,
    /// Seconds since the epoch.
    since: Option<i64>,
}

impl<'a> Search<'a> {
    fn new(context: &Context<'_>, args: &'a ListArgs) -> Result<Search<'a>> {
        let now = context.env.now().to_zoned(jiff::tz::TimeZone::UTC);
        let since = args.since.as_deref().map(|text| {
            gix::date::parse(text, Some(now.clone())).map(|time| time.seconds).map_err(|_| {
                Error::usage(Kind::BadOption, format!("'{}' is not a date", text.escape_debug()))
                    .hint("for example: git chant list --since \"2 weeks ago\"")
            })
        });
        Ok(Search { args, since: since.transpose()? })
    }

    /// Whether archived specs are looked through, too.
    fn is_wide(args: &ListArgs) -> bool {
        args.grep.is_some() || args.author.is_some() || args.since.is_some()
    }

    fn finds(&self, specs: &Specs<'_>, id: &SpecId) -> Result<bool> {
        if let Some(since) = self.since
            && specs.recorded(id)?.state.is_none_or(|state| state.updated < since)
        {
            return Ok(false);
        }
        if let Some(author) = &self.args.author {
            let wrote = first_event(specs, id)?.map(|event| format!("{} <{}>", event.author.name, event.author.email));
            if !wrote.is_some_and(|wrote| wrote.to_lowercase().contains(&author.to_lowercase())) {
                return Ok(false);
            }
        }
        let Some(pattern) = &self.args.grep else { return Ok(true) };
        let text = specs.whole_text(id)?;
        let text = text.as_ref().and_then(|parsed| parsed.text.as_ref());
        let in_text =
            text.is_some_and(|text| String::from_utf8_lossy(&text.bytes).lines().any(|line| pattern.is_match(line)));
        Ok(in_text || notes(specs, id)?.iter().any(|note| pattern.is_match(note)))
    }

    /// What specs are sorted by, and whether the greatest comes first.
    fn order(&self) -> (SortKey, bool) {
        let usual = if self.args.ready { (SortKey::Priority, true) } else { (SortKey::Id, false) };
        self.args.sort.unwrap_or(usual)
    }

    /// What the spec is sorted by; equal ones stay in the order of their ids.
    fn key(&self, specs: &Specs<'_>, facts: &Facts<'_>) -> Result<(i64, String)> {
        let text = facts.text.as_ref();
        let number = |number: i64| (number, String::new());
        Ok(match self.order().0 {
            SortKey::Id => number(0),
            SortKey::Created => number(first_event(specs, facts.id)?.map_or(i64::MAX, |event| event.author.seconds)),
            SortKey::Updated => number(specs.recorded(facts.id)?.state.map_or(i64::MAX, |state| state.updated)),
            SortKey::Priority => number(text.map_or(0, |text| text.priority).into()),
            SortKey::Status => (0, facts.status.as_str().to_owned()),
            SortKey::Title => (0, text.and_then(|text| text.title).unwrap_or_default().to_lowercase()),
        })
    }

    fn sorted<T>(&self, mut found: Vec<((i64, String), T)>) -> Vec<T> {
        match self.order() {
            (SortKey::Id, true) => found.reverse(),
            (_, true) => found.sort_by(|one, other| other.0.cmp(&one.0)),
            (_, false) => found.sort_by(|one, other| one.0.cmp(&other.0)),
        }
        found.into_iter().map(|(_, one)| one).collect()
    }
}

/// The notes on a spec.
fn notes(specs: &Specs<'_>, id: &SpecId) -> Result<Vec<String>> {
    let Some(tip) = specs.names.tip(id)? else { return Ok(Vec::new()) };
    let history = specs.project.store()?.walk(id, tip)?.history;
    let notes = history.events().iter().filter(|event| event.op == Op::Note);
    Ok(notes.filter_map(|event| event.facts.reason.clone()).collect())
}

/// The event that added a spec; `None` without a history.
fn first_event(specs: &Specs<'_>, id: &SpecId) -> Result<Option<Event>> {
    let Some(tip) = specs.names.tip(id)? else { return Ok(None) };
    Ok(specs.project.store()?.walk(id, tip)?.history.events().first().cloned())
}
