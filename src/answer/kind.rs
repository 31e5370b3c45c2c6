//! A type of answers: which commands give it, what `--format` can name of it, and its schema. Which types there are is in `mod.rs`,
//! the schema of all of them in `schema`.

use std::borrow::Cow;

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{
    outcome::Answer,
    record::{FORMAT, Fields, Record, fields},
};

/// A type of answers.
pub(super) struct Kind {
    /// The commands that give it.
    pub commands: &'static [&'static str],
    /// The fields that `--format` knows; `None` if it can name nothing.
    pub fields: Option<Fields>,
    /// Gives the name of its schema.
    pub name: fn() -> Cow<'static, str>,
    /// Adds its schema.
    pub define: fn(&mut Definitions<'_>),
}

/// The type of answers `T`, which these commands give.
pub(super) const fn of<T: Answer + JsonSchema>(commands: &'static [&'static str]) -> Kind {
    Kind { commands, fields: None, name: T::schema_name, define: define::<T> }
}

impl Kind {
    /// Lets `--format` name the members of the records `R`.
    pub(super) const fn with<R: Record + JsonSchema>(self) -> Kind {
        Kind { fields: Some(fields::<R>), ..self }
    }
}

/// The schemas of answers, and the generator that collects what they refer to.
pub(super) struct Definitions<'a> {
    /// The schema of each answer by its name.
    pub answers: Map<String, Value>,
    /// Knows every definition that an answer refers to.
    pub generator: &'a mut SchemaGenerator,
}

/// Adds the type of an answer, with `format` as its first member.
pub(super) fn define<T: JsonSchema>(all: &mut Definitions<'_>) {
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
