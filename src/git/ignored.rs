//! Which rule has git ignore a path.

use bstr::ByteSlice as _;

use super::{process::Git, repository::Repository};
use crate::error::Result;

/// The rule by which git ignores `path`, relative to the top of the work tree, in words: `'.gitignore' line 3 ('/*')`; `None` where it does
/// not. What is tracked counts as any other path.
///
/// # Errors
/// If git cannot be run.
pub(crate) fn rule_for(repo: &Repository, path: &str) -> Result<Option<String>> {
    let found = Git::at(repo).args(["check-ignore", "-v", "-z", "--no-index", "--stdin"]).stdin_bytes(path).run()?;
    let mut fields = found.stdout.split_str("\0").map(|field| field.to_str_lossy());
    let (Some(file), Some(line), Some(pattern)) = (fields.next(), fields.next(), fields.next()) else {
        return Ok(None);
    };
    Ok((!pattern.starts_with('!')).then(|| format!("'{file}' line {line} ('{pattern}')")))
}
