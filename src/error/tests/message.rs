//! Tests of `error`.

use super::*;

#[test]
fn what_others_say_is_put_in_our_form() {
    for (said, ours) in [
        ("Permission denied (os error 13)", "permission denied"),
        (
            "Could not make X: Permission denied (os error 13) at \"/A\"",
            "could not make X: permission denied at \"/A\"",
        ),
        ("HEAD is gone", "HEAD is gone"),
        ("", ""),
    ] {
        assert_eq!(plain_text(said), ours);
    }
}
