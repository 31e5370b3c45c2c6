//! Which points a command passes: told by the command itself, or by strace among its system calls.

use std::collections::BTreeMap;

use crate::{support::Ran, trial::Trial};

/// The file in a sandbox that the passages are written to.
const FILE: &str = "passages";

/// Runs the tool once without killing it. Gives how it ended and its passages in their order, each as `CHANT_FAULT` takes it.
pub(crate) fn passed(trial: &Trial, args: &[&str]) -> (Ran, Vec<String>) {
    let file = begin(trial);
    let ran = Ran::of(trial.tool(args).env("CHANT_FAULT_TRACE", &file).output().unwrap());
    let mut counts = BTreeMap::<&str, usize>::new();
    let trace = std::fs::read_to_string(&file).unwrap();
    let mut passed = Vec::new();
    for point in trace.lines() {
        let count = counts.entry(point).or_default();
        *count += 1;
        passed.push(format!("{point}:{count}"));
    }
    std::fs::remove_file(file).unwrap();
    (ran, passed)
}

/// Runs the tool under strace. Gives how it ended and the traced calls, one line each, the passages among them.
pub(crate) fn traced(trial: &Trial, args: &[&str], calls: &str) -> (Ran, Vec<String>) {
    let (file, out) = (begin(trial), trial.sandbox.dir().join("trace"));
    let mut command = trial.command("strace");
    command
        .args(["-f", "-y", "-qq", "-s", "300", "-e", "signal=none", "-e", &format!("trace=write,{calls}"), "-o"])
        .arg(&out);
    command.arg(env!("CARGO_BIN_EXE_git-chant")).args(args).env("CHANT_FAULT_TRACE", &file);
    let ran = Ran::of(command.output().unwrap());
    // The sandbox is a temporary directory. Nothing in it counts as temporary for that.
    let dir = trial.sandbox.dir().to_str().unwrap();
    let trace =
        String::from_utf8_lossy(&std::fs::read(&out).unwrap()).lines().map(|line| line.replace(dir, "")).collect();
    std::fs::remove_file(out).unwrap();
    std::fs::remove_file(file).unwrap();
    (ran, trace)
}

fn begin(trial: &Trial) -> std::path::PathBuf {
    let file = trial.sandbox.dir().join(FILE);
    std::fs::write(&file, "").unwrap();
    file
}

/// The name of the point that a traced call passes.
pub(crate) fn point(call: &str) -> Option<&str> {
    let (_, written) = call.split_once(&format!("/{FILE}>, \""))?;
    Some(written.split_once("\\n\"")?.0)
}
