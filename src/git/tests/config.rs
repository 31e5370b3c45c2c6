//! `chant.*` as a person would set it with `git config`.

use std::{fs, time::Duration};

use crate::config::{MergeHow, Scope, Trust, keys};
use crate::error::Kind;

use crate::git::tests::support::{Repo, isolated};

isolated! {
    fn unset_keys_have_the_defaults_of_the_table() {
        let repo = Repo::init(&[]);
        let repo = repo.open();
        let config = repo.config();
        assert_eq!(config.branch_prefix().unwrap(), keys::BRANCH_PREFIX.default.unwrap());
        assert_eq!(config.lock_timeout().unwrap().as_millis().to_string(), keys::LOCK_TIMEOUT.default.unwrap());
        assert_eq!(config.prompt_budget().unwrap(), 100 * 1024);
        assert_eq!(config.merge().unwrap(), MergeHow::Merge);
        assert_eq!(config.merge_research().unwrap(), MergeHow::Squash);
        assert_eq!(config.scope().unwrap(), Scope::Error);
        assert_eq!(config.trust().unwrap(), Trust::Ask);
        assert_eq!(config.timeout().unwrap(), None);
        assert_eq!(config.agent().unwrap(), None);
        assert!(!config.signoff().unwrap() && !config.sign().unwrap() && config.agents().is_empty());
    }

    fn values_are_read_as_git_writes_them() {
        let repo = Repo::init(&[]);
        for (key, value) in [
            ("chant.agent", "mine"),
            ("chant.agent.mine.cmd", "run --this '{prompt_file}'"),
            ("chant.agent.mine.timeout", "1h 30m"),
            ("chant.timeout", "90"),
            ("chant.merge", "FF"),
            ("chant.merge.research", "merge"),
            ("chant.promptBudget", "64k"),
            ("chant.lockTimeout", "0"),
            ("chant.worktreeDir", "~/trees"),
            ("chant.verifyTimeout", "none"),
            ("format.signOff", "yes"),
        ] {
            repo.git(&["config", key, value]);
        }
        let repo = repo.open();
        let config = repo.config();
        assert_eq!(config.agent().unwrap().as_deref(), Some("mine"));
        assert_eq!(config.agent_cmd("mine").unwrap().unwrap(), "run --this '{prompt_file}'");
        assert_eq!(config.agent_cmd("other").unwrap(), None);
        assert_eq!(config.agents(), ["mine"]);
        assert_eq!(config.agent_timeout("mine").unwrap(), Some(Duration::from_secs(5400)));
        assert_eq!(config.agent_timeout("other").unwrap(), Some(Duration::from_secs(90)));
        assert_eq!(config.merge().unwrap(), MergeHow::FastForward);
        assert_eq!(config.merge_research().unwrap(), MergeHow::Merge);
        assert_eq!(config.prompt_budget().unwrap(), 64 << 10);
        assert_eq!(config.lock_timeout().unwrap(), Duration::ZERO);
        assert_eq!(config.verify_timeout().unwrap(), None);
        assert!(config.signoff().unwrap());
        let home = std::path::PathBuf::from("/home/me");
        assert_eq!(config.worktree_dir(Some(home)).unwrap().unwrap(), std::path::Path::new("/home/me/trees"));
    }

    fn a_bad_value_is_named_with_its_place_and_what_was_expected() {
        let repo = Repo::init(&[]);
        let file = repo.path().join(".git/config");
        let plain = fs::read_to_string(&file).unwrap();
        for (key, value, expected) in [
            ("chant.scope", "loud", "one of 'error', 'warn', 'off'"),
            ("chant.sign", "perhaps", "'true' or 'false'"),
            ("chant.lockTimeout", "-1", "a number from 0 to 3600000"),
            ("chant.timeout", "soon", "a span of time"),
            ("chant.branchPrefix", "a..b/", "the beginning of a branch name"),
            ("chant.branchPrefix", "-x/", "the beginning of a branch name"),
            ("chant.agent", "a b", "the name of an agent"),
        ] {
            fs::write(&file, &plain).unwrap();
            repo.git(&["config", key, value]);
            let repo = repo.open();
            let config = repo.config();
            let error = match key {
                "chant.scope" => config.scope().err(),
                "chant.sign" => config.sign().err(),
                "chant.lockTimeout" => config.lock_timeout().err(),
                "chant.timeout" => config.timeout().err(),
                "chant.branchPrefix" => config.branch_prefix().err(),
                _ => config.agent().err(),
            };
            let error = error.unwrap_or_else(|| panic!("{key}={value} was accepted"));
            assert_eq!(error.kind, Kind::BadConfig);
            for part in [key, &format!("'{value}'"), expected, file.to_str().unwrap()] {
                assert!(error.message.contains(part), "no {part} in: {error}");
            }
        }
    }

    fn a_key_without_a_value_is_true_and_nothing_else() {
        let repo = Repo::init(&[]);
        let file = repo.path().join(".git/config");
        let text = fs::read_to_string(&file).unwrap() + "[chant]\n\tsignoff\n\tagent\n";
        fs::write(&file, text).unwrap();
        let repo = repo.open();
        assert!(repo.config().signoff().unwrap());
        assert!(repo.config().agent().unwrap_err().message.contains("without a value"));
    }
}
