//! `attest`.

use std::path::PathBuf;

use clap::Args;

use super::page::Page;

/// State what was checked of merged work, in a form that other tools verify
///
/// The statement is one of in-toto, with a test-result predicate: the merge commit and the files that the work changed with their digests,
/// the checks that passed and failed, and what decided them, the tests that were held among it. All of it is taken from events; nothing
/// new is stored, and the same events give the same statement.
///
/// --sign puts it into a DSSE envelope, signed with the key that git signs commits with (gpg.format, user.signingKey). The signature is over
/// the pre-authentication encoding of DSSE. Of SSH it is what ssh-keygen -Y sign -n git writes, of OpenPGP the packet of the signature.
#[derive(Args, Clone, Debug)]
pub(crate) struct AttestArgs {
    /// The spec, by full or short id
    #[arg(value_name = "spec", required_unless_present = "verify")]
    pub spec: Option<String>,

    /// Sign it, and print the envelope
    #[arg(long)]
    pub sign: bool,

    /// Write it into this file [default: standard output]
    #[arg(short = 'o', long, value_name = "file")]
    pub output: Option<PathBuf>,

    /// Check the envelope in this file instead: its signature, and whether the events here say the same; exit with 1 if it does not count
    #[arg(long, value_name = "file", conflicts_with_all = ["spec", "sign", "output"])]
    pub verify: Option<PathBuf>,
}

/// Examples and neighbours of `attest`.
pub(crate) const PAGE: Page = Page {
    examples: &[
        ("git chant attest 010 --sign -o 010.intoto.json", "A signed statement to publish with a release."),
        ("git chant attest --verify 010.intoto.json", "Is it what its signer said, and what the events say?"),
    ],
    see_also: &["git-chant-verify", "git-chant-report", "gitchant-security", "git-verify-commit"],
};
