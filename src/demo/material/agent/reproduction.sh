# Phase 2: a test that fails because of the bug, each time.

test=regression::issue_1234_concurrent_write_loses_data

say "Writing $target"
mkdir -p "${target%/*}"
cat "$here/issue_1234_test.sh" >"$target"

# fails_each_time: five runs, five failures, and each for the reason that the issue gives.
fails_each_time() {
    for run in 1 2 3 4 5; do
        if run_tests regression/issue_1234; then say "run $run passed"; return 1; fi
        grep -Fqx "test $test ... FAILED" "$work/tests" || { cat "$work/tests"; return 1; }
        grep -Fq 'both writes are in the store' "$work/tests" || { cat "$work/tests"; return 1; }
    done
}

tick "A test writes one key from two processes at once" grep -q 'race "append' "$target"
tick "It fails, five times out of five" fails_each_time
sed -n '/^----/,/actual/p' "$work/tests"
tick "The other tests pass as before" run_tests storage
commit "Reproduce issue #1234: a write is lost" \
    "The test stops the first writer between its read and its persist, so that it fails each time and not now and then." \
    "$target"
