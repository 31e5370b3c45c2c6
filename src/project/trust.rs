//! Commands in the repository's files are code: they run only where this person wrote or approved them in a text of that very spec, or that
//! very text of a prompt. A copy of a trusted text under another name is not trusted: an agent may have made it.

use std::{fmt::Display, path::PathBuf};

use gix::{ObjectId, bstr::ByteSlice};

use super::Project;
use crate::{
    agent::template,
    config::Trust,
    domain::{
        id::SpecId,
        spec_file::{self, Spec},
    },
    env::{fault, local_file},
    error::{Error, IoContext, Kind, Result},
    git::work_file,
};

/// The folder of prompt files.
const PROMPTS_DIR: &str = ".chant/prompts";

/// The folder of what is trusted, in that of the clone.
const TRUSTED: &str = "trusted";

/// The largest prompt file, in bytes.
const MAX_PROMPT_LEN: u64 = 1 << 20;

/// Instructions that a spec asks for by name.
#[derive(Clone, Debug)]
pub(crate) struct CustomPrompt {
    /// The file.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Its blob.
    pub blob: ObjectId,
}

/// What would run and this person has not approved.
#[derive(Clone, Debug)]
pub(crate) struct Untrusted {
    /// The texts to approve, each with its subject.
    pub texts: Vec<(String, ObjectId)>,
    /// What they would run, one line each.
    pub what: Vec<String>,
}

impl CustomPrompt {
    /// What its text is trusted as: the prompt of that name.
    pub(crate) fn subject(&self) -> String {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        format!("prompt:{name}")
    }

    /// Refuses instructions with a `{{name}}` that means nothing.
    ///
    /// # Errors
    /// `unknown-variable`, with the place.
    pub(crate) fn check(&self) -> Result<()> {
        template::check(&self.text).map_err(|unknown| {
            let (place, name) = (format!("{}:{}", self.path, unknown.line), unknown.name.escape_debug());
            Error::negative(Kind::UnknownVariable, format!("{place}: unknown name '{{{{{name}}}}}'"))
                .hint(format!("available: {}", template::VARIABLES.join(", ")))
        })
    }
}

impl Project {
    /// Remembers that this person wrote or approved the text `blob` of `subject`, a spec id or [`CustomPrompt::subject`].
    pub(crate) fn trust(&self, subject: &str, blob: ObjectId) -> Result<()> {
        let path = self.private_dir(TRUSTED)?.join(entry(subject, blob));
        fault::around("trust.write", || {
            local_file::open_with(&path, std::fs::File::options().create(true).append(true))
        })
        .map(drop)
        .io("write", &path)
    }

    /// Whether this person wrote or approved the text `blob` of `subject`.
    pub(crate) fn is_trusted(&self, subject: &str, blob: ObjectId) -> bool {
        let path = self.trusted_dir().join(entry(subject, blob));
        path.symlink_metadata().is_ok_and(|meta| meta.is_file())
    }

    /// Whether this person wrote or approved a text of that spec with exactly these commands: what else of it was edited since runs nothing.
    fn trusts_commands(&self, id: &SpecId, wanted: &[String]) -> Result<bool> {
        let prefix = entry(id.as_str(), "");
        for file in std::fs::read_dir(self.trusted_dir()).into_iter().flatten().flatten() {
            let name = file.file_name();
            let blob = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.parse::<ObjectId>().ok());
            let Some(blob) = blob.filter(|blob| self.is_trusted(id.as_str(), *blob)) else { continue };
            let Some(object) = self.repo.gix().try_find_object(blob)? else { continue };
            let spec = spec_file::parse(id.as_str(), &object.data);
            if spec.is_ok_and(|spec| commands(&spec) == wanted) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where it is remembered, a file `<subject>-<blob>` each.
    pub(crate) fn trusted_dir(&self) -> PathBuf {
        self.repo.chant_dir().join(TRUSTED)
    }

    /// What of the repository would run and this person has not yet approved.
    /// Nothing if there is nothing to ask. `doubted` says whether an agent may have set `chant.trust`: then `always` does not count.
    ///
    /// # Errors
    /// `untrusted` where `chant.trust` is `never`.
    pub(crate) fn untrusted(
        &self,
        id: &SpecId,
        blob: ObjectId,
        spec: &Spec,
        prompt: Option<&CustomPrompt>,
        doubted: impl FnOnce() -> Result<bool>,
    ) -> Result<Option<Untrusted>> {
        let mode = self.config().trust()?;
        if mode == Trust::Always && !doubted()? {
            return Ok(None);
        }
        let mut texts = Vec::new();
        let mut what = Vec::new();
        if !self.is_trusted(id.as_str(), blob) {
            let commands = commands(spec);
            if !commands.is_empty() && !self.trusts_commands(id, &commands)? {
                what.extend(commands);
                texts.push((id.to_string(), blob));
            }
        }
        if let Some(prompt) = prompt.filter(|prompt| !self.is_trusted(&prompt.subject(), prompt.blob)) {
            what.push(format!("prompt: {}", prompt.path));
            texts.push((prompt.subject(), prompt.blob));
        }
        if texts.is_empty() {
            return Ok(None);
        }
        if mode == Trust::Never {
            let short = id.short();
            return Err(unapproved(short, &what)
                .hint(format!("chant.trust is 'never'; read it, then: git chant approve {short}")));
        }
        Ok(Some(Untrusted { texts, what }))
    }

    /// The repository's own prompt file of that name, if there is one.
    pub(crate) fn prompt_file(&self, base: Option<ObjectId>, name: &str) -> Result<Option<CustomPrompt>> {
        if name.contains('/') || crate::domain::pattern::check_path(name).is_err() {
            return Err(Error::negative(
                Kind::BadPrompt,
                format!("'{}' is not the name of a prompt", name.escape_debug()),
            ));
        }
        let path = format!("{PROMPTS_DIR}/{name}.md");
        let mut bytes = None;
        for top in self.tops() {
            if bytes.is_none() {
                bytes = work_file::read(&top, path.as_bytes().as_bstr(), MAX_PROMPT_LEN)
                    .map_err(|refused| Error::negative(Kind::BadPrompt, format!("cannot read '{path}': {refused}")))?
                    .map(|bytes| self.stored(&top, &path, bytes))
                    .transpose()?;
            }
        }
        if bytes.is_none()
            && let Some(base) = base
        {
            bytes = self.blob_in(base, &path)?.map(|(_, bytes)| bytes);
        }
        let Some(bytes) = bytes else { return Ok(None) };
        let blob = self.store()?.blob_id(&bytes);
        let text =
            String::from_utf8(bytes).map_err(|_| Error::negative(Kind::BadPrompt, format!("'{path}' is not UTF-8")))?;
        Ok(Some(CustomPrompt { path, text, blob }))
    }
}

/// The commands of a spec, each with the key that names it.
fn commands(spec: &Spec) -> Vec<String> {
    let reproduces = spec.front.reproduces.iter().map(|command| format!("reproduces: {command}"));
    reproduces.chain(spec.front.verify.iter().map(|command| format!("verify: {command}"))).collect()
}

/// The name of the file that says so.
fn entry(subject: &str, blob: impl Display) -> String {
    format!("{subject}-{blob}")
}

/// The error for commands that are not approved. How to approve them is the caller's to say.
fn unapproved(short: &str, what: &[String]) -> Error {
    let message = format!("'{short}' would run commands of the repository that you have not approved");
    let would_run = |error: Error, line: &String| error.hint(format!("it would run {}", line.escape_debug()));
    what.iter().fold(Error::negative(Kind::Untrusted, message), would_run)
}

/// The error for commands that are not approved, where no person can be asked. `verb` is the command that would have run them.
pub(crate) fn refused(short: &str, what: &[String], verb: &str) -> Error {
    // Of finished work, 'approve' says that the work is good.
    let or = if verb == "merge" { String::new() } else { format!(" (or git chant approve {short})") };
    unapproved(short, what).hint(format!("read it, then: git chant {verb} {short} --trust{or}"))
}
