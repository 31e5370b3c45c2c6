//! Tests of `agent::template`.

use super::*;

#[test]
fn names_are_replaced_once_and_unknown_ones_are_placed() {
    let value = |name: &str| (name == "title").then(|| "{{id}}".to_owned());
    assert_eq!(substitute("a {{title}} {{ title }} {b} }}", value), Ok("a {{id}} {{id}} {b} }}".to_owned()));
    assert_eq!(substitute("a\nb {{title}} {{who}}", value), Err(Unknown { name: "who".into(), line: 2 }));
    assert_eq!(substitute("open {{ end", value), Ok("open {{ end".to_owned()));
    assert_eq!(check("{{id}} {{spec.title}} {{ spec }}"), Ok(()));
    for (_, ours) in OF_CHANT {
        assert_eq!(check(ours), Ok(()));
    }
    assert_eq!(check("{{id}} {{nothing}}").map_err(|unknown| unknown.name), Err("nothing".to_owned()));
}
