//! One value as it was found: where it is set, and what it means if it means anything.

use std::{path::PathBuf, time::Duration};

use bstr::{BString, ByteSlice};
use gix::config::{File, Source, file::Metadata};

use crate::{
    domain::{cost::Budget, pattern::PathSet, span},
    error::{Error, Kind, Result},
};

/// Whether a section may decide what is executed.
pub(super) fn trusted(meta: &Metadata) -> bool {
    meta.trust == gix::sec::Trust::Full || meta.source.kind() != gix::config::source::Kind::Repository
}

/// The value of a key, the last one winning; `None` inside is a key without `=`, git's implicit true.
pub(super) struct Setting<'a> {
    key: String,
    value: Option<BString>,
    pub(super) meta: &'a Metadata,
}

impl<'a> Setting<'a> {
    /// The value of `key` (`section.name` or `section.sub.section.name`).
    pub(super) fn last(config: &'a File, key: &str) -> Option<Self> {
        Setting::last_where(config, key, |_| true)
    }

    /// The value of `key` from sections that may decide what is executed.
    pub(super) fn last_trusted(config: &'a File, key: &str) -> Option<Self> {
        Setting::last_where(config, key, trusted)
    }

    /// Every value of `key`, in order.
    pub(super) fn all(config: &'a File, key: &str) -> Vec<Self> {
        let Some((section, rest)) = key.split_once('.') else { return Vec::new() };
        let (subsection, name) = rest.rsplit_once('.').map_or((None, rest), |(sub, name)| (Some(sub), name));
        let sections = config.sections_by_name(section).into_iter().flatten();
        let here = sections
            .filter(|one| one.header().subsection_name().map(|name| name.to_str_lossy()).as_deref() == subsection);
        let values = here.flat_map(|section| {
            let meta = section.meta();
            section.values(name).into_iter().map(move |value| Setting { key: key.to_owned(), value: Some(value), meta })
        });
        values.collect()
    }

    fn last_where(config: &'a File, key: &str, eligible: fn(&Metadata) -> bool) -> Option<Self> {
        let (section, rest) = key.split_once('.')?;
        let (subsection, name) = match rest.rsplit_once('.') {
            Some((subsection, name)) => (Some(subsection), name),
            None => (None, rest),
        };
        let sections: Vec<_> = config.sections_by_name(section)?.collect();
        sections.into_iter().rev().find_map(|section| {
            let here = section.header().subsection_name().map(|name| name.to_str_lossy());
            if here.as_deref() != subsection || !eligible(section.meta()) {
                return None;
            }
            let value = section.value_implicit(name)?;
            Some(Setting { key: key.to_owned(), value, meta: section.meta() })
        })
    }

    /// A boolean as git reads it.
    pub(super) fn bool(&self) -> Result<bool> {
        let Some(value) = &self.value else { return Ok(true) };
        gix::config::Boolean::try_from(value.clone()).map(|value| value.0).map_err(|_| self.bad("'true' or 'false'"))
    }

    /// An integer as git reads it, within bounds.
    pub(super) fn int(&self, min: i64, max: i64) -> Result<u64> {
        let number = self
            .value
            .as_ref()
            .and_then(|value| gix::config::Integer::try_from(value.clone()).ok()?.to_decimal())
            .filter(|number| (min..=max).contains(number));
        let number = number.and_then(|number| u64::try_from(number).ok());
        number.ok_or_else(|| self.bad(&format!("a number from {min} to {max}")))
    }

    /// Text that is not empty.
    pub(super) fn text(&self) -> Result<String> {
        let text = self.value.as_ref().and_then(|value| value.to_str().ok()).filter(|text| !text.trim().is_empty());
        text.map(str::to_owned).ok_or_else(|| self.bad("a text that is not empty"))
    }

    /// Paths, directories and globs, in words as a shell reads them.
    pub(super) fn path_set(&self) -> Result<PathSet> {
        let bad = |why: &str| self.bad(&format!("paths, directories and globs; {why}"));
        let words = shell_words::split(&self.text()?).map_err(|_| bad("it has a quote without its end"))?;
        PathSet::new(&words).map_err(|(index, why)| bad(&format!("of '{}': {why}", words[index])))
    }

    /// A command line.
    pub(super) fn command(&self) -> Result<BString> {
        let command = self.value.clone().filter(|value| !value.trim().is_empty() && !value.contains(&0));
        command.ok_or_else(|| self.bad("a command line"))
    }

    /// One of these words, in any case.
    pub(super) fn word(&self, words: &'static [&'static str]) -> Result<&'static str> {
        let value = self.value.as_ref().map(ToString::to_string).unwrap_or_default();
        words.iter().find(|word| word.eq_ignore_ascii_case(&value)).copied().ok_or_else(|| {
            let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
            self.bad(&format!("one of {}", quoted.join(", ")))
        })
    }

    /// A span of time; none is no limit.
    pub(super) fn duration(&self) -> Result<Option<Duration>> {
        let text = self.value.as_ref().map(ToString::to_string).unwrap_or_default();
        match span::read(&text) {
            Some(span) => Ok((!span.is_zero()).then_some(span)),
            None => Err(self.bad("a span of time such as '90s', '30m' or '1h 30m', or 'none'")),
        }
    }

    /// As much as something may cost; none is no limit.
    pub(super) fn budget(&self) -> Result<Option<Budget>> {
        let text = self.value.as_ref().map(ToString::to_string).unwrap_or_default();
        match text.trim() {
            "none" => Ok(None),
            text => Budget::read(text)
                .map(Some)
                .ok_or_else(|| self.bad("an amount such as '5', '2.50 EUR' or '500k tokens', or 'none'")),
        }
    }

    /// A path, `~` and `~/` being the home directory.
    pub(super) fn path(&self, home: Option<PathBuf>) -> Result<PathBuf> {
        let value = self.value.clone().filter(|value| !value.is_empty() && !value.contains(&0));
        let value = value.ok_or_else(|| self.bad("a path"))?;
        if value != "~" && !value.starts_with(b"~") {
            return Ok(gix::path::from_bstring(value)?);
        }
        let below = value.strip_prefix(b"~/").or_else(|| (value == "~").then_some(b""));
        match (below, home) {
            (Some(below), Some(home)) => Ok(home.join(gix::path::from_bstr(below.as_bstr())?)),
            _ => Err(self.bad("a path, in which '~/' is your home directory")),
        }
    }

    /// The error of a value that its key does not take.
    pub(super) fn bad(&self, expected: &str) -> Error {
        let value = match &self.value {
            Some(value) => format!("'{}'", value.to_string().escape_debug()),
            None => "without a value".to_owned(),
        };
        let message = format!("bad config value {value} for '{}' {}: expected {expected}", self.key, self.location());
        Error::fatal(Kind::BadConfig, message)
    }

    fn location(&self) -> String {
        match (&self.meta.path, self.meta.source) {
            (Some(path), _) => format!("in file '{}'", path.display()),
            (None, Source::Cli) => "given by 'git -c'".to_owned(),
            (None, Source::Env | Source::EnvOverride) => "in the environment".to_owned(),
            (None, _) => "in the configuration".to_owned(),
        }
    }
}
