//! The tables of the guides, made as Markdown from the tables in the source.

use serde_json::{Map, Value};

use crate::{
    answer::schema,
    cli::COMMANDS,
    config::keys::{self, Key, Kind},
    domain::{
        event::Op,
        status::Status,
        trailer::{TRAILERS, Trailer},
    },
    error::Kind as ErrorKind,
};

/// Makes a table.
type Make = fn() -> String;

/// The tables by their names.
const TABLES: [(&str, Make); 7] = [
    ("config", config),
    ("statuses", statuses),
    ("ops", ops),
    ("trailers", trailers),
    ("commands", commands),
    ("types", types),
    ("errors", errors),
];

/// The text with each line `{{name}}` replaced by the table of that name.
pub(super) fn filled(source: &str) -> String {
    TABLES.iter().fold(source.to_owned(), |text, (name, table)| {
        let mark = format!("{{{{{name}}}}}");
        if text.contains(&mark) { text.replace(&mark, table().trim_end()) } else { text }
    })
}

/// An entry of a definition list; what is in `term` stands as it is.
fn entry(term: &str, meaning: &str) -> String {
    format!("{term}\n\n: {}\n\n", meaning.trim().replace('\n', "\n  "))
}

fn config() -> String {
    let of = |key: &Key| {
        let values = match key.kind {
            Kind::Bool => "boolean".to_owned(),
            Kind::Int { min, max } => format!("number from {min} to {max}"),
            Kind::Duration => "span of time".to_owned(),
            Kind::Text => "text".to_owned(),
            Kind::Name => "name".to_owned(),
            Kind::OneOf(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
            Kind::Path => "path".to_owned(),
            Kind::Command => "command line".to_owned(),
            Kind::BranchPrefix => "beginning of a branch name".to_owned(),
            Kind::Budget => "amount of money or tokens".to_owned(),
            Kind::Expiry => "date, as `gc.pruneExpire` takes it".to_owned(),
        };
        let default = key.default.map(|value| format!("; default `{value}`")).unwrap_or_default();
        entry(&format!("`{}` ({values}{default})", key.name), key.doc)
    };
    keys::ALL.iter().map(of).collect()
}

fn statuses() -> String {
    let meaning = |status| match status {
        Status::Pending => "No attempt is under way.",
        Status::InProgress => "An attempt is under way.",
        Status::Paused => "An attempt was stopped and can be resumed.",
        Status::Finished => "Every check passed; the work is not in its target yet.",
        Status::Completed => "The work is in its target, or there was nothing to merge.",
        Status::Failed => "The last attempt failed; its work is kept.",
        Status::Cancelled => "It will not be done.",
        Status::Archived => "The spec was archived.",
    };
    Status::ALL.iter().copied().map(|status| entry(&format!("`{}`", status.as_str()), meaning(status))).collect()
}

fn ops() -> String {
    let meaning = |op: &Op| match op {
        Op::Add => "The spec was created: its first event.",
        Op::Edit => "The spec's text changed.",
        Op::Start => "An attempt starts. The id of this event is the attempt's id.",
        Op::Resume => "An attempt is resumed.",
        Op::Pause => "An attempt was stopped and can be resumed.",
        Op::Finish => "Every check passed.",
        Op::Land => "The target is about to move to the merge that holds the work.",
        Op::Complete => "The work is in its target, or there was nothing to merge.",
        Op::Fail => "The attempt failed.",
        Op::Cancel => "The spec will not be done.",
        Op::Reset => "The spec is pending again; the named attempts end.",
        Op::Release => "A claim is released; like a reset.",
        Op::Resolve => "One of several attempts is kept; the named ones end.",
        Op::Approve => "A person approved one text of the spec.",
        Op::Reject => "A person rejected one text of the spec.",
        Op::Review => "A person approved the work of an attempt, at one commit.",
        Op::Ack => "A person acknowledged changes outside the worktree, or changed inputs.",
        Op::Supersede => "Another spec supersedes this one.",
        Op::Adopt => "A person adopted an agent's proposal.",
        Op::Note => "A remark; it changes no state.",
        Op::Archive => "The spec was archived.",
        Op::Unarchive => "The spec was restored from the archive.",
        Op::Merge => "Two histories of the spec are joined; it changes no state.",
        Op::Unknown(_) => "An operation of a newer git-chant.",
    };
    Op::ALL.iter().map(|op| entry(&format!("`{}`", op.as_str()), meaning(op))).collect()
}

fn trailers() -> String {
    let of = |trailer: &Trailer| {
        let many = if trailer.many { "; may occur several times" } else { "" };
        entry(&format!("`Chant-{}` ({}{many})", trailer.name, trailer.value), trailer.about)
    };
    TRAILERS.iter().map(of).collect()
}

fn commands() -> String {
    let of = |command: &str| {
        let answers: Vec<_> = schema::answers_of(command).iter().map(|answer| format!("*{answer}*")).collect();
        entry(&format!("`{command}`"), &answers.join(" or "))
    };
    COMMANDS.iter().map(|(command, ..)| of(command)).collect()
}

fn errors() -> String {
    ErrorKind::ALL.iter().map(|kind| entry(&format!("`{}`", kind.code()), kind.meaning())).collect()
}

fn types() -> String {
    let (definitions, _) = schema::definitions();
    definitions.iter().map(|(name, definition)| format!("### {name}\n\n{}", members(definition))).collect()
}

/// The description of a type, and its members if it is an object.
fn members(definition: &Value) -> String {
    let about = text(definition, "description");
    let mut out = format!("{about}\n\n");
    match definition.get("properties").and_then(Value::as_object) {
        Some(members) => {
            let of = |(name, member): (&String, &Value)| {
                entry(&format!("`{name}` ({})", type_of(member)), text(member, "description"))
            };
            out.extend(members.iter().map(of));
        }
        None => match definition.get("oneOf").and_then(Value::as_array) {
            Some(words) => out.extend(words.iter().map(|word| entry(&type_of(word), text(word, "description")))),
            None => out.push_str(&format!("It is {}.\n\n", type_of(definition))),
        },
    }
    out
}

fn text<'a>(schema: &'a Value, key: &str) -> &'a str {
    schema.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The type of a value in words.
fn type_of(schema: &Value) -> String {
    let Some(map) = schema.as_object() else { return "anything".to_owned() };
    if let Some(to) = map.get("$ref").and_then(Value::as_str) {
        return format!("*{}*", to.rsplit('/').next().unwrap_or(to));
    }
    if let Some(value) = map.get("const") {
        return plain(value);
    }
    let list = |key: &str| map.get(key).and_then(Value::as_array);
    if let Some(any) = list("anyOf").or_else(|| list("oneOf")) {
        return any.iter().map(type_of).collect::<Vec<_>>().join(" or ");
    }
    if let Some(words) = list("enum") {
        return words.iter().map(plain).collect::<Vec<_>>().join(" or ");
    }
    match map.get("type") {
        Some(Value::Array(types)) => {
            types.iter().map(|one| type_named(one.as_str().unwrap_or_default(), map)).collect::<Vec<_>>().join(" or ")
        }
        Some(Value::String(one)) => type_named(one, map),
        _ => "anything".to_owned(),
    }
}

fn type_named(name: &str, schema: &Map<String, Value>) -> String {
    match (name, schema.get("items")) {
        ("array", Some(of)) => format!("list of {}", type_of(of)),
        ("array", None) => "list".to_owned(),
        ("integer", _) => "number".to_owned(),
        (name, _) => name.to_owned(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("`{value}`"), |word| format!("`{word}`"))
}
