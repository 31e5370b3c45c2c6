//! Tests of `agent::rate_limit`.

use super::*;

#[test]
fn by_its_code_or_by_what_it_says_last() {
    let failed = Ending::Exited(1);
    for said in [
        "Claude AI usage limit reached|1753077600",
        "5-hour limit reached \u{2219} resets 2am",
        "You\u{2019}ve hit your session limit \u{b7} resets 3:50pm (Asia/Tokyo)",
        "API Error: 429 {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\"}}",
        "stream error: exceeded retry limit, last status: 429 Too Many Requests, request id: 1",
        "  \"status\": \"RESOURCE_EXHAUSTED\"",
        "litellm.RateLimitError: AnthropicException",
    ] {
        assert!(says_so(failed, format!("working\n{said}\n\n").as_bytes()), "{said}");
        assert!(!says_so(Ending::Exited(0), said.as_bytes()), "{said}");
        assert!(!says_so(Ending::Signalled(9), said.as_bytes()), "{said}");
        let long_ago = format!("{said}\n{}", "a line\n".repeat(LINES));
        assert!(!says_so(failed, long_ago.as_bytes()), "{said}");
    }
    assert!(says_so(Ending::Exited(RATE_LIMITED), b""));
    assert!(!says_so(failed, b"error: the limiter has no limit\n"));
}
