//! What `--json`, `--format` and `-z` take from an answer and from the records in it.
//!
//! Under `-z` without `--format` every record is its porcelain fields, separated by tabs, unquoted, ended by NUL (as `git
//! ls-files -z`); the last field is free text that may hold tabs and line ends, and no field ever holds NUL. An absent field is
//! empty. Each record says its fields where it is defined; the printer in `output` adds the ends.

use std::{borrow::Cow, fmt, path::PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::terminal::clean;

/// The version of the JSON format.
pub(crate) const FORMAT: u8 = 1;

/// An answer with the version of the format before it.
#[derive(Serialize)]
struct Versioned<'a, T: ?Sized> {
    format: u8,
    #[serde(flatten)]
    answer: &'a T,
}

/// What can be written as JSON, whatever its type.
pub(crate) trait Json {
    /// One JSON object that begins with `format`; indented if `pretty`, otherwise on one line.
    fn json(&self, pretty: bool) -> String;

    /// The value without `format`.
    fn value(&self) -> Value;
}

impl<T: Serialize> Json for T {
    fn json(&self, pretty: bool) -> String {
        let answer = Versioned { format: FORMAT, answer: self };
        let text = if pretty { serde_json::to_string_pretty(&answer) } else { serde_json::to_string(&answer) };
        text.expect("keys are text and values are plain data")
    }

    fn value(&self) -> Value {
        serde_json::to_value(self).expect("keys are text and values are plain data")
    }
}

/// One record of an answer: its JSON keys are the fields of `--format`.
pub(crate) trait Record: Json {
    /// The fields under `-z`, as [`joined`] makes them.
    fn porcelain(&self) -> Vec<u8>;
}

/// Lists the fields that `--format` knows.
pub(crate) type Fields = fn() -> Vec<String>;

/// The JSON keys of `T`, in order.
pub(crate) fn fields<T: JsonSchema>() -> Vec<String> {
    let schema = T::json_schema(&mut SchemaSettings::draft2020_12().for_serialize().into_generator());
    let members = schema.get("properties").and_then(Value::as_object);
    members.into_iter().flat_map(|members| members.keys().cloned()).collect()
}

/// Tab separated; every field but the last is kept free of the separators, so that the last one starts where it should.
pub(super) fn joined(fields: &[&str]) -> Vec<u8> {
    let last = fields.len().saturating_sub(1);
    let field = |(at, field): (usize, &&str)| match at == last {
        true => field.replace('\0', ""),
        false => field.replace('\0', "").replace(['\t', '\n', '\r'], " "),
    };
    fields.iter().enumerate().map(field).collect::<Vec<_>>().join("\t").into_bytes()
}

/// The text, or nothing where it is absent.
pub(super) fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

/// A path: text under `--json`, one clean line for people, its bytes, which need not be UTF-8, for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathText(PathBuf);

impl PathText {
    /// The bytes of the path.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_os_str().as_encoded_bytes()
    }
}

impl From<PathBuf> for PathText {
    fn from(path: PathBuf) -> Self {
        PathText(path)
    }
}

impl fmt::Display for PathText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&clean::line(&self.0.to_string_lossy()))
    }
}

impl Serialize for PathText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string_lossy())
    }
}

impl JsonSchema for PathText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}
