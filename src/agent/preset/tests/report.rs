//! Tests of `agent::preset::report`.

use super::*;

#[test]
fn what_an_agent_makes_up_is_cleaned_cut_or_dropped() {
    let mut report = Report::default();
    report.model(Some("  \x1b[31mevil\nmodel\u{202e}  "));
    assert_eq!(report.model.as_deref(), Some("evil model<U+202E>"));
    report.model(Some("  "));
    assert!(report.model.is_some());
    report.model(Some(&"x".repeat(1000)));
    assert_eq!(report.model.map(|model| model.len()), Some(LONGEST_MODEL));
    for bad in ["", "-rf", "a b", "$(id)", "a;b", "../x", "a\n", "é", &"a".repeat(129)] {
        assert!(!is_session(bad), "{bad:?}");
    }
    assert!(is_session("96ec16cd-05c4-4491-a906-ab49c69095b2") && is_session("ses_e02b75652ffexG5d6"));
}

#[test]
fn the_cost_is_one_line_and_a_number() {
    let mut report = Report::default();
    assert_eq!(report.cost(), None);
    report.price(Some(f64::NAN));
    report.price(Some(-1.0));
    report.price(Some(f64::INFINITY));
    assert_eq!(report.cost(), None);
    report.price(Some(0.002));
    assert_eq!(report.cost().map(ToString::to_string).as_deref(), Some("0.002 USD"));
    report.tokens(Some(200), None, Some(40));
    report.price(Some(3.0));
    assert_eq!(report.cost().map(ToString::to_string).as_deref(), Some("3 USD, 200 tokens in, 40 out"));
}

#[test]
fn of_what_a_session_cost_a_run_gets_what_was_not_counted_before() {
    let before = Cost::read("0.1 USD, 200 tokens in, 40 out");
    let of = |report: Report| report.without(&before).cost().map(ToString::to_string).unwrap_or_default();
    let report = || {
        let mut report = Report::default();
        report.price(Some(0.25));
        report.tokens(Some(300), None, Some(60));
        report
    };
    assert_eq!(of(report()), "0.25 USD, 300 tokens in, 60 out", "all of it is of the run");
    assert_eq!(
        of(Report { of_session: OfSession { tokens: true, money: false }, ..report() }),
        "0.25 USD, 100 tokens in, 20 out"
    );
    assert_eq!(
        of(Report { of_session: OfSession { money: true, tokens: false }, ..report() }),
        "0.15 USD, 300 tokens in, 60 out"
    );
    // 240 before and 360 now: where the session has as many, the price is that of the session.
    assert_eq!(of(Report { session_tokens: Some(600), ..report() }), "0.15 USD, 300 tokens in, 60 out");
    assert_eq!(of(Report { session_tokens: Some(360), ..report() }), "0.25 USD, 300 tokens in, 60 out");
    // What is less than what was counted is no sum of it.
    let of_session = OfSession { money: true, tokens: true };
    let of =
        |report: Report| report.without(&Cost::read("0.3 USD, 500 tokens in, 40 out")).cost().map(ToString::to_string);
    assert_eq!(of(Report { of_session, ..report() }).as_deref(), Some("0.25 USD, 300 tokens in, 60 out"));
}
