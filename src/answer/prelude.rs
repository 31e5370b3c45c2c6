//! What almost every file of an answer imports of this room and of libraries. Nothing is defined here; the rooms below are imported
//! by each file itself.

pub(super) use std::io::{self, Write};

pub(super) use schemars::JsonSchema;
pub(super) use serde::Serialize;
pub(super) use strum::IntoStaticStr;

pub(super) use super::{
    kind::{Kind, of},
    outcome::Answer,
    record::{PathText, Record, joined, text},
    spec::SpecView,
};
