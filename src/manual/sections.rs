//! What the page of one command says of exit statuses and configuration. What every command has in common stands in git-chant(1).

use super::roff::{body, table};
use crate::config::keys;
use clap_mangen::roff::{Roff, bold, roman};

/// When a command exits with 1: the command, and the meaning in a sentence.
pub(super) const NEGATIVE: &[(&str, &str)] = &[
    ("add", "The spec was not added."),
    ("archive", "A spec is not completed or cancelled, or its file has uncommitted changes."),
    ("attest", "With --verify, a signature or a digest does not match."),
    ("bisect", "The test cannot tell good commits from bad ones."),
    ("drift", "With --exit-code, an input has changed."),
    ("edit", "The text was not accepted."),
    ("finish", "A check failed; the attempt stays as it was."),
    ("fsck", "There are findings that were not repaired."),
    ("hooks", "With status, a hook that called git-chant is missing or was replaced."),
    ("import", "A spec could not be imported."),
    ("lint", "There are errors; with --strict, also if there are warnings."),
    ("merge", "The work was not merged: conflicts, failed checks, or a change that a person has to accept."),
    ("next", "No spec is ready."),
    ("pr", "The pull request was not made, or the confirmation did not match."),
    ("release", "The claim cannot be released."),
    ("report", "There is no such investigation."),
    ("reset", "The spec cannot be reset."),
    ("split", "The spec cannot be split."),
    ("sync", "The remote refused some refs, or some of what it has was not taken."),
    ("takeover", "The attempt cannot be taken over."),
    ("verify", "A check failed; with --since and --require, also if a commit belongs to no spec."),
    ("why", "No spec led to the line or commit."),
    ("work", "At least one spec was not finished, or was not merged."),
];

/// The configuration that a command reads, besides what every command reads.
pub(super) const CONFIGURATION: &[(&str, &[&str])] = &[
    ("add", &["chant.target", "chant.worktreeDir"]),
    ("approve", &["chant.approval.required", "chant.requireSigned", "chant.review", "chant.sign"]),
    ("bisect", &["chant.worktreeSetup", "chant.verifyTimeout"]),
    ("finish", &["chant.scope", "chant.verifyTimeout", "chant.worktreeSetup", "chant.confine"]),
    ("hooks", &["core.hooksPath"]),
    ("init", &["chant.agent", "chant.branchPrefix", "chant.remote"]),
    ("investigate", &["chant.target", "chant.merge.research"]),
    ("list", &["color.chant", "chant.approval.required"]),
    ("log", &["core.pager", "chant.shareOutput"]),
    ("merge", &["chant.merge", "chant.merge.research", "chant.verifyMerged", "chant.review", "chant.signoff"]),
    ("pr", &["chant.attribution", "chant.remote"]),
    ("prune", &["chant.pruneExpire", "chant.warmLimit"]),
    ("review", &["chant.review", "core.pager", "chant.agent"]),
    ("status", &["color.chant"]),
    ("sync", &["chant.remote", "chant.pushBranches", "chant.lockTimeout"]),
    ("verify", &["chant.trust", "chant.verifyTimeout", "chant.worktreeSetup", "chant.checkMayChange"]),
    (
        "work",
        &[
            "chant.agent",
            "chant.timeout",
            "chant.confine",
            "chant.target",
            "chant.merge",
            "chant.claim",
            "chant.rateLimitPause",
            "chant.silenceTimeout",
            "chant.trust",
            "chant.worktreeDir",
            "chant.worktreePool",
            "chant.worktreeSetup",
        ],
    ),
];

/// The section on exit statuses of the page of `command`.
pub(super) fn exit_status(command: &str) -> String {
    let negative = NEGATIVE.iter().find(|(name, _)| *name == command);
    let mut text = table("EXIT STATUS", &[("0", "Success.")]);
    if let Some((_, meaning)) = negative {
        let rows = table("", &[("1", *meaning)]);
        text.push_str(rows.split_once('\n').map_or("", |(_, rows)| rows));
    }
    let mut roff = Roff::new();
    roff.control("PP", []);
    roff.text([roman("For the statuses of errors, see "), bold("git-chant"), roman("(1).")]);
    text + &body(&roff)
}

/// The section on configuration of the page of `command`; empty if there is nothing to name.
pub(super) fn configuration(command: &str) -> String {
    let Some((_, names)) = CONFIGURATION.iter().find(|(name, _)| *name == command) else { return String::new() };
    let mut roff = Roff::new();
    roff.control("SH", ["CONFIGURATION"]);
    let mut line = Vec::new();
    for (at, name) in names.iter().enumerate() {
        line.extend([roman(if at > 0 { ", " } else { "" }), bold(*name)]);
    }
    let ours = names.iter().all(|name| keys::ALL.iter().any(|key| key.name == *name));
    let where_ = if ours { "; see " } else { "; see git-config(1) and " };
    line.extend([roman(where_), bold("gitchant-config"), roman("(5).")]);
    roff.text(line);
    body(&roff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    #[test]
    fn the_tables_name_commands_and_keys_that_exist() {
        let known = |name: &str| cli::COMMANDS.iter().any(|(known, ..)| *known == name);
        for (name, meaning) in NEGATIVE {
            assert!(known(name) && meaning.ends_with('.'), "{name}");
        }
        for (name, keys) in CONFIGURATION {
            assert!(known(name), "{name}");
            for key in keys.iter().filter(|key| key.starts_with("chant.")) {
                assert!(keys::ALL.iter().any(|known| known.name == *key), "{name}: {key}");
            }
        }
    }
}
