//! The choice of the remote of an exchange. Nothing is sent to it.

use crate::{
    domain::converge::Source,
    error::{Error, Kind, Result},
    git,
    project::{Project, branches::usual_remote},
};

/// A remote and what it is to this clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    /// Its name in the configuration.
    pub name: String,
    /// How much the remote's version counts where both sides have events of one spec.
    pub source: Source,
    /// Whether anything may be pushed to it.
    pub pushed_to: bool,
}

/// The remote that `asked` names; otherwise `chant.remote`; otherwise the only one, or `origin`.
///
/// In silent mode nothing is pushed unless `chant.remote` says where to.
///
/// # Errors
/// `no-remote` if there is none of that name, or none to choose.
pub(crate) fn pick(project: &Project, asked: Option<&str>) -> Result<Remote> {
    let names = git::remote::names(&project.repo);
    let configured = project.config().remote()?;
    let name = match asked.map(str::to_owned).or_else(|| configured.clone()) {
        Some(name) => name,
        None => default(&names)?,
    };
    if !names.contains(&name) {
        let error = Error::fatal(Kind::NoRemote, format!("'{name}' is not the name of a remote"));
        return Err(match names.as_slice() {
            [] => error.hint("to add one: git remote add origin <url>"),
            names => error.hint(format!("available: {}", names.join(", "))),
        });
    }
    let configured_one = configured.as_deref() == Some(name.as_str());
    // Two clones that sync without a word of configuration ask the same remote.
    let usual = configured_one || (configured.is_none() && default(&names).is_ok_and(|usual| usual == name));
    let source = if usual { Source::Authority } else { Source::Pushed };
    let pushed_to = configured_one || !project.silent;
    Ok(Remote { name, source: if pushed_to { source } else { Source::FetchOnly }, pushed_to })
}

fn default(names: &[String]) -> Result<String> {
    if let Some(usual) = usual_remote(names) {
        return Ok(usual.to_owned());
    }
    match names {
        [] => {
            Err(Error::fatal(Kind::NoRemote, "no remote to exchange with")
                .hint("to add one: git remote add origin <url>"))
        }
        names => Err(Error::fatal(Kind::NoRemote, "several remotes; name one")
            .hint(format!("available: {}", names.join(", ")))
            .hint("to choose one for good: git config chant.remote <name>")),
    }
}
