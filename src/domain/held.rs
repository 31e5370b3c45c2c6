//! Which paths are those of tests, of their data, of what a test runner is configured by: what a proof holds fixed. No file is read.

/// What a path is to a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A file of tests, or data that lies beside tests.
    Test,
    /// What says to a build or a test runner where tests are and how they run.
    Configuration,
    /// Anything else.
    Other,
}

/// Directories of tests and their data.
const DIRECTORIES: [&str; 15] = [
    "test",
    "tests",
    "__tests__",
    "spec",
    "specs",
    "t",
    "testing",
    "testdata",
    "test-data",
    "fixtures",
    "__snapshots__",
    "snapshots",
    "e2e",
    "it",
    "golden",
];

/// Names of files that configure a build or a runner.
const CONFIGURATION: [&str; 44] = [
    "Cargo.toml",
    "Cargo.lock",
    "nextest.toml",
    "package.json",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "tsconfig.json",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "tox.ini",
    "pytest.ini",
    "conftest.py",
    "sitecustomize.py",
    "usercustomize.py",
    "unittest.py",
    "pytest.py",
    "doctest.py",
    "go.mod",
    "go.sum",
    "CMakeLists.txt",
    "CTestTestfile.cmake",
    "Makefile",
    "GNUmakefile",
    "makefile",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "settings.gradle",
    "Gemfile",
    "Gemfile.lock",
    "Rakefile",
    ".rspec",
    "composer.json",
    "composer.lock",
    "phpunit.xml",
    "phpunit.xml.dist",
    "meson.build",
    "BUILD",
    "BUILD.bazel",
    "mix.exs",
    "deno.json",
    "justfile",
];

/// What a path is, by its name alone.
pub(crate) fn role(path: &str) -> Role {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    if CONFIGURATION.contains(&name) || directory.ends_with(".cargo") || is_configuration(name) {
        return Role::Configuration;
    }
    let lower = name.to_lowercase();
    let stem = lower.split('.').next().unwrap_or(&lower);
    let named = stem.starts_with("test_")
        || stem.starts_with("test-")
        || ["_test", "-test", "_tests", "_spec", "-spec"].iter().any(|end| stem.ends_with(end))
        || matches!(stem, "test" | "tests" | "spec")
        || [".test.", ".spec.", ".tests."].iter().any(|middle| lower.contains(middle))
        || lower.ends_with(".t")
        || lower.ends_with(".bats")
        || lower.ends_with(".snap");
    let camel = ["Test", "Tests", "Spec", "IT"].iter().any(|end| {
        let stem = name.split('.').next().unwrap_or(name);
        stem.ends_with(end) && stem.len() > end.len()
    });
    if named || camel || directory.split('/').any(|part| DIRECTORIES.contains(&part)) {
        Role::Test
    } else {
        Role::Other
    }
}

/// `jest.config.js`, `vitest.config.ts`, `.mocharc.json`, `x.csproj`.
fn is_configuration(name: &str) -> bool {
    let runner = ["jest", "vitest", "vite", "mocha", "playwright", "karma", "ava", "babel"];
    runner.iter().any(|runner| name.starts_with(&format!("{runner}.config.")))
        || name.starts_with(".mocharc")
        || name.ends_with(".csproj")
}

/// Whether a command line names `path`, or a module that it is (`tests.test_sum`).
pub(crate) fn is_named(command: &str, path: &str) -> bool {
    let path = path.trim_start_matches("./");
    let module = path.strip_suffix(".py").map(|stem| stem.replace('/', "."));
    let word = |c: char| c.is_whitespace() || "'\"=;&|()".contains(c);
    command.split(word).map(|word| word.trim_start_matches("./")).any(|word| {
        let file = word.split("::").next().unwrap_or(word);
        file == path || module.as_ref().is_some_and(|module| word == module || word.starts_with(&format!("{module}.")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_by_its_name_or_its_directory() {
        for path in [
            "test_sum.py",
            "tests/sum.rs",
            "src/sum_test.go",
            "src/sum.test.ts",
            "spec/sum_spec.rb",
            "SumTest.java",
            "t/sum.t",
            "sum.bats",
            "testdata/sums/in.json",
            "src/__snapshots__/a.snap",
            "pkg/tests/data/x.bin",
            "test.sh",
        ] {
            assert_eq!(role(path), Role::Test, "{path}");
        }
        for path in [
            "Cargo.toml",
            "conftest.py",
            "tests/conftest.py",
            "unittest.py",
            "vitest.config.ts",
            "pytest.ini",
            "a/Makefile",
        ] {
            assert_eq!(role(path), Role::Configuration, "{path}");
        }
        for path in ["calc.py", "src/lib.rs", "src/latest.rs", "contest.py", "README.md", "Test.java", "checks/sum"] {
            assert_eq!(role(path), Role::Other, "{path}");
        }
    }

    #[test]
    fn a_command_names_files_and_modules() {
        assert!(is_named("sh t.sh", "t.sh") && is_named("./runner tests/a::x", "tests/a"));
        assert!(is_named("python3 -m unittest tests.test_a.T.test_x", "tests/test_a.py"));
        assert!(!is_named("sh t.sh", "s.sh") && !is_named("pytest", "test_a.py"));
    }
}
