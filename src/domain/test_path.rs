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

/// How far the name of a file says that it is one of tests. What its text says is another thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    /// Not at all.
    No,
    /// By a word that other files have, too.
    Perhaps,
    /// By a word that few other files have.
    Likely,
}

/// Directories of tests and their data, wherever they lie.
const DIRECTORIES: [&str; 13] = [
    "test",
    "tests",
    "__tests__",
    "testdata",
    "test-data",
    "test_data",
    "testcases",
    "fixtures",
    "__fixtures__",
    "__mocks__",
    "cassettes",
    "__snapshots__",
    "e2e",
];

/// Directories of tests, and of much else: these words count at the top only, and below a directory of tests.
const SHORT: [&str; 9] = ["spec", "specs", "t", "testing", "corpus", "snapshots", "it", "golden", "goldens"];

/// Names of files that say what is built, and often how tests run, too.
const BUILDS: [&str; 34] = [
    "Cargo.toml",
    "Cargo.lock",
    "package.json",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "tsconfig.json",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "go.mod",
    "go.sum",
    "CMakeLists.txt",
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
    "composer.json",
    "composer.lock",
    "meson.build",
    "BUILD",
    "BUILD.bazel",
    "mix.exs",
    "deno.json",
    "justfile",
    ".npmrc",
    ".yarnrc.yml",
    "bunfig.toml",
];

/// Names of files that only say which tests run and how.
const RUNS_TESTS: [&str; 24] = [
    "nextest.toml",
    "tox.ini",
    "pytest.ini",
    "conftest.py",
    "sitecustomize.py",
    "usercustomize.py",
    "unittest.py",
    "pytest.py",
    "doctest.py",
    "CTestTestfile.cmake",
    ".rspec",
    "phpunit.xml",
    "phpunit.xml.dist",
    "phpunit.dist.xml",
    "pytest.toml",
    ".pytest.ini",
    "nose.cfg",
    ".noserc",
    "noxfile.py",
    ".proverc",
    ".taprc",
    ".minitest",
    "CTestCustom.cmake",
    ".nycrc",
];

/// Runners of JavaScript that a file `<runner>.config.*` or `<runner>.conf.*` configures.
const CONFIGURED: [&str; 8] = ["jest", "vitest", "mocha", "playwright", "karma", "ava", "cypress", "wdio"];

/// Whether a file of that name only says which tests run and how.
fn configures_runner(name: &str) -> bool {
    let is_of = |runner: &str| {
        let rest = name.strip_prefix(runner);
        rest.is_some_and(|rest| [".config.", ".conf.", ".workspace."].iter().any(|middle| rest.starts_with(middle)))
    };
    RUNS_TESTS.contains(&name) || name.starts_with(".mocharc") || CONFIGURED.iter().any(|runner| is_of(runner))
}

/// Whether the file at `path` only decides which tests run and how: a fix needs no change of it.
pub(crate) fn runs_tests(path: &str) -> bool {
    configures_runner(path.rsplit('/').next().unwrap_or(path)) || shadows_runner(path)
}

/// What a path is, by its name alone.
pub(crate) fn role(path: &str) -> Role {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    if configures_runner(name) || configures_build(directory, name) {
        Role::Configuration
    } else if named(path) > Named::No {
        Role::Test
    } else {
        Role::Other
    }
}

/// How far a path says that it is one of tests, by its own name or that of its directory.
pub(crate) fn named(path: &str) -> Named {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let by_directory = if directory.split('/').any(|part| DIRECTORIES.contains(&part)) {
        Named::Likely
    } else if directory.split('/').next().is_some_and(|top| SHORT.contains(&top)) {
        Named::Perhaps
    } else {
        Named::No
    };
    by_directory.max(named_itself(path))
}

/// How far a file has a name of tests, wherever it lies.
pub(crate) fn named_itself(path: &str) -> Named {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_lowercase();
    let stem = lower.split('.').next().unwrap_or(&lower);
    let likely = stem.starts_with("test_")
        || stem.starts_with("test-")
        || ["_test", "-test", "_tests"].iter().any(|end| stem.ends_with(end))
        || matches!(stem, "test" | "tests" | "spec_helper" | "rails_helper")
        || [".test.", ".spec.", ".tests."].iter().any(|middle| lower.contains(middle))
        || [".t", ".bats", ".snap"].iter().any(|end| lower.ends_with(end));
    let stem = name.split('.').next().unwrap_or(name);
    let camel = |end: &str| stem.strip_suffix(end).filter(|rest| !rest.is_empty());
    // `SumIT` is one of tests, and `LIMIT` is not.
    let integration = camel("IT").is_some_and(|rest| rest.ends_with(|c: char| c.is_lowercase()));
    if likely || integration || camel("Test").is_some() || camel("Tests").is_some() {
        return Named::Likely;
    }
    let lower = stem.to_lowercase();
    let perhaps =
        ["_spec", "-spec"].iter().any(|end| lower.ends_with(end)) || lower == "spec" || camel("Spec").is_some();
    if perhaps { Named::Perhaps } else { Named::No }
}

/// Python modules that run tests, or that Python loads before everything else.
const MODULES: [&str; 6] = ["_pytest", "doctest", "pytest", "sitecustomize", "unittest", "usercustomize"];

/// Modules that Python's test runners load, of Python itself and of others: one of that name at the top of a project is loaded in its place.
const STANDARD: &[&str] = &[
    "abc",
    "argparse",
    "array",
    "ast",
    "asyncio",
    "atexit",
    "attr",
    "attrs",
    "base64",
    "bdb",
    "binascii",
    "bisect",
    "bz2",
    "calendar",
    "cmd",
    "code",
    "codecs",
    "codeop",
    "collections",
    "colorama",
    "compileall",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "copyreg",
    "csv",
    "ctypes",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "dis",
    "email",
    "encodings",
    "enum",
    "errno",
    "exceptiongroup",
    "faulthandler",
    "filecmp",
    "fileinput",
    "fnmatch",
    "fractions",
    "functools",
    "genericpath",
    "getopt",
    "getpass",
    "gettext",
    "glob",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "importlib",
    "iniconfig",
    "inspect",
    "io",
    "json",
    "keyword",
    "linecache",
    "locale",
    "logging",
    "lzma",
    "marshal",
    "math",
    "mimetypes",
    "multiprocessing",
    "ntpath",
    "numbers",
    "opcode",
    "operator",
    "optparse",
    "os",
    "packaging",
    "pathlib",
    "pdb",
    "pickle",
    "pkgutil",
    "platform",
    "pluggy",
    "posixpath",
    "pprint",
    "py",
    "pygments",
    "queue",
    "quopri",
    "random",
    "re",
    "reprlib",
    "runpy",
    "sched",
    "secrets",
    "selectors",
    "shlex",
    "shutil",
    "signal",
    "site",
    "socket",
    "ssl",
    "stat",
    "string",
    "struct",
    "subprocess",
    "sys",
    "sysconfig",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "timeit",
    "token",
    "tokenize",
    "tomli",
    "tomllib",
    "traceback",
    "types",
    "typing",
    "uuid",
    "warnings",
    "weakref",
    "xml",
    "zipfile",
    "zipimport",
    "zlib",
    "zoneinfo",
];

/// What tests of other languages load: a file of that name among a project's own is loaded in its place.
const LIBRARIES: [&str; 11] = [
    "strict.pm",
    "warnings.pm",
    "Test/Builder.pm",
    "Test/More.pm",
    "Test/Simple.pm",
    "TAP/Harness.pm",
    "assert.h",
    "minitest.rb",
    "minitest/autorun.rb",
    "rspec.rb",
    "test/unit.rb",
];

/// Whether a file at `path` takes the place of a test runner, or of what it loads: a Python module of that name, what Python compiled, or an
/// installed package of node.
pub(crate) fn shadows_runner(path: &str) -> bool {
    let top = path.split('/').next().unwrap_or(path);
    let package = path.strip_prefix(top).is_some_and(|rest| rest == "/__init__.py");
    if STANDARD.contains(&top.strip_suffix(".py").unwrap_or(top)) && (package || path == top && path.ends_with(".py")) {
        return true;
    }
    if path.ends_with(".pyc") || path.ends_with(".pyo") {
        return true;
    }
    // They register plugins of a runner.
    if ["egg-info/", "dist-info/"].iter().any(|directory| path.contains(directory)) {
        return true;
    }
    if LIBRARIES.iter().any(|library| path == *library || path.ends_with(&format!("/{library}"))) {
        return true;
    }
    let mut parts = path.split('/');
    let module = |part: &str| MODULES.contains(&part.strip_suffix(".py").unwrap_or(part));
    parts.clone().any(|part| part == "node_modules") || (path.ends_with(".py") && parts.any(module))
}

/// Whether a file says what is built: `Cargo.toml`, `vite.config.ts`, `x.csproj`.
fn configures_build(directory: &str, name: &str) -> bool {
    let bundler = ["vite.config.", "babel.config."].iter().any(|begin| name.starts_with(begin));
    BUILDS.contains(&name)
        || directory.ends_with(".cargo")
        || bundler
        || name.ends_with(".csproj")
        || name.ends_with(".mk")
}

/// Words by which languages begin a test that stands among code.
const BEGINNINGS: [&str; 12] = [
    "#[test]",
    "#[cfg(test)]",
    "#[rstest",
    ">>> ",
    "def test",
    "unittest",
    "describe(",
    "it(",
    "test(",
    "test \"",
    "TEST(",
    "TEST_CASE(",
];

/// Whether a line begins a test that stands in a file of code: an inline test, or an example that is run.
pub(crate) fn shows_test(line: &str) -> bool {
    let line = line.trim_start_matches('+').trim_start();
    let line = line.strip_prefix("/// ").or_else(|| line.strip_prefix("//! ")).unwrap_or(line);
    BEGINNINGS.iter().any(|begin| line.starts_with(begin)) || line.starts_with("#[") && line.contains("::test")
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
        for path in ["calc.py", "src/lib.rs", "src/latest.rs", "contest.py", "README.md", "checks/sum"] {
            assert_eq!(role(path), Role::Other, "{path}");
        }
    }

    #[test]
    fn what_only_runs_tests_is_held() {
        for path in ["conftest.py", "a/pytest.ini", "jest.config.ts", ".mocharc.yml", "unittest.py", ".rspec"] {
            assert!(runs_tests(path), "{path}");
        }
        // These say what is built, too.
        for path in ["package.json", "Cargo.toml", "pyproject.toml", "Makefile", "babel.config.js", "test_a.py"] {
            assert!(!runs_tests(path), "{path}");
        }
    }

    #[test]
    fn a_runner_is_shadowed_by_name() {
        for path in ["unittest.py", "a/sitecustomize.py", "pytest/__init__.py", "node_modules/.bin/jest"] {
            assert!(shadows_runner(path), "{path}");
        }
        for path in ["lib/Test/More.pm", "include/assert.h", "minitest/autorun.rb"] {
            assert!(shadows_runner(path), "{path}");
        }
        for path in ["calc.egg-info/entry_points.txt", "pluggy.py", "json/__init__.py"] {
            assert!(shadows_runner(path), "{path}");
        }
        for path in ["__pycache__/calc.cpython-311.pyc", "difflib.py", "logging/__init__.py"] {
            assert!(shadows_runner(path), "{path}");
        }
        for path in
            ["unittest.md", "test_unittest.py", "src/lib.py", "pytest.ini", "pkg/io.py", "os/win.c", "logging/README"]
        {
            assert!(!shadows_runner(path), "{path}");
        }
    }

    #[test]
    fn a_test_among_code_is_known_by_its_beginning() {
        for line in [
            "+    #[test]",
            "+>>> add(2, 3)",
            "+    #[tokio::test(flavor = \"x\")]",
            "+unittest {",
            "+  it('adds', () => {",
        ] {
            assert!(shows_test(line), "{line}");
        }
        for line in ["+    return 0", "+    assert False", "+    commit(x)", "+--count;"] {
            assert!(!shows_test(line), "{line}");
        }
    }
}
