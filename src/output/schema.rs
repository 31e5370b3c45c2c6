//! The schema of everything that stands on stdout under `--json`, made from the types in `answer`.
//!
//! It says what is there and of which type. It does not forbid more: a later version may add members without another `format`.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::answer::{self, FORMAT};

/// The answers of each command, by the names of their definitions; a command that is not here has no answer of its own.
const COMMANDS: &[(&str, &[&str])] = &[
    ("init", &["Initialized"]),
    ("import", &["Imported"]),
    ("add", &["OneSpec"]),
    ("investigate", &["Specs"]),
    ("list", &["Specs"]),
    ("ready", &["Specs", "Explained"]),
    ("status", &["StatusOfAll", "StatusOfTopic"]),
    ("graph", &["GraphOf"]),
    ("why", &["Whys"]),
    ("drift", &["Drifted"]),
    ("show", &["Shown", "AllShown"]),
    ("edit", &["Edited"]),
    ("lint", &["Problems"]),
    ("approve", &["Recorded"]),
    ("reject", &["Recorded"]),
    ("split", &["Specs"]),
    ("work", &["Worked", "AllWorked", "PathOf"]),
    ("next", &["Specs", "Claimed"]),
    ("log", &["Events", "Text", "Nothing"]),
    ("path", &["PathOf"]),
    ("verify", &["Checked", "AllChecked"]),
    ("finish", &["Worked"]),
    ("merge", &["SpecMerged", "Recorded", "Worked"]),
    ("ack", &["Recorded"]),
    ("pause", &["Recorded"]),
    ("takeover", &["TakenOver"]),
    ("fail", &["Recorded"]),
    ("reset", &["Recorded"]),
    ("release", &["Recorded"]),
    ("resolve", &["Recorded"]),
    ("cancel", &["Recorded"]),
    ("archive", &["AllRecorded", "Folded"]),
    ("unarchive", &["AllRecorded"]),
    ("pr", &["Text"]),
    ("release-notes", &["Notes"]),
    ("prime", &["Text", "Nothing"]),
    ("sync", &["Exchanged"]),
    ("prune", &["AllPruned"]),
    ("fsck", &["Problems"]),
    ("recover", &["Problems"]),
    ("demo", &["Demonstrated"]),
    ("hooks", &["AllHooks"]),
    ("help", &["Text"]),
    ("install-man", &["ManualPages"]),
    ("schema", &["SchemaOf"]),
    ("version", &["VersionOf"]),
    ("deinit", &["Changed"]),
];

/// The schema of what any command prints, errors included.
pub fn document() -> Value {
    let (definitions, answers) = definitions();
    let any = answers.iter().map(|name| reference(name)).collect();
    frame("Everything that git chant prints under --json, and what it records as checks.json", any, definitions)
}

/// The schema of what a command prints, errors included; none if it knows no such command.
pub fn of_command(command: &str) -> Option<Value> {
    let (_, answers) = COMMANDS.iter().find(|(name, _)| *name == command)?;
    let (mut definitions, _) = definitions();
    let any: Vec<_> = answers.iter().copied().chain(["Failure"]).map(reference).collect();
    keep_used(&mut definitions, &any);
    Some(frame(&format!("What git chant {command} prints under --json"), any, definitions))
}

/// The names of the answers of each command.
pub fn commands() -> &'static [(&'static str, &'static [&'static str])] {
    COMMANDS
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
    answers_of(&mut all);
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

impl Definitions<'_> {
    /// Takes the type of an answer in, with `format` as its first member.
    fn answer<T: JsonSchema>(&mut self) -> &mut Self {
        let mut schema = T::json_schema(self.generator).to_value();
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
        self.answers.insert(T::schema_name().into_owned(), schema);
        self
    }
}

fn answers_of(all: &mut Definitions<'_>) {
    all.answer::<answer::Nothing>()
        .answer::<answer::OneSpec<'_>>()
        .answer::<answer::Specs<'_>>()
        .answer::<answer::Explained<'_>>()
        .answer::<answer::Shown<'_>>()
        .answer::<answer::AllShown<'_>>()
        .answer::<answer::StatusOfAll<'_>>()
        .answer::<answer::StatusOfTopic<'_>>()
        .answer::<answer::Drifted<'_>>()
        .answer::<answer::Whys<'_>>()
        .answer::<answer::GraphOf<'_>>()
        .answer::<answer::Notes<'_>>()
        .answer::<answer::Events<'_>>()
        .answer::<answer::Recorded<'_>>()
        .answer::<answer::AllRecorded<'_>>()
        .answer::<answer::Folded<'_>>()
        .answer::<answer::Edited<'_>>()
        .answer::<answer::Worked<'_>>()
        .answer::<answer::AllWorked<'_>>()
        .answer::<answer::Claimed<'_>>()
        .answer::<answer::TakenOver<'_>>()
        .answer::<answer::SpecMerged<'_>>()
        .answer::<answer::Checked<'_>>()
        .answer::<answer::AllChecked<'_>>()
        .answer::<answer::PathOf<'_>>()
        .answer::<answer::Initialized<'_>>()
        .answer::<answer::Changed<'_>>()
        .answer::<answer::AllHooks<'_>>()
        .answer::<answer::Problems<'_>>()
        .answer::<answer::Exchanged<'_>>()
        .answer::<answer::AllPruned<'_>>()
        .answer::<answer::Imported<'_>>()
        .answer::<answer::Demonstrated<'_>>()
        .answer::<answer::ManualPages<'_>>()
        .answer::<answer::VersionOf<'_>>()
        .answer::<answer::SchemaOf<'_>>()
        .answer::<answer::Text<'_>>()
        .answer::<answer::Failure<'_>>();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_answers_that_are_defined() {
        let (definitions, answers) = definitions();
        let commands: Vec<_> = COMMANDS.iter().map(|(name, _)| *name).collect();
        let pages: Vec<_> = crate::cli::COMMANDS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(commands, pages, "the answers of each command, in the same order");
        for name in COMMANDS.iter().flat_map(|(_, names)| *names) {
            assert!(answers.iter().any(|known| known == name), "{name}");
        }
        for name in &answers {
            let told = COMMANDS.iter().any(|(_, names)| names.contains(&name.as_str()));
            assert!(told || name == "Failure", "{name} is nobody's answer");
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
