//! A report as its host has it, read by the host's own program. What it says is another person's text, and becomes a document.

use serde::Deserialize;

use super::pr::host::{Tool, hosted_repo};
use crate::{
    agent::process,
    error::{Error, Kind, Result},
    git::remote,
    project::Project,
};

/// The longest answer that is read, in bytes.
const MAX_LEN: usize = 4 << 20;

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// Its title.
    pub title: String,
    /// What it says, Markdown.
    pub body: String,
    /// Its address.
    pub url: Option<String>,
}

/// What `gh` and `glab` print; the names of the fields differ.
#[derive(Debug, Deserialize)]
struct Answer {
    title: String,
    #[serde(alias = "description", default)]
    body: Option<String>,
    #[serde(alias = "web_url")]
    url: Option<String>,
}

/// Reads the report that `asked`, a number or an address, names. A number is one of the remote `upstream`, otherwise of `origin`.
///
/// # Errors
/// `no-report` if the program is not there or does not print it; see [`hosted_repo`] for the remotes.
pub(crate) fn read(project: &Project, asked: &str) -> Result<Report> {
    let is_number = !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit());
    let is_url = ["https://", "http://"].iter().any(|scheme| asked.starts_with(scheme));
    let mut words: Vec<&str> = Vec::new();
    let repository;
    let tool = if is_number {
        let names = remote::names(&project.repo);
        let name = names.iter().find(|name| *name == "upstream").map_or("origin", String::as_str);
        repository = hosted_repo(project, name)?;
        words.extend(["--repo", &repository.path]);
        repository.tool
    } else if is_url {
        let host = asked.split('/').nth(2).unwrap_or_default().to_lowercase();
        if host.contains("gitlab") { Tool::Glab } else { Tool::Gh }
    } else {
        return Err(Error::usage(Kind::BadOption, format!("'{}' is neither a number nor a URL", asked.escape_debug()))
            .hint("for a report in a file: --from <file>"));
    };
    let (program, format): (&str, &[&str]) = match tool {
        Tool::Gh => ("gh", &["--json", "title,body,url"]),
        Tool::Glab => ("glab", &["--output", "json"]),
    };
    let shown = format!("{program} issue view {asked}");
    let line = shell_words::join([&[program, "issue", "view", asked], words.as_slice(), format].concat());
    let mut run = process::Run::new(&line, project.env.cwd());
    run.tail = MAX_LEN;
    run.stderr_apart = true;
    let finished = process::run(run)?;
    let unread = |why: String| {
        Error::negative(Kind::NoReport, format!("cannot read the report '{}': {why}", asked.escape_debug()))
            .hint("to take it from a file: --from <file>")
            .hint("to name it only: --issue-url <url> --title \"...\"")
    };
    if !finished.ending.success() {
        return Err(unread(format!("'{shown}' {}", finished.ending)));
    }
    let answer: Answer = serde_json::from_slice(&finished.tail)
        .map_err(|error| unread(format!("unexpected output from '{shown}': {error}")))?;
    let url = answer.url.or_else(|| is_url.then(|| asked.to_owned()));
    Ok(Report { title: answer.title, body: answer.body.unwrap_or_default(), url })
}
