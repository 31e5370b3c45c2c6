# Issue #1234: two processes write one key at the same time, both report success, and one write is gone.
# See: .chant/research/issue-1234-comprehension.md

test_issue_1234_concurrent_write_loses_data() {
    race "append jobs alpha" "append jobs beta"
    assert_eq "both writes are in the store" "alpha beta" "$(values jobs)"
    assert_eq "both writes are counted" 2 "$(sed -n 1p "$KV_DIR/jobs")"
}
