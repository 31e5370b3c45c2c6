//! `git chant version`

use super::Context;
use crate::{
    answer::{Build, VersionAnswer, outcome::Outcome},
    cli::manual::VersionArgs,
    error::Result,
};

pub(super) fn run(_: &Context<'_>, args: &VersionArgs) -> Result<Outcome> {
    let build = args.build.then(|| Build {
        commit: option_env!("GIT_CHANT_BUILD_COMMIT"),
        dirty: option_env!("GIT_CHANT_BUILD_DIRTY").map(|dirty| dirty == "true"),
        target: option_env!("GIT_CHANT_BUILD_TARGET"),
        profile: option_env!("GIT_CHANT_BUILD_PROFILE"),
        rustc: option_env!("GIT_CHANT_BUILD_RUSTC"),
        features: option_env!("GIT_CHANT_BUILD_FEATURES").unwrap_or_default().split_whitespace().collect(),
        gix: option_env!("GIT_CHANT_BUILD_GIX"),
    });
    Ok(Outcome::new(VersionAnswer { version: env!("CARGO_PKG_VERSION"), build }))
}
