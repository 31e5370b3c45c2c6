//! `attest`: what was checked of merged work, as an in-toto statement, and that in a DSSE envelope.
//!
//! The forms are those of the in-toto attestation framework (statement v1, predicate test-result v0.1) and of DSSE v1.0.

use super::prelude::*;
use crate::domain::signature::{Signature, Verdict};

pub(super) const ANSWERS: &[Kind] = &[of::<Attested>(&["attest"]), of::<Examined>(&["attest"])];

/// The type of what an envelope holds.
pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The type of a statement.
pub(crate) const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// The type of what a statement says.
pub(crate) const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";

/// What is said of some objects.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Statement {
    /// The type.
    #[serde(rename = "_type")]
    pub kind: String,
    /// What it is said of.
    pub subject: Vec<Resource>,
    /// The type of what is said.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said.
    pub predicate: TestResult,
}

/// Something that a digest stands for.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Resource {
    /// Its name.
    pub name: String,
    /// Its digests.
    pub digest: Digests,
}

/// Digests of one thing, named as in-toto names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Digests {
    /// The id of a commit.
    #[serde(rename = "gitCommit", default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The id of a file's content.
    #[serde(rename = "gitBlob", default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// The SHA-256 of a file's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// How checks ended.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct TestResult {
    /// `PASSED`, `WARNED` (nothing was checked) or `FAILED`.
    pub result: String,
    /// What decided what was checked: the event that recorded it, the spec, the evidence, the tests that were held.
    pub configuration: Vec<Resource>,
    /// The checks that passed.
    #[serde(rename = "passedTests")]
    pub passed: Vec<String>,
    /// Those that did not count for or against it.
    #[serde(rename = "warnedTests")]
    pub warned: Vec<String>,
    /// Those that failed.
    #[serde(rename = "failedTests")]
    pub failed: Vec<String>,
}

/// Some bytes with signatures over them.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Envelope {
    /// The bytes, in base64.
    pub payload: String,
    /// The type of the bytes.
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    /// The signatures.
    pub signatures: Vec<EnvelopeSignature>,
}

/// A signature in an envelope.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct EnvelopeSignature {
    /// The fingerprint of the key.
    pub keyid: String,
    /// The signature, in base64.
    pub sig: String,
}

/// An attestation of a spec.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Attested {
    /// The spec.
    pub spec: SpecView,
    /// Where it was written; `null` where it went to standard output.
    pub path: Option<PathText>,
    /// The statement.
    pub statement: Statement,
    /// The envelope with it; `null` where it is not signed.
    pub envelope: Option<Envelope>,
}

impl Attested {
    /// The file: the envelope, otherwise the statement.
    pub(crate) fn document(&self) -> String {
        let text = match &self.envelope {
            Some(envelope) => serde_json::to_string(envelope),
            None => serde_json::to_string(&self.statement),
        };
        format!("{}\n", text.expect("it holds texts and lists of them"))
    }
}

impl Answer for Attested {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        match &self.path {
            Some(path) => writeln!(out, "Wrote {path}"),
            None => write!(out, "{}", look.text(&self.document())),
        }
    }

    /// The document.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        vec![self.document().trim_end().as_bytes().to_vec()]
    }
}

/// What an attestation is worth here.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Examined {
    /// The id of the spec that it is about; `null` if it names none.
    pub spec: Option<String>,
    /// Whether it counts: the signature is good, and the events here say the same.
    pub ok: bool,
    /// The signature that counts most; `null` without one.
    pub signature: Option<Signature>,
    /// Why it does not count, one sentence each.
    pub problems: Vec<String>,
}

impl Answer for Examined {
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let spec = clean::line(self.spec.as_deref().unwrap_or("no spec"));
        if self.ok {
            let signer = self.signature.as_ref().and_then(|signature| signature.signer.as_deref()).unwrap_or_default();
            return writeln!(out, "{}  {spec}, signed by {}", look.paint.with(Slot::Good, "good"), clean::line(signer));
        }
        writeln!(out, "{}  {spec}", look.paint.with(Slot::Bad, "REFUSED"))?;
        self.problems.iter().try_for_each(|problem| writeln!(out, "    {}", clean::line(problem)))
    }

    /// `ok` or `refused`, the spec, the verdict on the signature and the fingerprint of its key.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        let verdict = self.signature.as_ref().map_or(Verdict::None, |signature| signature.verdict);
        let key = self.signature.as_ref().and_then(|signature| signature.key.as_deref());
        let word = if self.ok { "ok" } else { "refused" };
        vec![joined(&[word, text(&self.spec), verdict.as_str(), key.unwrap_or_default()])]
    }

    fn is_negative(&self) -> bool {
        !self.ok
    }
}
