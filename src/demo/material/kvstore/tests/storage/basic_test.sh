# One process at a time.

test_basic_set_then_get() {
    kv set colour blue
    kv set colour green
    assert_eq "value" green "$(kv get colour)"
    assert_eq "version" 2 "$(sed -n 1p "$KV_DIR/colour")"
}

test_basic_append_adds_a_line() {
    kv append jobs alpha
    kv append jobs beta
    assert_eq "value" "alpha beta" "$(values jobs)"
}

test_basic_missing_key_is_an_error() {
    if kv get nothing; then fail "a key that isn't there has a value"; fi
}

test_basic_batch_writes_every_line() {
    printf 'set colour blue\nappend jobs alpha\nappend jobs beta\n' >lines
    kv batch lines
    assert_eq "set" blue "$(kv get colour)"
    assert_eq "append" "alpha beta" "$(values jobs)"
}

test_basic_batch_with_a_malformed_line_writes_nothing() {
    printf 'set colour blue\nfrobnicate jobs alpha\n' >lines
    if kv batch lines; then fail "a malformed line was accepted"; fi
    if kv get colour; then fail "half a batch was written"; fi
}

test_basic_clear_twice_at_once() {
    kv set colour blue
    race "clear" "clear"
    if kv get colour; then fail "clear left a key"; fi
}
