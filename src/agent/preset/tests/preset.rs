//! Tests of `agent::preset`.

use super::*;

#[test]
fn the_table_is_sorted_and_complete() {
    let names: Vec<&str> = ALL.iter().map(|preset| preset.name).collect();
    assert_eq!(names, crate::domain::agent::KNOWN);
    for preset in ALL {
        assert!(preset.start.contains(preset.program), "{}", preset.name);
        assert!(preset.resume.is_none_or(|line| line.contains(preset.program)), "{}", preset.name);
        let mut lines = [Some(preset.start), preset.resume].into_iter().flatten();
        assert!(preset.own_sandbox.is_none_or(|(on, _)| lines.all(|line| line.contains(on))), "{}", preset.name);
    }
    assert!(named("claude").is_some() && named("Claude").is_none());
}
