//! The schema of what stands on stdout under `--json`, made from the types of the answers. A type registers itself in its own file.
//!
//! A schema says what is there and of which type. It does not forbid more: a later version may add members without another
//! `format`.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{
    ALL,
    failure::Failure,
    kind::{Definitions, Kind, define},
    record::Fields,
};

/// Every type of answers.
fn kinds() -> impl Iterator<Item = &'static Kind> {
    ALL.iter().copied().flatten()
}

/// The answers of a command.
fn kinds_of<'a>(command: &'a str) -> impl Iterator<Item = &'static Kind> + use<'a> {
    kinds().filter(move |kind| kind.commands.contains(&command))
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
    kinds().flat_map::<Vec<_>, _>(of).collect()
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
    kinds().for_each(|kind| (kind.define)(&mut all));
    define::<Failure<'_>>(&mut all);
    let answers = all.answers;
    let names = answers.keys().cloned().collect();
    let mut definitions: Vec<_> = generator.take_definitions(true).into_iter().chain(answers).collect();
    definitions.sort_by(|a, b| a.0.cmp(&b.0));
    (definitions.into_iter().collect(), names)
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
        for kind in kinds() {
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
