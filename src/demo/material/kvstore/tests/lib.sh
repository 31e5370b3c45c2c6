# What every test has: kv on a store of its own, assertions, and races that end the same way each time.
#
# From tests/run: ROOT, the top of the source; TEST_DIR, an empty directory that goes with the test,
# which begins there.

set -eu
cd "$TEST_DIR"
KV_DIR=$TEST_DIR/store
export KV_DIR

kv() {
    sh "$ROOT/kv" "$@"
}

fail() {
    printf '%s\n' "$*"
    exit 1
}

# assert_eq WHAT EXPECTED ACTUAL
assert_eq() {
    [ "$2" = "$3" ] || fail "$1:
  expected: $2
  actual:   $3"
}

# values KEY: the lines of a value, sorted, on one line.
values() {
    kv get "$1" | sort | tr '\n' ' ' | sed 's/ $//'
}

# race FIRST SECOND: run two kv command lines (plain words) at once. The first is stopped after it has read and
# before it persists, and goes on as soon as the second has ended or waits for it: tests/barrier.sh.
# No outcome hangs on how fast the machine is.
race() {
    KV_RACE=$TEST_DIR/race
    KV_TEST_BARRIER=$ROOT/tests/barrier.sh
    export KV_RACE KV_TEST_BARRIER
    rm -rf "$KV_RACE"
    mkdir "$KV_RACE"
    # shellcheck disable=SC2086 # the command lines are made of words
    race_writer first $1 &
    sh "$KV_TEST_BARRIER" start
    # shellcheck disable=SC2086
    race_writer second $2
    wait
    unset KV_TEST_BARRIER
    assert_eq "exit code of '$1'" 0 "$(cat "$KV_RACE/first.ended")"
    assert_eq "exit code of '$2'" 0 "$(cat "$KV_RACE/second.ended")"
}

# race_writer PARTY WORD...
race_writer() {
    KV_PARTY=$1
    export KV_PARTY
    shift
    status=0
    sh "$ROOT/kv" "$@" || status=$?
    printf '%s\n' "$status" >"$KV_RACE/$KV_PARTY.new"
    mv "$KV_RACE/$KV_PARTY.new" "$KV_RACE/$KV_PARTY.ended"
}
