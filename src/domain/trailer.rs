//! The trailers of an event, for those who read them: gitchant-format(5) is made from this table.

/// One trailer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trailer {
    /// Its name, after `Chant-`.
    pub name: &'static str,
    /// What its value is.
    pub value: &'static str,
    /// Whether there may be several of it in one event.
    pub many: bool,
    /// What it says.
    pub about: &'static str,
}

const fn one(name: &'static str, value: &'static str, about: &'static str) -> Trailer {
    Trailer { name, value, many: false, about }
}

const fn many(name: &'static str, value: &'static str, about: &'static str) -> Trailer {
    Trailer { name, value, many: true, about }
}

/// Every trailer, in the order in which they are written.
pub(crate) const TRAILERS: &[Trailer] = &[
    one("Format", "`1`", "The version of the format."),
    one("Spec", "spec id", "The spec that the event belongs to."),
    one("Op", "name", "What was done."),
    one("Gen", "number", "One more than the greatest among its own parents; the first event has 1."),
    one(
        "Parents",
        "list",
        "For each parent in turn `self`, an event of this chain, or `informed`, the tip of a spec that informs it; separated by commas. Absent if there are no parents.",
    ),
    one("Status", "status", "The status of the spec after this event."),
    one("Was", "status", "On an archive event: the status before."),
    one("Phase", "name", "The phase of the investigation, from the front matter."),
    one(
        "Attempt",
        "event id",
        "The attempt that it belongs to: the id of its start event. Absent on the start event itself.",
    ),
    one("Nonce", "text", "Makes two equal events differ."),
    one("Clone", "name", "The clone that wrote it."),
    one("Created", "RFC 3339 date", "When the first event was written."),
    one("Onto", "ref", "The branch that the spec is for, whatever becomes of its attempts."),
    one("Superseded-By", "spec id", "The spec that takes the place of this one."),
    one("Spec-Path", "path", "Where the spec file was."),
    one("Spec-Blob", "blob id", "The text of the spec. The tree of the event holds it too, as `spec.md`."),
    one("Base", "commit id", "The commit that the attempt started from."),
    one("Target", "ref", "The branch that the work is for."),
    many(
        "Work-Commit",
        "commit id",
        "The commits that the attempt made, oldest first. They are never parents of events.",
    ),
    many("Patch-Id", "id", "The patch ids of those commits, in the same order."),
    one(
        "Merge",
        "two commit ids",
        "Where the target moves: from the first, `-` if there was no such branch, to the second.",
    ),
    one("Agent", "name", "The agent."),
    one("Model", "text", "The model that it reported."),
    one("Cost", "text", "The cost that it reported."),
    one("Session", "text", "The session that it reported."),
    one("Exit", "number", "The exit code of the agent."),
    one("Reason", "text", "Why, in words."),
    many(
        "Informed-By",
        "input",
        "What an input was when the attempt began: `path:<path> <blob>`, `spec:<id> <event>` or `url:<url>`.",
    ),
    many("Supersedes", "event id", "An attempt that is over by this event."),
    one("Approval", "word and blob id", "`approved` or `rejected`, and the text of the spec that this is about."),
    many("Tampered", "text", "What the agent changed in the repository that no event explains."),
    many("Contended", "event id", "An attempt that contends after this event, if several do."),
    one("Current", "event id", "Which attempt the status is of, if it is not this event's own."),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in the table are those that the codec reads, in no other number.
    #[test]
    fn the_table_has_every_trailer_that_is_read() {
        let source = include_str!("../store/codec.rs");
        let arms = source.lines().filter_map(|line| line.trim_start().strip_prefix('"')?.split_once("\" =>"));
        let mut read: Vec<_> = arms.map(|(name, _)| name).filter(|name| name.starts_with(char::is_uppercase)).collect();
        // A guarded arm does not begin with its arrow.
        read.push("Parents");
        read.sort_unstable();
        read.dedup();
        let mut known: Vec<_> = TRAILERS.iter().map(|trailer| trailer.name).collect();
        known.sort_unstable();
        assert_eq!(known, read);
        for trailer in TRAILERS {
            assert!(trailer.about.ends_with('.'), "{}", trailer.name);
            let pushed = source.contains(&format!("\"{}\" => facts.", trailer.name));
            assert_eq!(trailer.many, pushed, "{}: whether there may be several", trailer.name);
        }
    }
}
