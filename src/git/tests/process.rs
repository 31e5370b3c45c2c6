//! Running git.

use std::{collections::BTreeSet, ffi::OsString};

use crate::error::Kind;
use crate::{
    env::Env,
    git::process::{Git, LOCAL_ENV_VARS, scrubbed_env},
};

use crate::git::tests::support::{Repo, isolated};

isolated! {
    fn the_list_of_local_variables_is_gits_own() {
        let repo = Repo::with_commit();
        let listed = repo.git(&["rev-parse", "--local-env-vars"]);
        let theirs: BTreeSet<_> = listed.lines().collect();
        let ours: BTreeSet<_> = LOCAL_ENV_VARS.iter().copied().collect();
        assert!(theirs.is_subset(&ours), "git has more: {:?}", theirs.difference(&ours));
    }

    fn an_agent_gets_none_of_them_but_what_git_never_sets() {
        let scrubbed = scrubbed_env(&Env::from_process().unwrap());
        for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_CONFIG_PARAMETERS", "GIT_EDITOR", "GIT_NAMESPACE"] {
            assert!(scrubbed.contains(&OsString::from(name)), "{name}");
        }
        assert!(!scrubbed.contains(&OsString::from("GIT_CONFIG_COUNT")));
        assert!(!scrubbed.contains(&OsString::from("GIT_AUTHOR_NAME")), "an identity of the environment stays");
    }

    fn megabytes_go_in_and_out_without_a_dead_lock() {
        let repo = Repo::with_commit();
        let bytes = vec![b'x'; 8 << 20];
        let id = Git::at(&repo.open()).args(["hash-object", "-w", "--stdin"]).stdin_bytes(bytes.clone()).check().unwrap();
        let back = Git::at(&repo.open()).args(["cat-file", "blob", id.line()]).check().unwrap();
        assert_eq!(back.stdout.len(), bytes.len());
        assert!(back.stdout == bytes);
    }

    fn a_process_that_a_hook_leaves_behind_does_not_keep_us_waiting() {
        let repo = Repo::with_commit();
        // It lives until a file is there, with our stdout open, or for a minute at the most.
        let waits = "for n in $(seq 600); do [ -e stop ] && exit; sleep 0.1; done";
        let git = Git::at(&repo.open()).config(format!("alias.leave=!({waits}) & echo $!"));
        let left = git.arg("leave").check().unwrap();
        let left = rustix::process::Pid::from_raw(left.line().parse().unwrap()).unwrap();
        assert!(rustix::process::test_kill_process(left).is_ok(), "it was waited for");
        repo.write("stop", "");
    }

    fn errors_carry_gits_own_words() {
        let repo = Repo::with_commit();
        let error = Git::at(&repo.open()).args(["rev-parse", "--verify", "nothing"]).check().unwrap_err();
        assert_eq!(error.message, "git rev-parse failed: Needed a single revision");
        let gone = Git::in_dir(&repo.path().join("gone")).arg("status").run().unwrap_err();
        assert_eq!(gone.kind, Kind::GitNotRun);
        assert!(gone.message.contains("no such directory"), "{gone}");
    }

    fn stdin_is_empty_and_no_prompt_appears() {
        let repo = Repo::with_commit();
        let output = Git::at(&repo.open()).args(["hash-object", "--stdin"]).check().unwrap();
        assert_eq!(output.line(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    }
}
