//! Of a change the part that changes tests is laid over another commit, and nothing of the code that stands beside them.

use gix::ObjectId;

use crate::{
    domain::inline_tests::test_lines,
    git::{
        overlay::{MarkedPatch, apply},
        repository::Repository,
        tests::support::{Repo, isolated},
    },
};

const CODE: &str = "pub fn add() -> i32 {\n    1 - 1\n}\n";
const TESTS: &str = "\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        add();\n    }\n}\n";

fn text(repo: &Repository, commit: ObjectId) -> String {
    let tree = repo.gix().find_commit(commit).unwrap().tree().unwrap();
    let entry = tree.lookup_entry_by_path("a.rs").unwrap().unwrap();
    String::from_utf8(repo.gix().find_blob(entry.object_id()).unwrap().take_data()).unwrap()
}

/// What `before` is with the tests of `after`, and whether these are all that the change from one to the other changes.
fn with_tests(before: &str, after: &str) -> (String, bool) {
    let repo = Repo::with_commit();
    repo.write("a.rs", before);
    let from = repo.commit("before");
    repo.write("a.rs", after);
    let to = repo.commit("after");
    let repo = repo.open();
    let is_test = [&test_lines(before)[..], &test_lines(after)[..]];
    let patch = MarkedPatch::between(&repo, [from, to], "a.rs", is_test).unwrap().expect("a change");
    let all = patch.is_of_tests();
    let laid = patch.of_tests().map_or(from, |tests| apply(&repo, from, &tests).unwrap().expect("it applies"));
    (text(&repo, laid), all)
}

isolated! {
    fn a_brace_of_the_code_is_none_of_a_test() {
        let fixed = CODE.replace('-', "+");
        assert_eq!(with_tests(CODE, &format!("{fixed}{TESTS}")), (format!("{CODE}{}", &TESTS[1..]), false));
        assert_eq!(with_tests(CODE, &format!("{CODE}{TESTS}")), (format!("{CODE}{}", &TESTS[1..]), true));
        let dos = |text: &str| text.replace('\n', "\r\n");
        let laid = with_tests(&dos(CODE), &dos(&format!("{fixed}{TESTS}"))).0;
        assert_eq!(laid, dos(&format!("{CODE}{}", &TESTS[1..])));
    }

    fn a_line_that_nothing_ends_is_ended_before_a_test() {
        let (open, fixed) = (CODE.trim_end(), CODE.replace('-', "+"));
        for tests in [TESTS, TESTS.trim_end()] {
            assert_eq!(with_tests(open, &format!("{fixed}{tests}")).0, format!("{CODE}{}", &tests[1..]));
            assert_eq!(with_tests(open, &format!("{CODE}{tests}")), (format!("{CODE}{}", &tests[1..]), true));
        }
        let both = format!("{CODE}{TESTS}");
        let more = both.replace("    #[test]\n", "    #[test]\n    fn is() {\n        add();\n    }\n    #[test]\n");
        assert_eq!(with_tests(both.trim_end(), more.trim_end()), (more.trim_end().to_owned(), true));
    }

    fn a_function_that_becomes_a_test_stays_the_same_function() {
        let both = format!("{CODE}{TESTS}");
        let unmarked = "fn adds() {\n    add();\n}\n\nfn other() {\n    1\n}\n";
        let marked = format!("#[test]\n{}", unmarked.replace('1', "2"));
        assert_eq!(with_tests(unmarked, &marked), (format!("#[test]\n{unmarked}"), false));
        assert_eq!(with_tests(&marked, unmarked), (unmarked.replace('1', "2"), false));
        assert!(with_tests(&both, &both.replace("        add();\n", "")).1);
    }
}
