//! The use case `split`: the parts of a spec become its members. The parts are the headings of the spec, or what an agent proposes.
//!
//! How the files of members are created and recorded is in [`add`].

use std::{borrow::Cow, path::Path};

use super::{
    add::{self, Created},
    draft::Draft,
    inherit,
    member::{self, About},
};
use crate::{
    agent::{lease::Lease, prompt},
    answer::progress::{Progress, Step},
    config::Confine,
    domain::{
        id::SpecId,
        spec_file::{FrontMatter, Spec, criteria_of},
        spec_type::SpecType,
        status::Status,
    },
    env::scratch,
    error::{Error, IoContext, Kind, Result},
    project::{
        Project,
        agent::{Agent, MANUAL},
    },
    specs::{
        agent_run::{self, AgentRun, Ran},
        all::Specs,
        budget, confined, record,
        text::Text,
    },
};

/// The longest proposal that is read, in bytes.
const MAX_PROPOSAL: usize = 1 << 20;

/// A part that becomes a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its title.
    pub title: String,
    /// What to do, Markdown.
    pub body: String,
    /// The numbers of the parts that this part needs, from 1.
    pub needs: Vec<usize>,
}

/// Where the parts of a spec come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Divider<'a> {
    /// The headings of the spec.
    Headings,
    /// A proposal of this agent, or of the configured one.
    Agent(Option<&'a str>),
}

/// Divides a spec. `agree` is asked about the parts that an agent proposes, before any file is created. Gives the members.
///
/// # Errors
/// `not-allowed` or `exists` if the spec cannot have members or has some; `no-parts`, `no-proposal`; `agree`'s own error.
pub(crate) fn split(
    project: &Project,
    id: &SpecId,
    divider: Divider<'_>,
    agree: impl FnOnce(&[Part]) -> Result<()>,
    progress: &dyn Progress,
) -> Result<Vec<SpecId>> {
    let specs = Specs::new(project)?;
    let entry = specs.entry(id)?;
    let (text, spec) = entry.text()?;
    refuse(&specs, id, entry.status)?;
    let short = id.short();
    let parts = match divider {
        Divider::Headings => by_heading(spec),
        Divider::Agent(name) => {
            let answer = ask_agent(project, id, name, (text, spec), progress)?;
            proposed(&answer).map_err(|why| {
                Error::negative(Kind::NoProposal, format!("cannot use the agent's answer: {why}")).hint(format!(
                    "write the parts as headings yourself: git chant edit {short}, then: git chant split {short} --by-heading"
                ))
            })?
        }
    };
    if parts.is_empty() {
        let message = format!("'{short}' has no heading '## <title>' to split at");
        return Err(Error::negative(Kind::NoParts, message));
    }
    if let Divider::Agent(_) = divider {
        agree(&parts)?;
    }
    let onto = inherit::onto_of_driver(project, &entry)?;
    let invalid = |part: &Part| {
        Error::negative(Kind::BadPart, format!("the part '{}' is not a valid spec", part.title.escape_debug()))
    };
    let created =
        add::create_all(project, &parts, Some(id), |part, before| draft(spec, part, &parts, before), invalid)?;
    // What the members inherit is trusted if the person trusts the text that they inherit it from.
    let trusted = project.is_trusted(id.as_str(), text.blob());
    add::record_all(project, &created, onto.as_deref(), trusted)?;
    if entry.state.is_none() {
        record::added(project, id, &text.path, &text.bytes, spec, None)?;
    }
    Ok(created.into_iter().map(|member| member.id).collect())
}

fn refuse(specs: &Specs<'_>, id: &SpecId, status: Status) -> Result<()> {
    let short = id.short();
    add::refuse_member(id)?;
    if status != Status::Pending {
        return Err(Error::negative(Kind::NotAllowed, format!("cannot split '{short}': it is {status}")));
    }
    if !specs.project.members(&specs.names, id)?.is_empty() {
        return Err(Error::negative(Kind::Exists, format!("'{short}' has members already"))
            .hint(format!("to add one: git chant add \"...\" --member-of {short}")));
    }
    Ok(())
}

/// Asks the agent how to divide the spec. It works in an empty directory, and can write nothing else of ours, where a sandbox is to be had.
fn ask_agent(
    project: &Project,
    id: &SpecId,
    asked: Option<&str>,
    (text, spec): (&Text, &Spec),
    progress: &dyn Progress,
) -> Result<String> {
    let name = match asked {
        Some(name) => Some(name.to_owned()),
        None => project.usual_agent()?,
    };
    let name = name.filter(|name| name != MANUAL).ok_or_else(|| {
        Error::fatal(Kind::NoAgent, "no agent is configured to split it")
            .hint("by its headings: git chant split <spec> --by-heading")
    })?;
    let agent = project.agent_here(&name)?;
    budget::require(project, id, spec.front.topic.as_deref(), &agent, progress)?;
    // What the agent costs is counted by the events of the spec.
    record::added(project, id, &text.path, &text.bytes, spec, None)?;
    let place = scratch::dir(".chant-tmp-")?;
    let mut lease = agent_run::take_lease(project, id, text.blob(), place.path(), "split")?;
    progress.say(&Step::Note(format!("Asking {name} how to split it")));
    let ran = run(project, id, text, &agent, place.path(), &mut lease, progress);
    agent_run::release(project, text.blob(), lease)?;
    let ran = ran?;
    ran.require_success(&agent, &format!("split '{}'", id.short()))?;
    match ran.answer.is_empty() {
        false => Ok(ran.answer),
        true => Ok(String::from_utf8_lossy(&ran.finished.tail).into_owned()),
    }
}

/// Runs the agent in an empty directory below `place`.
fn run(
    project: &Project,
    id: &SpecId,
    text: &Text,
    agent: &Agent,
    place: &Path,
    lease: &mut Lease,
    progress: &dyn Progress,
) -> Result<Ran> {
    let own = place.join("own");
    std::fs::create_dir(&own).io("create", &own)?;
    let reading = confined::reading_for(project, &own, place, agent, &format!("the agent for '{}'", id.short()))?;
    if reading.is_none() && project.config().confine()? != Confine::Off {
        let what = format!("agent '{}' is not confined: it can change this repository", agent.name);
        progress.say(&Step::Warning(what));
    }
    let prompt = format!("{}\n\n{}", prompt::named("split").unwrap_or_default(), String::from_utf8_lossy(&text.bytes));
    let prompt_file = own.join("prompt.md");
    std::fs::write(&prompt_file, &prompt).io("write", &prompt_file)?;
    let agent = reading.as_ref().map_or(Cow::Borrowed(agent), |reading| agent.within(reading));
    let env = reading.iter().flat_map(|reading| reading.env.iter());
    let run = AgentRun {
        id,
        key: text.blob(),
        agent: &agent,
        name: "chant-split".to_owned(),
        prompt: &prompt,
        prompt_file: &prompt_file,
        dir: &own,
        had: None,
        env: env.map(|(name, value)| (name.clone(), Some(value.clone()))).collect(),
        sandbox: reading.as_ref().map_or(&[], |reading| &reading.prefix),
        enters: false,
        left: None,
        transcript: None,
        tail: MAX_PROPOSAL,
    };
    run.run(project, lease, &mut (), progress)
}

/// The text of a member that is one of `parts`. It inherits what says how, when and for what the work is done; `before` are the members
/// before it.
fn draft(driver: &Spec, part: &Part, parts: &[Part], before: &[Created]) -> Draft {
    let front = &driver.front;
    let about = |part: &Part| About { targets: Vec::new(), text: format!("{}\n{}", part.title, part.body) };
    let others: Vec<About> = parts.iter().filter(|other| *other != part).map(about).collect();
    let needed = part.needs.iter().filter_map(|number| before.get(number - 1));
    let front = FrontMatter {
        kind: if front.kind == SpecType::Driver { SpecType::Code } else { front.kind },
        topic: front.topic.clone(),
        labels: front.labels.clone(),
        depends_on: needed.map(|member| member.id.to_string()).collect(),
        informed_by: front.informed_by.clone(),
        target_files: front.target_files.clone(),
        verify: member::inherited(&front.verify, &about(part), &others),
        priority: front.priority.clone(),
        not_before: front.not_before.clone(),
        ..FrontMatter::default()
    };
    Draft {
        title: part.title.clone(),
        front,
        body: with_criteria(&part.title, &part.body),
        kind_given: true,
        ..Draft::default()
    }
}

/// The body of a part, in which what it is to do are acceptance criteria: its tasks, or, without any, its title.
fn with_criteria(title: &str, body: &str) -> String {
    if !criteria_of(body.as_bytes()).is_empty() {
        return body.to_owned();
    }
    let heading = "## Acceptance Criteria\n\n";
    match first_task(body) {
        Some(at) => format!("{}{heading}{}", &body[..at], &body[at..]),
        None => format!("{body}\n\n{heading}- [ ] {title}\n").trim_start().to_owned(),
    }
}

/// The byte at which the line of the first task of a text begins.
fn first_task(text: &str) -> Option<usize> {
    use pulldown_cmark::{Event, Options, Parser};
    let mut events = Parser::new_ext(text, Options::ENABLE_TASKLISTS).into_offset_iter();
    let at = events.find_map(|(event, range)| matches!(event, Event::TaskListMarker(_)).then_some(range.start))?;
    Some(text[..at].rfind('\n').map_or(0, |end| end + 1))
}

/// Headings about the whole spec, which make no part.
const WHOLE: [&str; 3] = ["acceptance criteria", "release notes", "context"];

/// The parts of a spec by its headings of the second level.
fn by_heading(spec: &Spec) -> Vec<Part> {
    parts(spec.body()).into_iter().filter(|part| !WHOLE.contains(&part.title.to_lowercase().as_str())).collect()
}

/// The parts that an agent proposes in `text`: a heading of the second level each, then, if it needs other parts,
/// `depends on: 1, 2`. Fails with the reason why that is no proposal, in words.
fn proposed(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = parts(text);
    if parts.is_empty() {
        return Err("it has no heading of the form '## <title>'".to_owned());
    }
    let count = parts.len();
    for (at, part) in parts.iter_mut().enumerate() {
        let Some(line) = part.body.lines().find(|line| !line.trim().is_empty()).map(str::to_owned) else { continue };
        let Some(list) = line.trim().to_lowercase().strip_prefix("depends on:").map(str::to_owned) else { continue };
        for word in list.split([',', ' ']).filter(|word| !word.is_empty()) {
            match word.trim_end_matches('.').parse::<usize>() {
                // Only on what comes before it, so that no circle can be asked for.
                Ok(number) if (1..=at).contains(&number) => part.needs.push(number),
                _ => {
                    return Err(format!(
                        "part {} of {count} depends on '{}', which is not an earlier part",
                        at + 1,
                        word.escape_debug()
                    ));
                }
            }
        }
        part.body = part.body.replacen(&line, "", 1).trim().to_owned();
    }
    Ok(parts)
}

fn parts(text: &str) -> Vec<Part> {
    use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
    let mut parts: Vec<(String, usize, usize)> = Vec::new();
    let mut title: Option<String> = None;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) if level <= HeadingLevel::H2 => {
                if let Some(last) = parts.last_mut() {
                    last.2 = last.2.min(range.start);
                }
                if level == HeadingLevel::H2 {
                    title = Some(String::new());
                    parts.push((String::new(), range.end, text.len()));
                }
            }
            Event::Text(words) | Event::Code(words) => {
                if let Some(title) = &mut title {
                    title.push_str(&words);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                if let (Some(title), Some(last)) = (title.take(), parts.last_mut()) {
                    last.0 = title.split_whitespace().collect::<Vec<_>>().join(" ");
                }
            }
            _ => {}
        }
    }
    let body = |from: usize, to: usize| text.get(from..to).unwrap_or_default().trim().to_owned();
    let parts = parts.into_iter().filter(|(title, ..)| !title.is_empty());
    parts.map(|(title, from, to)| Part { title, body: body(from, to), needs: Vec::new() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_read_strictly() {
        let text = "Sure!\n\n## First `part`\n\nDo it.\n\n### Acceptance Criteria\n\n- [ ] done\n\n## Second\n\ndepends on: 1\n\nThen this.\n";
        let parts = proposed(text).expect("two parts");
        assert_eq!((parts[0].title.as_str(), parts[1].needs.as_slice()), ("First part", [1].as_slice()));
        assert!(parts[0].body.ends_with("- [ ] done") && parts[1].body == "Then this.");
        assert!(proposed("nothing").is_err());
        assert!(proposed("## A\n\ndepends on: 1\n").is_err());
        assert!(proposed("## A\n\n## B\n\nDepends on: x\n").is_err());
    }
}
