//! YAML by serde_yaml, as a tree of texts: `010` and `1e3` stay what was written, and every node can be found again.
//!
//! serde_yaml gives a scalar's own text only to those who ask for a string, and a position only in an error. So the front
//! matter is read twice, first for its shape (is this a list?) and then for its texts; and a node is located, when a
//! diagnostic needs it, by reading a third time and failing on purpose when the node is reached.

use std::{cell::Cell, fmt};

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// The largest front matter, in bytes.
pub(super) const MAX_FRONT_LEN: usize = 256 * 1024;
/// Nodes that a front matter may have once its aliases are expanded: beyond is a bomb.
const MAX_NODES: usize = 50_000;
/// Opening brackets that a front matter may have: the scanner looks at every one that is open for each token that it reads, so
/// that its time grows with the square.
const MAX_BRACKETS: usize = 10_000;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// `~`, `null`, or nothing at all.
    Null,
    /// Any other scalar.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping.
    Map(Vec<(String, Node)>),
    /// Something with a tag of its own (`!ref x`).
    Tagged,
}

/// What is wrong with the YAML as such, and the byte where, if that is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Without position.
    pub(super) message: String,
    /// An offset into the text that was parsed.
    pub(super) offset: Option<usize>,
}

/// Reads a mapping: its keys in their order, with values only for those that are `wanted` (the others are `Null`).
/// `None` for a document that holds nothing.
pub(super) fn read(text: &str, wanted: impl Fn(&str) -> bool) -> Result<Option<Vec<(String, Node)>>, Fault> {
    // An empty stream is no YAML document at all; one with a comment is.
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(None);
    }
    // Wherever they stand: to tell which of them are in quotes is what the scanner does.
    if let Some((offset, _)) = text.match_indices(['[', '{']).nth(MAX_BRACKETS) {
        let message = format!("the front matter has more than {MAX_BRACKETS} opening brackets");
        return Err(Fault { message, offset: Some(offset) });
    }
    let budget = Budget { nodes: Cell::new(MAX_NODES), bytes: Cell::new(2 * text.len()), key: Cell::new(None) };
    let shape = ShapeOf { budget: &budget, top: true }
        .deserialize(serde_yaml::Deserializer::from_str(text))
        .map_err(|error| budget.fault(text, &error))?;
    let shapes = match shape {
        Shape::Map(shapes) => shapes,
        Shape::Null => return Ok(None),
        Shape::Scalar | Shape::List(_) | Shape::Tagged => {
            let message = "the front matter is not a mapping of keys to values".to_owned();
            return Err(Fault { message, offset: offset_of(text, &[], false) });
        }
    };
    serde_yaml::Deserializer::from_str(text)
        .deserialize_map(Entries { shapes: &shapes, wanted: &wanted })
        .map(Some)
        .map_err(|error| fault(&error))
}

/// The byte at which a node begins: `path` is its index in each mapping and list on the way; with `key` the key of the
/// last mapping's entry instead of the value. An alias is found where its anchor is.
pub(super) fn offset_of(text: &str, path: &[usize], key: bool) -> Option<usize> {
    let error = Probe { path, key }.deserialize(serde_yaml::Deserializer::from_str(text)).err()?;
    error.location().map(|location| location.index())
}

/// What may still be expanded, and the top-level entry that is being read.
struct Budget {
    nodes: Cell<usize>,
    bytes: Cell<usize>,
    key: Cell<Option<usize>>,
}

impl Budget {
    fn spend<E: serde::de::Error>(&self, bytes: usize) -> Result<(), E> {
        match (self.nodes.get().checked_sub(1), self.bytes.get().checked_sub(bytes)) {
            (Some(nodes), Some(bytes)) => {
                self.nodes.set(nodes);
                self.bytes.set(bytes);
                Ok(())
            }
            _ => {
                self.nodes.set(0);
                self.bytes.set(0);
                Err(E::custom("too much"))
            }
        }
    }

    /// The fault behind an error of the first reading.
    fn fault(&self, text: &str, error: &serde_yaml::Error) -> Fault {
        let expanded = self.nodes.get() == 0 && self.bytes.get() == 0 || error.to_string().contains("repetition limit");
        let key = self.key.get().and_then(|index| offset_of(text, &[index], true));
        if expanded {
            return Fault {
                message: "the front matter is too large once its aliases are expanded".into(),
                offset: key,
            };
        }
        let fault = fault(error);
        Fault { offset: fault.offset.or(key), ..fault }
    }
}

fn fault(error: &serde_yaml::Error) -> Fault {
    let message = without_positions(&error.to_string());
    let message = match message.as_str() {
        text if text.contains("more than one document") => {
            "the front matter holds more than one YAML document".to_owned()
        }
        text if text.contains("recursion limit") => "the front matter is nested too deeply".to_owned(),
        text if text.contains("invalid type") => "a key is not plain text".to_owned(),
        text => format!("the front matter is not valid YAML: {text}"),
    };
    Fault { message, offset: error.location().map(|location| location.index()) }
}

/// Cuts ` at line 2 column 9` and ` at position 7` out of a message: they count from the front matter, not from the file.
fn without_positions(message: &str) -> String {
    let digits = |text: &'_ str| text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut kept = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(" at ") {
        let (before, after) = rest.split_at(at);
        kept.push_str(before);
        let beyond = match after.strip_prefix(" at line ") {
            Some(line) => line[line.len() - digits(line)..]
                .strip_prefix(" column ")
                .map(|column| &column[column.len() - digits(column)..]),
            None => after.strip_prefix(" at position ").map(|number| &number[number.len() - digits(number)..]),
        };
        rest = beyond.unwrap_or_else(|| {
            kept.push_str(" at ");
            &after[" at ".len()..]
        });
    }
    kept + rest
}

/// The form of a node, without its text.
enum Shape {
    Null,
    Scalar,
    List(Vec<Shape>),
    Map(Vec<Shape>),
    Tagged,
}

#[derive(Clone, Copy)]
struct ShapeOf<'a> {
    budget: &'a Budget,
    top: bool,
}

impl<'de> DeserializeSeed<'de> for ShapeOf<'_> {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl ShapeOf<'_> {
    fn scalar<E: serde::de::Error>(self, bytes: usize) -> Result<Shape, E> {
        self.budget.spend(bytes).map(|()| Shape::Scalar)
    }

    fn inner(self) -> Self {
        ShapeOf { top: false, ..self }
    }
}

impl<'de> Visitor<'de> for ShapeOf<'_> {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Shape, E> {
        self.scalar(1)
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Shape, E> {
        self.scalar(1)
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Shape, E> {
        self.scalar(1)
    }

    fn visit_i128<E: serde::de::Error>(self, _: i128) -> Result<Shape, E> {
        self.scalar(1)
    }

    fn visit_u128<E: serde::de::Error>(self, _: u128) -> Result<Shape, E> {
        self.scalar(1)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Shape, E> {
        self.scalar(1)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Shape, E> {
        self.scalar(text.len())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Shape, E> {
        self.budget.spend(0).map(|()| Shape::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Shape, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
        self.budget.spend(0)?;
        let mut shapes = Vec::new();
        while let Some(shape) = list.next_element_seed(self.inner())? {
            shapes.push(shape);
        }
        Ok(Shape::List(shapes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        self.budget.spend(0)?;
        let mut shapes = Vec::new();
        loop {
            if self.top {
                self.budget.key.set(Some(shapes.len()));
            }
            if map.next_key::<IgnoredAny>()?.is_none() {
                return Ok(Shape::Map(shapes));
            }
            shapes.push(map.next_value_seed(self.inner())?);
        }
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Shape, A::Error> {
        self.budget.spend(0)?;
        let (_, content) = data.variant::<IgnoredAny>()?;
        content.newtype_variant_seed(self.inner()).map(|_| Shape::Tagged)
    }
}

/// The entries of the top-level mapping.
struct Entries<'a, W> {
    shapes: &'a [Shape],
    wanted: &'a W,
}

impl<'de, W: Fn(&str) -> bool> Visitor<'de> for Entries<'_, W> {
    type Value = Vec<(String, Node)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(self.shapes.len());
        for shape in self.shapes {
            let Some(key) = map.next_key::<String>()? else { break };
            let value = if (self.wanted)(&key) {
                map.next_value_seed(NodeOf(shape))?
            } else {
                map.next_value::<IgnoredAny>()?;
                Node::Null
            };
            entries.push((key, value));
        }
        map.next_key::<IgnoredAny>()?;
        Ok(entries)
    }
}

/// Reads a node whose shape is known.
struct NodeOf<'a>(&'a Shape);

impl<'de> DeserializeSeed<'de> for NodeOf<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        match self.0 {
            Shape::Null => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Node::Null),
            Shape::Tagged => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Node::Tagged),
            Shape::Scalar => deserializer.deserialize_str(self),
            Shape::List(_) => deserializer.deserialize_seq(self),
            Shape::Map(_) => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for NodeOf<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let Shape::List(shapes) = self.0 else { return Err(A::Error::custom("a list that was none")) };
        let mut nodes = Vec::with_capacity(shapes.len());
        for shape in shapes {
            nodes.extend(list.next_element_seed(NodeOf(shape))?);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Node, A::Error> {
        let Shape::Map(shapes) = self.0 else { return Err(A::Error::custom("a mapping that was none")) };
        Entries { shapes, wanted: &|_: &str| true }.visit_map(map).map(Node::Map)
    }
}

/// Walks to a node and fails there, for the error's position.
struct Probe<'a> {
    path: &'a [usize],
    key: bool,
}

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.path.is_empty() { deserializer.deserialize_any(Fail) } else { deserializer.deserialize_any(self) }
    }
}

impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a mapping")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for _ in 0..self.path[0] {
            list.next_element::<IgnoredAny>()?;
        }
        list.next_element_seed(Probe { path: &self.path[1..], key: self.key }).map(drop)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        for _ in 0..self.path[0] {
            map.next_entry::<IgnoredAny, IgnoredAny>()?;
        }
        if self.key && self.path.len() == 1 {
            return map.next_key_seed(Probe { path: &[], key: false }).map(drop);
        }
        map.next_key::<IgnoredAny>()?;
        map.next_value_seed(Probe { path: &self.path[1..], key: self.key })
    }
}

/// Takes nothing: every visit is the default one, an error.
struct Fail;

impl Visitor<'_> for Fail {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}
