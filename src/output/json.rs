//! `--json`: exactly one object, `"format": 1` first, then the members of the answer's type.

use crate::{answer::record::Json, terminal::clean};

/// The answer as JSON, ended by a line end; indented for eyes, otherwise on one line.
pub(super) fn text<T: Json + ?Sized>(answer: &T, pretty: bool) -> Vec<u8> {
    let mut text = escaped(answer.json(pretty));
    text.push('\n');
    text.into_bytes()
}

/// JSON with everything that a terminal would interpret written as `\uXXXX`. The control characters below U+0020
/// are written so already, and what is left can only stand inside strings.
fn escaped(json: String) -> String {
    let hidden = |c: char| c >= '\u{7f}' && clean::harmful(c);
    if !json.contains(hidden) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hidden(c) {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Error,
        answer::{Failure, Nothing, SpecList, Text, sample},
        error::Kind,
    };

    fn compact<T: Json>(answer: &T) -> String {
        String::from_utf8(text(answer, false)).expect("UTF-8")
    }

    fn specs(specs: Vec<crate::answer::SpecView>) -> SpecList {
        SpecList { specs, ..SpecList::default() }
    }

    #[test]
    fn a_list_is_one_object_on_one_line() {
        let text = compact(&specs(vec![sample::spec("2026-02-08-010-v7b", "A \"title\"")]));
        assert_eq!(
            text,
            "{\"format\":1,\"specs\":[{\"id\":\"2026-02-08-010-v7b\",\"short\":\"010-v7b\",\"title\":\"A \\\"title\\\"\",\
             \"type\":\"code\",\"phase\":null,\"topic\":null,\"status\":\"pending\",\"ready\":false,\"blocked_by\":[],\
             \"stale\":false,\"contended\":false,\"orphaned\":false,\"retry\":null,\"needs_approval\":false,\"needs_review\":false,\"dropped\":null,\"labels\":[],\
             \"depends_on\":[],\"informed_by\":[],\"target_files\":[],\"attempt\":null,\
             \"branch\":\"chant/2026-02-08-010-v7b\",\"worktree\":null,\"spec_path\":null,\"spec_blob\":null,\
             \"tip\":null,\"work_commits\":[],\"created_at\":null,\"updated_at\":null,\"agent\":null,\"model\":null,\"cost\":null,\
             \"verified\":null,\"superseded_by\":null,\"archived\":false,\"error\":null}]}\n"
        );
        assert_eq!(compact(&SpecList::default()), "{\"format\":1,\"specs\":[]}\n");
        assert_eq!(compact(&Nothing {}), "{\"format\":1}\n");
    }

    #[test]
    fn a_terminal_gets_it_indented() {
        assert_eq!(text(&SpecList::default(), true), b"{\n  \"format\": 1,\n  \"specs\": []\n}\n");
    }

    #[test]
    fn nothing_in_it_speaks_to_a_terminal_and_nothing_is_lost() {
        let hostile = "\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\u{e0041}\n日本";
        let text = compact(&Text { text: hostile.into() });
        assert_eq!(text, "{\"format\":1,\"text\":\"\\u001b[2J\\u009b31m\\u007f\\u202e\\udb40\\udc41\\n日本\"}\n");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["text"], hostile);
    }

    #[test]
    fn an_error_has_code_message_hints_and_places() {
        let failure = Error::fatal(Kind::UnknownSpec, "there is no spec 'x'").hint("'git chant list' names them");
        assert_eq!(
            compact(&Failure::from(&failure)),
            "{\"format\":1,\"error\":{\"code\":\"unknown-spec\",\"message\":\"there is no spec 'x'\",\
             \"hints\":[\"'git chant list' names them\"],\"diagnostics\":[]}}\n"
        );
    }
}
