//! Chant's other files: settings, prompts, logs. They are not imported; what a person has to do about them is noted.

use gix::bstr::ByteSlice;

use super::directory::{ChantDirectory, beside};
use crate::{
    agent::{preset, template},
    answer::ProblemView,
    domain::{
        diagnostic::Severity,
        spec_file::{Setting, settings_of},
    },
    error::Result,
    git::work_file,
    project::Project,
};

/// The largest file that is read, in bytes.
const MAX_LEN: u64 = 1 << 20;

/// chant's settings that have a counterpart here.
const COUNTERPARTS: [(&str, &str); 3] = [
    ("defaults.main_branch", "chant.target"),
    ("defaults.branch_prefix", "chant.branchPrefix"),
    ("defaults.provider", PROVIDER),
];

/// chant's provider is an agent here, if that is known.
const PROVIDER: &str = "chant.agent";

/// Settings that do not change how work is done.
const NAMES: [&str; 2] = ["project.name", "defaults.prompt"];

/// The settings of chant that the import uses.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// `defaults.main_branch`.
    pub(super) main_branch: Option<String>,
}

/// Reads the files beside the specs. What has no counterpart here, or one that a person has to set, is added to `left`.
pub(super) fn read(project: &Project, home: &ChantDirectory, left: &mut Vec<ProblemView>) -> Result<Settings> {
    let set = [
        ("chant.target", project.config().target()?),
        ("chant.branchPrefix", Some(project.config().branch_prefix()?)),
        (PROVIDER, project.config().agent()?),
    ];
    let mut settings = Settings::default();
    let line = |name: &str, line: Option<usize>, code: &str, message: String| {
        let mut problem = ProblemView::new(Severity::Warning, code, message);
        problem.path = Some(home.shown(&format!("{}/{name}", home.chant)));
        problem.line = line;
        problem
    };
    for name in ["config.md", "agents.md"] {
        let path = home.shown(&format!("{}/{name}", home.chant));
        match beside(home, name, MAX_LEN) {
            Ok(None) => {}
            Err(refused) => left.push(line(name, None, "bad-file", format!("not read: {}", refused))),
            Ok(Some(bytes)) => match settings_of(&path, &bytes) {
                Err(fault) => {
                    left.push(line(name, Some(fault.line), "bad-file", format!("not read: {}", fault.message)));
                }
                Ok(found) => {
                    for setting in found {
                        if setting.name == "defaults.main_branch" {
                            settings.main_branch.clone_from(&setting.value);
                        }
                        left.extend(counterpart(project, &set, &setting).map(|(message, help)| ProblemView {
                            help,
                            ..line(name, Some(setting.line), "setting", message)
                        }));
                    }
                }
            },
        }
    }
    let prompts = work_file::list(&home.top, format!("{}/prompts", home.chant).as_bytes().as_bstr());
    for prompt in prompts.unwrap_or_default() {
        let Some(name) = prompt.name.to_str().ok().filter(|name| name.ends_with(".md")) else { continue };
        let name = format!("prompts/{name}");
        let text = beside(home, &name, MAX_LEN).ok().flatten().and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some(Err(unknown)) = text.as_deref().map(template::check) {
            let known = template::VARIABLES.map(|name| format!("{{{{{name}}}}}")).join(", ");
            left.push(ProblemView {
                help: Some(format!("the prompt includes the spec's text anyway; known names: {known}")),
                ..line(&name, Some(unknown.line), "prompt", format!("unknown name '{{{{{}}}}}'", unknown.name))
            });
        }
    }
    for name in ["logs", "schemas", "templates"] {
        if home.top.join(&home.chant).join(name).is_dir() {
            left.push(line(name, None, "folder", "it stays in place; git-chant does not read it".to_owned()));
        }
    }
    Ok(settings)
}

/// A message about a setting, and how to set its counterpart; `None` if there is nothing to do.
fn counterpart(
    project: &Project,
    set: &[(&str, Option<String>)],
    setting: &Setting,
) -> Option<(String, Option<String>)> {
    let Setting { name, value, .. } = setting;
    if NAMES.contains(&name.as_str()) {
        return None;
    }
    let shown = value.as_deref().map_or_else(|| "a list".to_owned(), |value| format!("'{}'", value.escape_debug()));
    if name == "project.silent" {
        let silent = matches!(value.as_deref(), Some("true" | "True" | "TRUE"));
        return (silent && !project.silent)
            .then(|| (format!("'{name}' is {shown}"), Some("git chant init --silent".to_owned())));
    }
    match (COUNTERPARTS.iter().find(|(theirs, _)| theirs == name), value) {
        (Some((_, ours)), value) if set.iter().any(|(name, now)| name == ours && now == value) => None,
        (Some((_, ours)), Some(value)) if *ours != PROVIDER || preset::named(value).is_some() => {
            let help = format!("git config {ours} {}", shell_words::quote(value));
            Some((format!("'{name}' is {shown}; here it is '{ours}'"), Some(help)))
        }
        _ if name.starts_with("defaults.model")
            || name.starts_with("defaults.provider")
            || name.starts_with("parallel.") =>
        {
            let help = "to configure an agent: git config chant.agent.<name>.cmd '<command line>'".to_owned();
            Some((format!("'{name}' is {shown} and has no counterpart"), Some(help)))
        }
        _ => Some((format!("'{name}' is {shown} and has no counterpart"), None)),
    }
}
