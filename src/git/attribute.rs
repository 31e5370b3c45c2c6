//! The filter that the attributes of a path name. Line ends are in `line_ends`.

use super::{process::Git, repository::Repository};
use crate::error::Result;

/// The filter that rewrites the file at `path`, relative to the top, on its way into git; `None` if there is none or it is
/// not configured here.
///
/// # Errors
/// In a repository without a work tree.
pub(crate) fn filter_of(repo: &Repository, path: &str) -> Result<Option<String>> {
    let asked = Git::at(repo).args(["check-attr", "-z", "filter", "--", path]).check()?;
    // Path, attribute, value.
    let Some(name) = asked.records().nth(2).map(String::from_utf8_lossy) else { return Ok(None) };
    if ["unspecified", "unset", "set", ""].contains(&name.as_ref()) {
        return Ok(None);
    }
    let config = repo.gix().config_snapshot();
    let runs = |key: &str| config.string(format!("filter.{name}.{key}").as_str()).is_some_and(|line| !line.is_empty());
    Ok((runs("clean") || runs("process")).then(|| name.into_owned()))
}
