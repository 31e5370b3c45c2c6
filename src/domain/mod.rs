//! The pure half: ids, spec files, events, the transition table, the fold. Nothing here touches a disk, a clock, a
//! terminal or the environment.

pub(crate) mod activity;
pub(crate) mod agent;
pub(crate) mod altered_tests;
pub(crate) mod altered_work;
pub(crate) mod byte_text;
pub(crate) mod canary;
pub(crate) mod changed_lines;
pub(crate) mod character;
pub(crate) mod check_line;
pub(crate) mod checks;
pub(crate) mod code_text;
pub(crate) mod confined;
pub(crate) mod converge;
pub(crate) mod cost;
pub(crate) mod diagnostic;
pub(crate) mod digest;
pub(crate) mod enumeration;
pub(crate) mod event;
pub(crate) mod failure;
pub(crate) mod filter;
pub(crate) mod fold;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod hook;
pub(crate) mod id;
pub(crate) mod inline_tests;
pub(crate) mod naming;
pub(crate) mod new_event;
pub(crate) mod oid;
pub(crate) mod patches;
pub(crate) mod pattern;
pub(crate) mod phase;
pub(crate) mod probes;
pub(crate) mod proof;
pub(crate) mod readiness;
pub(crate) mod redaction;
pub(crate) mod review;
pub(crate) mod runner;
pub(crate) mod signature;
pub(crate) mod span;
pub(crate) mod spec_file;
pub(crate) mod spec_type;
pub(crate) mod state;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod test_path;
pub(crate) mod test_settings;
pub(crate) mod test_text;
pub(crate) mod text;
pub(crate) mod trailer;
pub(crate) mod transition;
pub(crate) mod verified;

#[cfg(test)]
mod tests;
