//! `git chant attest`

use std::path::Path;

use serde::Deserialize;

use super::Context;
use crate::{
    answer::{Attested, Envelope, EnvelopeSignature, Examined, PAYLOAD_TYPE, Statement, outcome::Outcome},
    cli::attest::AttestArgs,
    domain::{digest, signature::Signature},
    env::local_file,
    error::{Error, IoContext as _, Kind, Result},
    git::seal,
    project::Project,
    query::attest,
    specs::{all::Specs, entry::Entry, facts::StateFacts},
};

/// A larger file is no attestation, in bytes.
const MOST: u64 = 64 << 20;

pub(super) fn run(context: &Context<'_>, args: &AttestArgs) -> Result<Outcome> {
    let project = context.project()?;
    let Some(query) = args.spec.as_deref() else {
        let path = args.verify.as_deref().unwrap_or(Path::new(""));
        return examine(&project, &context.env.cwd().join(path));
    };
    let id = context.pick(&project, query)?;
    let specs = Specs::new(&project)?;
    let entry = specs.entry(&id)?;
    let statement = attest::statement(&specs, &entry)?;
    let envelope = if args.sign { Some(sealed(&project, &statement)?) } else { None };
    let path = args.output.as_ref().filter(|path| path.as_os_str() != "-").map(|path| context.env.cwd().join(path));
    let answer = Attested { spec: specs.view(&entry)?, path: path.clone().map(Into::into), statement, envelope };
    if let Some(path) = path {
        local_file::hand_over(&path, answer.document().as_bytes())?;
    }
    Ok(warned(Outcome::new(answer), dropped(&specs, &entry)?))
}

/// Adds a warning, if there is one.
fn warned(outcome: Outcome, warning: Option<String>) -> Outcome {
    match warning {
        Some(warning) => outcome.warning(warning),
        None => outcome,
    }
}

/// That the target no longer contains the work: a statement stays true of the merge commit, but the branch is another by now.
fn dropped(specs: &Specs<'_>, entry: &Entry) -> Result<Option<String>> {
    let Some(state) = &entry.state else { return Ok(None) };
    let dropped = specs.dropped(&entry.id, &StateFacts::of(state))?;
    Ok(dropped.map(|dropped| format!("'{}' was merged, and {dropped}", entry.id.short())))
}

fn payload(statement: &Statement) -> Vec<u8> {
    serde_json::to_vec(statement).expect("it holds texts and lists of them")
}

/// What is signed of a payload: DSSE v1.0, "PAE".
fn encoded(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend(payload);
    out
}

fn sealed(project: &Project, statement: &Statement) -> Result<Envelope> {
    let payload = payload(statement);
    let seal = seal::sign(&project.repo, &encoded(PAYLOAD_TYPE, &payload))?;
    let signature = EnvelopeSignature { keyid: seal.key, sig: digest::base64(&seal.signature) };
    let (payload, payload_type) = (digest::base64(&payload), PAYLOAD_TYPE.to_owned());
    Ok(Envelope { payload, payload_type, signatures: vec![signature] })
}

/// An envelope as another may have written it.
#[derive(Deserialize)]
struct Foreign {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<ForeignSignature>,
}

#[derive(Deserialize)]
struct ForeignSignature {
    sig: String,
}

fn examine(project: &Project, path: &Path) -> Result<Outcome> {
    let bytes = local_file::read(path, MOST).io("read", path)?;
    let none =
        |why: &str| Error::negative(Kind::BadAttestation, format!("'{}' holds no attestation: {why}", path.display()));
    let bytes = bytes.ok_or_else(|| none("there is no such file"))?;
    let envelope: Foreign = serde_json::from_slice(&bytes).map_err(|error| none(&error.to_string()))?;
    let payload = digest::from_base64(envelope.payload.as_bytes()).ok_or_else(|| none("its payload is no base64"))?;
    let mut problems = Vec::new();
    if envelope.payload_type != PAYLOAD_TYPE {
        problems.push(format!("its type is '{}', expected '{PAYLOAD_TYPE}'", envelope.payload_type));
    }
    let signature = best_signature(project, &envelope, &payload)?;
    match &signature {
        None => problems.push("it has no signature".to_owned()),
        Some(one) if !one.counts() => problems.push(format!("it {}", one.verdict.fault())),
        Some(_) => {}
    }
    let spec = serde_json::from_slice(&payload).ok().and_then(|statement| attest::spec_of(&statement));
    let mut warning = None;
    match &spec {
        None => problems.push("it names no spec".to_owned()),
        Some(id) => {
            let specs = Specs::new(project)?;
            if specs.names.has(id)? {
                let entry = specs.entry(id)?;
                problems.extend(contradiction(&specs, &entry, &payload)?);
                warning = dropped(&specs, &entry)?;
            } else {
                problems.push(format!("there are no events of '{id}' here"));
            }
        }
    }
    let spec = spec.map(|id| id.to_string());
    Ok(warned(Outcome::new(Examined { spec, ok: problems.is_empty(), signature, problems }), warning))
}

/// The first good signature, otherwise the first.
fn best_signature(project: &Project, envelope: &Foreign, payload: &[u8]) -> Result<Option<Signature>> {
    let signed = encoded(&envelope.payload_type, payload);
    let mut first = None;
    for one in &envelope.signatures {
        let Some(bytes) = digest::from_base64(one.sig.as_bytes()) else { continue };
        let checked = seal::check(&project.repo, &signed, &bytes)?;
        if checked.counts() {
            return Ok(Some(checked));
        }
        first.get_or_insert(checked);
    }
    Ok(first)
}

/// Why the events here do not record what the payload says.
///
/// # Errors
/// `cut-off` if that cannot be told here.
fn contradiction(specs: &Specs<'_>, entry: &Entry, payload: &[u8]) -> Result<Option<String>> {
    match attest::statement(specs, entry) {
        Ok(own) if self::payload(&own) == payload => Ok(None),
        Ok(_) => Ok(Some(format!("the events of '{}' record something else", entry.id.short()))),
        Err(error) if error.kind == Kind::CutOff => Err(error),
        Err(error) => Ok(Some(error.message)),
    }
}
