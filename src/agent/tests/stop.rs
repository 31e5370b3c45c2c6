//! Tests of `agent::stop`.

use super::*;

const FAILED: Ending = Ending::Exited(1);

fn kind(ending: Ending, tail: &[u8]) -> Option<StopKind> {
    let reported = Reported { last: last_lines(tail), ..Reported::default() };
    reason(ending, reported, |_| None).map(|stopped| stopped.kind)
}

#[test]
fn by_its_code_or_by_what_it_says_last() {
    for (said, of) in [
        ("Claude AI usage limit reached|1753077600", StopKind::RateLimit),
        ("5-hour limit reached \u{2219} resets 2am", StopKind::RateLimit),
        ("You\u{2019}ve hit your session limit \u{b7} resets 3:50pm (Asia/Tokyo)", StopKind::RateLimit),
        ("API Error: 429 {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\"}}", StopKind::RateLimit),
        ("stream error: exceeded retry limit, last status: 429 Too Many Requests, request id: 1", StopKind::RateLimit),
        ("  \"status\": \"RESOURCE_EXHAUSTED\"", StopKind::RateLimit),
        ("litellm.RateLimitError: AnthropicException", StopKind::RateLimit),
        ("API Error: 529 Overloaded. This is a server-side issue", StopKind::Overload),
        ("Internal error: API Error: Request rejected (429) · This request would exceed", StopKind::RateLimit),
        (
            "Internal error: API Error: Claude's response exceeded the 64000 output token maximum.",
            StopKind::OutputLimit,
        ),
        ("Internal error: This request would exceed your account's rate limit.", StopKind::RateLimit),
        ("Internal error: Overloaded", StopKind::Overload),
        ("Internal error: Internal server error", StopKind::ServerError),
        ("litellm.APIConnectionError: x", StopKind::NoNetwork),
        ("Connection reset by server", StopKind::NoNetwork),
        ("Internal error: invalid x-api-key", StopKind::BadKey),
        ("litellm.AuthenticationError: x", StopKind::BadKey),
        ("You exceeded your current quota, RESOURCE_EXHAUSTED", StopKind::NoCredit),
    ] {
        assert_eq!(kind(FAILED, format!("working\n{said}\n\n").as_bytes()), Some(of), "{said}");
        assert_eq!(kind(Ending::Exited(0), said.as_bytes()), None, "{said}");
        assert_eq!(kind(Ending::Signalled(9), said.as_bytes()), Some(StopKind::Killed), "{said}");
        let long_ago = format!("{said}\n{}", "a line\n".repeat(LINES));
        assert_eq!(kind(FAILED, long_ago.as_bytes()), None, "{said}");
    }
    assert_eq!(kind(Ending::Exited(RATE_LIMITED), b""), Some(StopKind::RateLimit));
    assert_eq!(kind(FAILED, b"error: the limiter has no limit\n"), None);
}

#[test]
fn what_it_reports_in_fields_comes_first_and_a_run_that_ended_well_was_not_stopped_by_what_passes() {
    let reported = |kind, in_error| Reported {
        stopped: Some(Stopped { kind, said: None }),
        in_error,
        last: vec!["rate_limit_error".to_owned()],
        ..Reported::default()
    };
    let of = |ending, kind| reason(ending, reported(kind, false), |_| None).map(|stopped| stopped.kind);
    assert_eq!(of(FAILED, StopKind::Overload), Some(StopKind::Overload));
    assert_eq!(of(Ending::Exited(0), StopKind::Overload), None);
    assert_eq!(of(Ending::Exited(0), StopKind::BadKey), None);
    assert_eq!(of(Ending::Exited(0), StopKind::Question), Some(StopKind::Question));
    assert_eq!(of(Ending::Signalled(15), StopKind::BadKey), Some(StopKind::BadKey));
    assert_eq!(of(Ending::Interrupted(2), StopKind::Question), None);
    let in_error = reason(Ending::Exited(0), reported(StopKind::NoNetwork, true), |_| None);
    assert_eq!(in_error.map(|stopped| stopped.kind), Some(StopKind::NoNetwork), "it says so itself");
}

#[test]
fn a_killed_one_is_named_by_its_signal_through_a_shell_too() {
    for (ending, name) in
        [(Ending::Signalled(9), "SIGKILL"), (Ending::Exited(137), "SIGKILL"), (Ending::Exited(143), "SIGTERM")]
    {
        let stopped = reason(ending, Reported::default(), |_| None).map(|stopped| stopped.to_string());
        assert_eq!(stopped, Some(format!("the agent was killed: {name}")));
    }
    assert_eq!(kind(Ending::Exited(130), b""), None);
}

#[test]
fn last_words_are_one_clean_line() {
    assert_eq!(last_words(b"a\nerror: \x1b[31mno   such\x1b[0m file\n \n").as_deref(), Some("no such file"));
    assert_eq!(last_words(b"\n \n"), None);
    for (text, read) in [
        (r#"[API Error: {"error":{"code":400,"message":"no key"}}]"#, "[API Error: no key]"),
        (r#"529 {"error":{"message":"{\"error\":{\"message\":\"busy\"}}"}}"#, "529 busy"),
        (r#"{"message":"no"} is said"#, "no is said"),
        (r#"{"other":"no"} and {"#, r#"{"other":"no"} and {"#),
    ] {
        assert_eq!(words(text).as_deref(), Some(read));
    }
    let long = words(&"word ".repeat(200)).expect("words");
    assert!(long.ends_with("...") && long.chars().count() == LONGEST_WORDS + 3, "{long}");
}

#[test]
fn of_a_text_with_very_many_errors_few_are_made_readable() {
    assert_eq!(readable(r#"no: {"error":{"message":"{\"message\":\"slow down\"}"}}!"#), "no: slow down!");
    let object = r#"{"message":"a"}"#;
    assert_eq!(readable(&object.repeat(MOST_OBJECTS + 2)), "a".repeat(MOST_OBJECTS) + &object.repeat(2));
}
