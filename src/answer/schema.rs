//! Every answer, the commands that give it, and the schema of what stands on stdout under `--json`, made from the types.
//!
//! A schema says what is there and of which type. It does not forbid more: a later version may add members without another
//! `format`.

use std::borrow::Cow;

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    Added, AllAdded, AllChecked, AllHooks, AllPruned, AllRecorded, AllShown, AllWorked, Changed, Checked, Claimed,
    Demonstrated, DriftView, Drifted, Edited, EventView, Events, ExchangeView, Exchanged, Explained, Failure, Folded,
    GraphOf, HookView, ImportView, Imported, Initialized, Listed, ManualPages, Notes, Nothing, PathOf, ProblemView,
    Problems, PruneView, Recorded, SchemaOf, Shown, SpecMerged, SpecView, StatusOfAll, StatusOfTopic, TakenOver, Text,
    VersionOf, Whys, Worked,
    outcome::Answer,
    record::{FORMAT, Fields, Record, fields},
};

/// A type of answers.
struct Kind {
    commands: &'static [&'static str],
    fields: Option<Fields>,
    name: fn() -> Cow<'static, str>,
    define: fn(&mut Definitions<'_>),
}

/// The type of answers `T`, which these commands give.
const fn of<T: Answer + JsonSchema>(commands: &'static [&'static str]) -> Kind {
    Kind { commands, fields: None, name: T::schema_name, define: define::<T> }
}

impl Kind {
    /// Lets `--format` name the members of the records `R`.
    const fn with<R: Record + JsonSchema>(self) -> Kind {
        Kind { fields: Some(fields::<R>), ..self }
    }
}

/// Every type of answers, with the commands that give it. Those of one command are listed in this order.
const ALL: &[Kind] = &[
    of::<Added>(&["add"]).with::<SpecView>(),
    of::<Listed>(&["list", "ready", "next"]).with::<SpecView>(),
    of::<AllAdded>(&["investigate", "split"]).with::<SpecView>(),
    of::<Explained>(&["ready"]).with::<SpecView>(),
    of::<Shown>(&["show"]).with::<SpecView>(),
    of::<AllShown>(&["show"]).with::<SpecView>(),
    of::<StatusOfAll>(&["status"]).with::<SpecView>(),
    of::<StatusOfTopic>(&["status"]).with::<SpecView>(),
    of::<Drifted>(&["drift"]).with::<DriftView>(),
    of::<Whys>(&["why"]),
    of::<GraphOf>(&["graph"]),
    of::<Notes>(&["release-notes"]),
    of::<Events>(&["log"]).with::<EventView>(),
    of::<SpecMerged>(&["merge"]).with::<SpecView>(),
    of::<Recorded>(&["approve", "reject", "merge", "ack", "pause", "fail", "reset", "release", "resolve", "cancel"])
        .with::<SpecView>(),
    of::<AllRecorded>(&["archive", "unarchive"]).with::<SpecView>(),
    of::<Folded>(&["archive"]).with::<SpecView>(),
    of::<Edited>(&["edit"]).with::<SpecView>(),
    of::<Worked>(&["work", "finish", "merge"]).with::<SpecView>(),
    of::<AllWorked>(&["work"]).with::<SpecView>(),
    of::<Claimed>(&["next"]).with::<SpecView>(),
    of::<TakenOver>(&["takeover"]).with::<SpecView>(),
    of::<Checked>(&["verify"]).with::<SpecView>(),
    of::<AllChecked>(&["verify"]).with::<SpecView>(),
    of::<PathOf>(&["work", "path"]).with::<SpecView>(),
    of::<Initialized>(&["init"]),
    of::<Changed>(&["deinit"]),
    of::<AllHooks>(&["hooks"]).with::<HookView>(),
    of::<Problems>(&["lint", "fsck", "recover"]).with::<ProblemView>(),
    of::<Exchanged>(&["sync"]).with::<ExchangeView>(),
    of::<AllPruned>(&["prune"]).with::<PruneView>(),
    of::<Imported>(&["import"]).with::<ImportView>(),
    of::<Demonstrated>(&["demo"]),
    of::<ManualPages>(&["install-man"]),
    of::<VersionOf>(&["version"]),
    of::<SchemaOf>(&["schema"]),
    of::<Text>(&["log", "pr", "prime", "help"]),
    of::<Nothing>(&["log", "prime"]),
];

/// The answers of a command.
fn kinds_of<'a>(command: &'a str) -> impl Iterator<Item = &'static Kind> + use<'a> {
    ALL.iter().filter(move |kind| kind.commands.contains(&command))
}

/// What `--format` can name of the answers of a command; `None` if it can name nothing.
pub(crate) fn fields_of(command: &str) -> Option<Fields> {
    kinds_of(command).find_map(|kind| kind.fields)
}

/// The names of the answers of a command.
pub fn answers_of(command: &str) -> Vec<String> {
    kinds_of(command).map(|kind| (kind.name)().into_owned()).collect()
}

/// Each command with each of its answers.
pub fn commands() -> Vec<(&'static str, String)> {
    let of = |kind: &Kind| kind.commands.iter().map(|command| (*command, (kind.name)().into_owned())).collect();
    ALL.iter().flat_map::<Vec<_>, _>(of).collect()
}

/// The schema of what any command prints, errors included.
pub fn document() -> Value {
    let (definitions, answers) = definitions();
    let any = answers.iter().map(|name| reference(name)).collect();
    frame("Everything that git chant prints under --json, and what it records as checks.json", any, definitions)
}

/// The schema of what a command prints, errors included; none if it knows no such command.
pub fn of_command(command: &str) -> Option<Value> {
    let answers = answers_of(command);
    if answers.is_empty() {
        return None;
    }
    let (mut definitions, _) = definitions();
    let any: Vec<_> = answers.iter().map(String::as_str).chain(["Failure"]).map(reference).collect();
    keep_used(&mut definitions, &any);
    Some(frame(&format!("What git chant {command} prints under --json"), any, definitions))
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn frame(title: &str, any: Vec<Value>, definitions: Map<String, Value>) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "anyOf": any,
        "$defs": definitions,
    })
}

/// Leaves of the definitions those that something leads to.
fn keep_used(definitions: &mut Map<String, Value>, roots: &[Value]) {
    let mut used = Vec::new();
    let mut next: Vec<String> = roots.iter().flat_map(references).collect();
    while let Some(name) = next.pop() {
        if !used.contains(&name) {
            next.extend(definitions.get(&name).map(references).unwrap_or_default());
            used.push(name);
        }
    }
    definitions.retain(|name, _| used.contains(name));
}

/// The names of the definitions that a schema refers to.
fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix("#/$defs/"));
            own.map(str::to_owned).into_iter().chain(map.values().flat_map(references)).collect()
        }
        Value::Array(list) => list.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// Every definition, in the order of their names, and the names of those that are answers.
pub fn definitions() -> (Map<String, Value>, Vec<String>) {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut all = Definitions { answers: Map::new(), generator: &mut generator };
    ALL.iter().for_each(|kind| (kind.define)(&mut all));
    define::<Failure<'_>>(&mut all);
    let answers = all.answers;
    let names = answers.keys().cloned().collect();
    let mut definitions: Vec<_> = generator.take_definitions(true).into_iter().chain(answers).collect();
    definitions.sort_by(|a, b| a.0.cmp(&b.0));
    (definitions.into_iter().collect(), names)
}

struct Definitions<'a> {
    answers: Map<String, Value>,
    generator: &'a mut SchemaGenerator,
}

/// Adds the type of an answer, with `format` as its first member.
fn define<T: JsonSchema>(all: &mut Definitions<'_>) {
    let mut schema = T::json_schema(all.generator).to_value();
    if let Some(members) = schema.as_object_mut() {
        let format = json!({ "description": "The version of the format.", "const": FORMAT });
        let mut properties = Map::from_iter([("format".to_owned(), format)]);
        let mut required = vec![json!("format")];
        if let Some(Value::Object(own)) = members.remove("properties") {
            properties.extend(own);
        }
        if let Some(Value::Array(own)) = members.remove("required") {
            required.extend(own);
        }
        members.insert("properties".to_owned(), Value::Object(properties));
        members.insert("required".to_owned(), Value::Array(required));
    }
    all.answers.insert(T::schema_name().into_owned(), schema);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_answers_that_are_defined() {
        let (definitions, answers) = definitions();
        let commands: Vec<_> = crate::cli::COMMANDS.iter().map(|(name, ..)| *name).collect();
        for command in &commands {
            let names = answers_of(command);
            assert!(!names.is_empty() && names.iter().all(|name| answers.contains(name)), "{command}: {names:?}");
        }
        for kind in ALL {
            let of = kind.commands;
            assert!(!of.is_empty() && of.iter().all(|name| commands.contains(name)), "{}: {of:?}", (kind.name)());
        }
        for (name, definition) in &definitions {
            assert!(definition.get("description").is_some(), "{name} is not explained");
            let members = definition.get("properties").and_then(Value::as_object).into_iter().flatten();
            for (member, schema) in members {
                assert!(schema.get("description").is_some(), "{name}.{member} is not explained");
            }
        }
    }

    #[test]
    fn a_command_has_what_its_answers_refer_to_and_no_more() {
        let schema = of_command("lint").expect("there is such a command");
        let names: Vec<_> = schema["$defs"].as_object().expect("an object").keys().collect();
        assert_eq!(names, ["Failure", "Fault", "Place", "Problem", "Problems", "Severity", "SpecId"]);
        assert_eq!(schema["$defs"]["Problems"]["required"], json!(["format", "problems"]));
        assert!(of_command("nonsense").is_none());
    }
}
