//! `--format`, as `git for-each-ref` reads it: `%(field)`, `%%`, `%xx` for the byte with that hexadecimal code, anything
//! else as it stands. A list is joined by a space, or by what `%(labels:sep=,)` says, in which `%xx` works too.

use serde_json::Value;

use crate::{Error, Result, error::Kind, terminal::clean};

/// A format whose syntax and fields have been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Vec<u8>),
    Field { name: String, separator: Vec<u8> },
}

impl Format {
    /// Reads `text` for records with these fields.
    ///
    /// An unclosed `%(`, an unknown field and an unknown modifier are usage errors that name them.
    pub(crate) fn parse(text: &str, fields: &[String]) -> Result<Format> {
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            literal.extend_from_slice(&rest.as_bytes()[..at]);
            rest = &rest[at..];
            match rest.strip_prefix("%(") {
                Some(inside) => {
                    let Some(end) = inside.find(')') else {
                        return Err(Error::usage(
                            Kind::BadFormat,
                            format!("'%(' is not closed in the format '{text}'"),
                        ));
                    };
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                    parts.push(field(&inside[..end], fields)?);
                    rest = &inside[end + 1..];
                }
                None => {
                    let (byte, length) = escape(rest.as_bytes());
                    literal.push(byte);
                    rest = &rest[length..];
                }
            }
        }
        literal.extend_from_slice(rest.as_bytes());
        parts.push(Part::Literal(literal));
        Ok(Format(parts))
    }

    /// One record in this format, without an end. `screen` says that a terminal will interpret the values.
    pub(super) fn expand(&self, record: &Value, screen: bool) -> Vec<u8> {
        let mut out = Vec::new();
        for part in &self.0 {
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Field { name, separator } => {
                    if let Some(value) = record.get(name) {
                        out.extend_from_slice(&bytes(value, separator, screen));
                    }
                }
            }
        }
        out
    }
}

/// The byte that an escape at the start of `text`, which begins with `%`, stands for, and its length.
fn escape(text: &[u8]) -> (u8, usize) {
    let digit = |at: usize| text.get(at).and_then(|b| char::from(*b).to_digit(16));
    match (text.get(1), digit(1), digit(2)) {
        (Some(b'%'), _, _) => (b'%', 2),
        (_, Some(high), Some(low)) => ((high * 16 + low) as u8, 3),
        _ => (b'%', 1),
    }
}

fn field(inside: &str, fields: &[String]) -> Result<Part> {
    let (name, modifier) = inside.split_once(':').map_or((inside, None), |(name, rest)| (name, Some(rest)));
    if !fields.iter().any(|known| known == name) {
        let known = fields.join(", ");
        return Err(Error::usage(Kind::UnknownField, format!("unknown field '{name}' in the format"))
            .hint(format!("the fields are: {known}")));
    }
    let separator = match modifier {
        None => b" ".to_vec(),
        Some(modifier) => match modifier.strip_prefix("sep=") {
            Some(separator) => unescape(separator.as_bytes()),
            None => {
                return Err(Error::usage(Kind::UnknownModifier, format!("unknown modifier '{modifier}' of '{name}'"))
                    .hint("the only modifier is 'sep=<text>'"));
            }
        },
    };
    Ok(Part::Field { name: name.to_owned(), separator })
}

fn unescape(mut text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(first) = text.first() {
        let (byte, length) = if *first == b'%' { escape(text) } else { (*first, 1) };
        out.push(byte);
        text = &text[length..];
    }
    out
}

/// A value as text, cleaned for a `screen`: absent is empty, a list is joined, a person is `Name <email>`, a blocker `kind
/// what`, a trailer `Name: value`, a cost its words.
fn bytes(value: &Value, separator: &[u8], screen: bool) -> Vec<u8> {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            return items.iter().map(|item| bytes(item, separator, screen)).collect::<Vec<_>>().join(separator);
        }
        Value::Object(map) => {
            let text = |key: &str| map.get(key).and_then(Value::as_str);
            if let Some(words) = text("text") {
                return bytes(&Value::String(words.to_owned()), separator, screen);
            }
            match (text("name"), text("email"), text("value"), text("kind"), text("what")) {
                (Some(name), Some(email), ..) => format!("{name} <{email}>"),
                (Some(name), _, Some(value), ..) => format!("{name}: {value}"),
                (_, _, _, Some(kind), Some(what)) => format!("{kind} {what}"),
                _ => value.to_string(),
            }
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    if screen { clean::line(&text).into_owned().into_bytes() } else { text.into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{
        EventView, SpecView,
        record::{Json as _, Record, fields},
        sample,
    };

    fn spec_format(text: &str) -> Result<Format> {
        Format::parse(text, &fields::<SpecView>())
    }

    fn event_format(text: &str) -> Result<Format> {
        Format::parse(text, &fields::<EventView>())
    }

    fn expand(format: Result<Format>, record: &dyn Record) -> String {
        String::from_utf8(format.expect("a good format").expand(&record.value(), false)).expect("text")
    }

    #[test]
    fn fields_escapes_and_lists() {
        let mut spec = sample::spec("2026-02-08-010-v7b", "A title");
        spec.labels = vec!["a".into(), "b".into()];
        for (format, text) in [
            ("%(id) %(status) %(title)", "2026-02-08-010-v7b pending A title"),
            ("100%% %41%4a%(short)%0a", "100% AJ010-v7b\n"),
            ("%(labels)|%(labels:sep=,)|%(labels:sep=%2c )", "a b|a,b|a, b"),
            ("[%(phase)%(depends_on)] %(ready) %", "[] false %"),
            ("%zz %é", "%zz %é"),
        ] {
            assert_eq!(expand(spec_format(format), &spec), text, "{format}");
        }
    }

    #[test]
    fn events_give_their_author_and_trailers() {
        assert_eq!(
            expand(event_format("%(op) by %(author), exit %(exit), %(trailers)"), &sample::event("done")),
            "finish by Ada <ada@example.com>, exit 0, Chant-Op: finish"
        );
    }

    #[test]
    fn unknown_fields_are_named_with_those_that_exist() {
        let error = spec_format("%(id) %(nmae)").expect_err("no such field");
        assert_eq!((error.exit.code(), error.message.as_str()), (129, "unknown field 'nmae' in the format"));
        assert!(error.hints[0].contains("id, short, title"), "{:?}", error.hints);
        assert!(spec_format("%(op)").is_err() && event_format("%(op)").is_ok());
        assert!(spec_format("%(id").is_err());
        assert!(spec_format("%(labels:join=,)").is_err());
    }

    #[test]
    fn values_are_cleaned_for_a_terminal_and_the_format_is_not() {
        let record = sample::spec("2026-02-08-010-v7b", "a\u{1b}[31m\nb\u{202e}").value();
        let format = spec_format("%1b[1m%(title)%1b[m").expect("good");
        assert_eq!(format.expand(&record, true), "\u{1b}[1ma b\u{1b}[m".as_bytes());
        assert_eq!(format.expand(&record, false), "\u{1b}[1ma\u{1b}[31m\nb\u{202e}\u{1b}[m".as_bytes());
    }
}
