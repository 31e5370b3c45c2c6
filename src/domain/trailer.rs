//! The trailers of an event: one table by which they are written, read and documented in gitchant-format(5).
//!
//! How a value is quoted into one line of a commit message, and found there again, is in `store::codec`.

use gix::ObjectId;

use super::{
    confined::Confined,
    cost::Cost,
    event::{Approval, Facts, Landing, Op, Pin, Review, Role},
    id::SpecId,
    status::Status,
    stop::StopKind,
    verified::Verified,
};

/// One trailer, as the documentation describes it.
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

/// The trailers of one event with their values. A trailer that the event does not have is absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trailers {
    /// The version of the format.
    pub format: Option<String>,
    /// The spec that the event belongs to.
    pub spec: Option<SpecId>,
    /// The operation.
    pub op: Option<Op>,
    /// The generation of the event.
    pub generation: Option<u64>,
    /// The roles of the parents.
    pub roles: Option<Roles>,
    /// All other trailers.
    pub facts: Facts,
}

/// The role of each parent of an event, in the order of the parents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roles(pub Vec<Role>);

/// Declares [`TRAILERS`] from one table: name, field of [`Trailers`], what the value is, what the trailer says. The order is the one in
/// which they are written.
macro_rules! trailers {
    ($($name:literal $($field:ident).+, $value:literal, $about:literal;)*) => {
        /// Every trailer, in the order in which they are written.
        pub(crate) const TRAILERS: &[Trailer] = &[$(
            Trailer { name: $name, value: $value, many: many(|trailers| &trailers.$($field).+), about: $about },
        )*];

        impl Trailers {
            /// Each trailer with its name after `Chant-` and its value, in the order of [`TRAILERS`], then those that are not known.
            pub(crate) fn write(&self) -> Vec<(&str, String)> {
                let mut all = Vec::new();
                $(all.extend(self.$($field).+.values().into_iter().map(|value| ($name, value)));)*
                all.extend(self.facts.unknown.iter().map(|(name, value)| (name.as_str(), value.clone())));
                all
            }

            /// Takes the value of the trailer `Chant-<name>`. A trailer that is not known is kept.
            ///
            /// # Errors
            /// If the value does not fit, or a trailer that may stand once stands there again.
            pub(crate) fn read(&mut self, name: &str, value: &str) -> Result<(), String> {
                let read = match name {
                    $($name => self.$($field).+.read(value),)*
                    _ => {
                        self.facts.unknown.push((name.to_owned(), value.to_owned()));
                        Ok(())
                    }
                };
                read.map_err(|fault| match fault {
                    Fault::Twice => format!("Chant-{name} occurs twice"),
                    Fault::IsNot(what) => format!("Chant-{name}: '{}' is not {what}", value.escape_debug()),
                })
            }
        }
    };
}

trailers! {
    "Format" format, "`1`", "The version of the format.";
    "Spec" spec, "spec id", "The spec that the event belongs to.";
    "Op" op, "name", "The operation.";
    "Gen" generation, "number", "The generation: one more than the greatest of its own parents; the first event has 1.";
    "Parents" roles, "list", "For each parent in turn `self`, an event of this chain, or `informed`, the tip of a spec that informs it; separated by commas. Absent if there are no parents.";
    "Status" facts.status, "status", "The status of the spec after this event.";
    "Was" facts.was, "status", "On an archive event: the status before.";
    "Phase" facts.phase, "name", "The phase of the investigation, from the front matter.";
    "Attempt" facts.attempt, "event id", "The attempt: the id of its start event. Absent on the start event itself.";
    "Nonce" facts.nonce, "text", "Random, so that equal events get different ids.";
    "Clone" facts.clone, "name", "The clone that wrote the event.";
    "Created" facts.created, "RFC 3339 date", "When the first event was written.";
    "Onto" facts.onto, "ref", "The spec's own target branch.";
    "Superseded-By" facts.superseded_by, "spec id", "The spec that supersedes this one.";
    "Proposed-By" facts.proposed_by, "spec id", "The spec whose agent proposed this one, until a person adopts it.";
    "Spec-Path" facts.spec_path, "path", "The path of the spec file.";
    "Spec-Blob" facts.spec_blob, "blob id", "The text of the spec. The tree of the event holds it too, as `spec.md`.";
    "Base" facts.base, "commit id", "The commit that the attempt started from.";
    "Target" facts.target, "ref", "The branch that the work is for.";
    "Target-Tip" facts.target_tip, "commit id", "What that branch was when the attempt began. Absent where the merge is to create the branch.";
    "Work-Commit" facts.work_commits, "commit id", "The commits that the attempt made, oldest first. They are never parents of events.";
    "Patch-Id" facts.patch_ids, "id", "The patch ids of those commits, in the same order; `-` for one that has none, or changes more than 2000 paths.";
    "Merge" facts.landing, "two commit ids", "The target's old and new commit; the old one is `-` for a new branch.";
    "Agent" facts.agent, "name", "The agent.";
    "Model" facts.model, "text", "The model that the agent reported.";
    "Cost" facts.cost, "text", "What the run of an agent that ended with this event cost, as the agent reported it: `0.0312 USD, 5120 tokens in, 3000 cached, 310 out`. Tokens from a cache are among those that went in.";
    "Spent" facts.spent, "text", "What all runs for the spec cost, this event's own included.";
    "Session" facts.session, "text", "The session that the agent reported.";
    "Run-Agent" facts.run_agent, "name", "The agent whose run `Chant-Cost` counts, where that is not the run of `Chant-Agent` for the attempt: a review, a proposal how to split the spec.";
    "Run-Session" facts.run_session, "text", "On a note with `Chant-Cost`: the session that the agent of that run reported.";
    "Confined" facts.confined, "name", "What confined the run of the agent: `bubblewrap`, `seatbelt` or `none`.";
    "Verified" facts.verified, "name", "How far the work is verified: `none`, `checks`, `proof` or `reviewed`, see gitchant-security(7).";
    "Exit" facts.exit, "number", "The exit code of the agent.";
    "Stopped" facts.stopped, "name", "Why the agent stopped before its work was done: `rate-limit`, `overload`, `server-error`, `no-network`, `unresponsive`, `bad-key`, `no-credit`, `not-logged-in`, `time-limit`, `turn-limit`, `output-limit`, `budget-limit`, `refusal`, `killed`, `broken-off`, `question`, `denied` or `research-insufficient`.";
    "Reason" facts.reason, "text", "The reason.";
    "Informed-By" facts.informed_by, "input", "A pinned input: `path:<path> <blob>`, `spec:<id> <event>` or `url:<url>`.";
    "Supersedes" facts.supersedes, "event id", "An attempt that this event ends.";
    "Approval" facts.approval, "word and blob id", "`approved` or `rejected`, and the spec text in question.";
    "Review" facts.review, "word and commit id", "`approved` or `rejected`, and the newest commit of the work in question.";
    "Tampered" facts.tampered, "text", "A change in the repository that no event explains.";
    "Contended" facts.contended, "event id", "An attempt that contends after this event.";
    "Current" facts.current, "event id", "The attempt that the status belongs to, if not this event's own.";
}

/// Why the value of a trailer is not taken.
enum Fault {
    /// A trailer that may stand once stands there again.
    Twice,
    /// The value is not this.
    IsNot(&'static str),
}

/// Where the values of one trailer are: an `Option` for one that may stand once, a `Vec` for one that may stand several times.
trait Field {
    const MANY: bool;

    fn values(&self) -> Vec<String>;

    fn read(&mut self, value: &str) -> Result<(), Fault>;
}

/// Whether the trailer of that field may stand several times.
const fn many<F: Field>(_: fn(&Trailers) -> &F) -> bool {
    F::MANY
}

impl<T: Value> Field for Option<T> {
    const MANY: bool = false;

    fn values(&self) -> Vec<String> {
        self.iter().map(Value::write).collect()
    }

    fn read(&mut self, value: &str) -> Result<(), Fault> {
        let value = T::read(value).ok_or(Fault::IsNot(T::WHAT))?;
        if self.replace(value).is_some() { Err(Fault::Twice) } else { Ok(()) }
    }
}

impl<T: Value> Field for Vec<T> {
    const MANY: bool = true;

    fn values(&self) -> Vec<String> {
        self.iter().map(Value::write).collect()
    }

    fn read(&mut self, value: &str) -> Result<(), Fault> {
        self.push(T::read(value).ok_or(Fault::IsNot(T::WHAT))?);
        Ok(())
    }
}

/// A value of a trailer, and its text.
trait Value: Sized {
    /// What it is, for the complaint about a text that is not.
    const WHAT: &'static str;

    fn write(&self) -> String;

    fn read(text: &str) -> Option<Self>;
}

/// The values whose text is their usual one.
macro_rules! plain_values {
    ($($type:ty: $what:literal),*) => {$(
        impl Value for $type {
            const WHAT: &'static str = $what;

            fn write(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

plain_values! {
    String: "a text",
    ObjectId: "an object id",
    SpecId: "a spec id",
    Status: "a status",
    i32: "a number",
    u64: "a number"
}

impl Value for Op {
    const WHAT: &'static str = "an operation";

    fn write(&self) -> String {
        self.as_str().to_owned()
    }

    fn read(text: &str) -> Option<Self> {
        Some(Op::from_name(text))
    }
}

/// The values whose text is the name of their variant.
macro_rules! named_values {
    ($($type:ty: $what:literal),*) => {$(
        impl Value for $type {
            const WHAT: &'static str = $what;

            fn write(&self) -> String {
                self.as_ref().to_owned()
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

impl Value for Cost {
    const WHAT: &'static str = "a cost";

    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        Some(Cost::read(text))
    }
}

named_values! {
    Confined: "a means of confinement",
    Verified: "a level",
    StopKind: "why an agent stopped"
}

impl Value for Roles {
    const WHAT: &'static str = "a list of roles";

    fn write(&self) -> String {
        let names = self.0.iter().map(|role| if *role == Role::Own { "self" } else { "informed" });
        names.collect::<Vec<_>>().join(",")
    }

    fn read(text: &str) -> Option<Self> {
        let role = |name| match name {
            "self" => Some(Role::Own),
            "informed" => Some(Role::Informed),
            _ => None,
        };
        text.split(',').map(role).collect::<Option<_>>().map(Roles)
    }
}

impl Value for Landing {
    const WHAT: &'static str = "two object ids";

    fn write(&self) -> String {
        let old = self.old.map_or_else(|| "-".to_owned(), |old| old.to_string());
        format!("{old} {}", self.new)
    }

    fn read(text: &str) -> Option<Self> {
        let (old, new) = text.split_once(' ')?;
        let old = if old == "-" { None } else { Some(old.parse().ok()?) };
        Some(Landing { old, new: new.parse().ok()? })
    }
}

impl Value for Approval {
    const WHAT: &'static str = "an approval";

    fn write(&self) -> String {
        write_answer(self.approved, self.blob)
    }

    fn read(text: &str) -> Option<Self> {
        read_answer(text).map(|(approved, blob)| Approval { approved, blob })
    }
}

impl Value for Review {
    const WHAT: &'static str = "a review";

    fn write(&self) -> String {
        write_answer(self.approved, self.commit)
    }

    fn read(text: &str) -> Option<Self> {
        read_answer(text).map(|(approved, commit)| Review { approved, commit })
    }
}

/// What a person said, and of which object.
fn write_answer(approved: bool, of: ObjectId) -> String {
    format!("{} {of}", if approved { "approved" } else { "rejected" })
}

fn read_answer(text: &str) -> Option<(bool, ObjectId)> {
    let (word, of) = text.split_once(' ')?;
    let approved = match word {
        "approved" => true,
        "rejected" => false,
        _ => return None,
    };
    Some((approved, of.parse().ok()?))
}

impl Value for Pin {
    const WHAT: &'static str = "a pinned input";

    fn write(&self) -> String {
        match self {
            Pin::Path { path, blob } => format!("path:{path} {blob}"),
            Pin::Spec { id, event } => format!("spec:{id} {event}"),
            Pin::Url(url) => format!("url:{url}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        if let Some(url) = text.strip_prefix("url:") {
            return Some(Pin::Url(url.to_owned()));
        }
        let (what, id) = text.rsplit_once(' ')?;
        let id = id.parse().ok()?;
        if let Some(path) = what.strip_prefix("path:") {
            return Some(Pin::Path { path: path.to_owned(), blob: id });
        }
        Some(Pin::Spec { id: SpecId::new(what.strip_prefix("spec:")?).ok()?, event: id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trailer_is_described_once() {
        for trailer in TRAILERS {
            assert!(trailer.about.ends_with('.'), "{}", trailer.name);
            assert_eq!(TRAILERS.iter().filter(|other| other.name == trailer.name).count(), 1, "{}", trailer.name);
        }
    }
}
