# Writes of several processes, and the edge cases of the lock that keeps them apart.
# See: .chant/research/issue-1234-root-cause.md and .chant/research/issue-1234-impact-map.md

test_concurrent_write_stress() {
    for writer in a b c; do
        for n in 1 2 3 4; do kv append jobs "$writer$n"; done &
    done
    wait
    assert_eq "every write is there" "a1 a2 a3 a4 b1 b2 b3 b4 c1 c2 c3 c4" "$(values jobs)"
}

test_concurrent_batch_write() {
    printf 'append jobs alpha\n' >one
    printf 'append jobs beta\n' >two
    race "batch one" "batch two"
    assert_eq "two batches" "alpha beta" "$(values jobs)"
    race "append jobs gamma" "batch one"
    assert_eq "a write and a batch" "alpha alpha beta gamma" "$(values jobs)"
}

test_concurrent_write_and_clear() {
    kv append jobs alpha
    race "append jobs beta" "clear"
    if kv get jobs; then fail "a write brought back what was cleared"; fi
}

test_concurrent_write_timeout_handling() {
    kv append jobs alpha
    mkdir "$KV_DIR/.lock"
    if KV_LOCK_TIMEOUT=0 sh "$ROOT/kv" append jobs beta; then fail "wrote without the lock"; fi
    rmdir "$KV_DIR/.lock"
    assert_eq "nothing was written" alpha "$(kv get jobs)"
}

test_concurrent_write_after_a_killed_writer() {
    mkdir -p "$KV_DIR/.lock"
    sh -c 'printf "%s %s %s\n" "$$" "$(id -u)" "$(uname -n)"' >"$KV_DIR/.lock/owner"
    kv append jobs alpha
    assert_eq "the write was done" alpha "$(kv get jobs)"
    if [ -e "$KV_DIR/.lock" ]; then fail "the stale lock is still there"; fi
}

test_concurrent_write_nested() {
    printf 'append jobs alpha\nappend jobs beta\n' >lines
    KV_LOCK_TIMEOUT=0 sh "$ROOT/kv" batch lines
    assert_eq "one batch takes the lock once" "alpha beta" "$(values jobs)"
}

test_concurrent_write_partial_failure() {
    kv append jobs alpha
    printf 'append jobs beta\n' >lines
    # A barrier that fails is a process that dies between its read and its persist.
    printf 'exit 1\n' >die
    if KV_TEST_BARRIER=./die sh "$ROOT/kv" append jobs beta; then fail "write: didn't die"; fi
    if KV_TEST_BARRIER=./die sh "$ROOT/kv" batch lines; then fail "batch: didn't die"; fi
    KV_LOCK_TIMEOUT=0 sh "$ROOT/kv" append jobs gamma
    assert_eq "the lock was given back" "alpha gamma" "$(values jobs)"
}
