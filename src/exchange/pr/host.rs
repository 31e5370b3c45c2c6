//! Where a remote is hosted, and which program makes its pull requests. Nothing is asked over the network.

use gix::bstr::ByteSlice;

use crate::{
    error::{Error, Kind, Result},
    project::Project,
};

/// The program that makes pull requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// GitHub's `gh`.
    Gh,
    /// GitLab's `glab`.
    Glab,
}

/// A repository at a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostedRepo {
    /// The remote's name here.
    pub remote: String,
    /// `owner/name`, with the groups above it where there are some.
    pub path: String,
    /// The program that makes its pull requests.
    pub tool: Tool,
}

impl HostedRepo {
    /// The number of the report at this address, if it is one of this repository.
    pub(crate) fn issue_number<'u>(&self, url: &'u str) -> Option<&'u str> {
        let (_, rest) = url.split_once(&format!("/{}/", self.path))?;
        let number = rest.trim_start_matches("-/").strip_prefix("issues/")?.trim_end_matches('/');
        (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
    }

    /// The owner: the path before the name.
    pub(crate) fn owner(&self) -> &str {
        self.path.rsplit_once('/').map_or(self.path.as_str(), |(owner, _)| owner)
    }
}

/// The repository that the remote `name` leads to.
///
/// # Errors
/// `no-remote` if there is none of that name, `bad-remote` if its address names no repository of an owner.
pub(crate) fn hosted_repo(project: &Project, name: &str) -> Result<HostedRepo> {
    let snapshot = project.repo.gix().config_snapshot();
    let url = snapshot.string(format!("remote.{name}.url").as_str());
    let Some(url) = url else {
        return Err(Error::negative(Kind::NoRemote, format!("there is no remote '{name}'"))
            .hint(format!("add it: git remote add {name} <url>")));
    };
    let bad = || {
        Error::negative(
            Kind::BadRemote,
            format!("the remote '{name}' has no address of the form <owner>/<name>: '{url}'"),
        )
    };
    let url = gix::url::parse(url.as_bstr()).map_err(|_| bad())?;
    let host = url.host().unwrap_or_default().to_lowercase();
    let path = url.path.to_str().map_err(|_| bad())?.trim_matches('/').trim_end_matches(".git").to_owned();
    // The last two parts of a path on disk stand for owner and name.
    let path = if url.scheme == gix::url::Scheme::File { last_two(&path) } else { path };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./~".contains(c);
    if !path.contains('/') || !path.chars().all(plain) || path.starts_with('-') {
        return Err(bad());
    }
    let tool = if host.contains("gitlab") { Tool::Glab } else { Tool::Gh };
    Ok(HostedRepo { remote: name.to_owned(), path, tool })
}

fn last_two(path: &str) -> String {
    let parts: Vec<&str> = path.rsplitn(3, '/').take(2).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}
