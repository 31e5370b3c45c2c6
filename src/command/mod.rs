//! One file a verb: arguments in, an [`outcome::Outcome`] out. Nothing here prints.

pub mod outcome;
