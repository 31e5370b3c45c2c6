//! The options that say how a bug is shown and its fix proved. `add` and `investigate` take them.

use clap::Args;

/// How a bug is shown, and its fix proved.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ProofArgs {
    /// Set the command of the test that shows the bug
    ///
    /// In the reproduction phase it must fail once the test exists. In the fix it must fail before the change and pass after it.
    #[arg(long, value_name = "command")]
    pub reproduces: Option<String>,

    /// Hold the tests in this path, glob or directory; may be repeated [default: the files that the reproduction changed]
    ///
    /// git-chant runs the held tests as the reproduction left them; the fix has to pass these exact tests.
    #[arg(long = "test", value_name = "path")]
    pub tests: Vec<String>,

    /// Require the failing test's output to match this regular expression
    ///
    /// It also makes a crash, a time limit or a load error that it matches count as a failing test.
    #[arg(long, value_name = "pattern", requires = "reproduces", allow_hyphen_values = true)]
    pub fails_with: Option<String>,

    /// Run the test this many times, from 1 to 100, with the same result [default: 1]
    #[arg(long, value_name = "number", requires = "reproduces")]
    pub runs: Option<String>,
}
