//! `version`: which git-chant this is, and how it was built.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<VersionAnswer>(&["version"])];

/// The version of git chant.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct VersionAnswer {
    /// The version.
    pub version: &'static str,
    /// How it was built; `null` unless `--build` is given.
    pub build: Option<Build>,
}

/// How this binary was built, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub(crate) struct Build {
    /// The commit that it was built from; only a release build knows.
    pub commit: Option<&'static str>,
    /// Whether there were changes that were not committed.
    pub dirty: Option<bool>,
    /// What it runs on (`x86_64-unknown-linux-gnu`).
    pub target: Option<&'static str>,
    /// `release` or `debug`.
    pub profile: Option<&'static str>,
    /// The compiler.
    pub rustc: Option<&'static str>,
    /// What was chosen of what can be.
    pub features: Vec<&'static str>,
    /// The version of gix, which reads and writes git's objects.
    pub gix: Option<&'static str>,
}

impl Answer for VersionAnswer {
    /// Writes it as `git version --build-options` does.
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        writeln!(out, "git-chant version {}", self.version)?;
        let Some(build) = &self.build else { return Ok(()) };
        let changed = if build.dirty == Some(true) { " (with changes)" } else { "" };
        let commit = build.commit.map(|commit| format!("{commit}{changed}"));
        let features = if build.features.is_empty() { "none".to_owned() } else { build.features.join(" ") };
        for (name, value) in [
            ("commit", commit.as_deref()),
            ("target", build.target),
            ("profile", build.profile),
            ("rustc", build.rustc),
            ("features", Some(features.as_str())),
            ("gix", build.gix),
        ] {
            writeln!(out, "{name}: {}", value.unwrap_or("unknown"))?;
        }
        Ok(())
    }

    /// The version.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        vec![joined(&[self.version])]
    }
}
