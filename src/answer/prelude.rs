//! What almost every file of an answer imports. Nothing is defined here.

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
pub(super) use crate::{
    domain::{id::SpecId, status::Status},
    terminal::{Look, clean, color::Slot, time},
};
