//! Who the person is.

use crate::git::tests::support::{Repo, isolated};

isolated! {
    fn name_and_address_come_from_the_configuration_and_the_time_from_the_clock() {
        let repo = Repo::with_commit();
        let opened = repo.open();
        let author = opened.author().unwrap();
        assert_eq!((author.name.to_string(), author.email.to_string()), ("A U Thor".into(), "author@example.com".into()));
        while jiff::Timestamp::now().as_second() <= author.time.seconds {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        // A repository that has been open for hours must not date events by when it was opened.
        assert!(opened.committer().unwrap().time.seconds > author.time.seconds);
    }

    fn without_an_identity_the_error_says_how_to_set_one() {
        let repo = Repo::with_commit();
        repo.git(&["config", "--unset", "user.name"]);
        repo.git(&["config", "--unset", "user.email"]);
        repo.git(&["config", "user.useConfigOnly", "true"]);
        let error = repo.open().author().unwrap_err();
        assert_eq!((error.kind.code(), error.exit.code()), ("no-identity", 128));
        assert!(error.hints.iter().any(|hint| hint.contains("user.email")));
    }
}
