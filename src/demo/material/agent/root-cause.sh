# Phase 3: why is data lost, and what is to be done about it? Tries things in copies of the source, changes nothing.

say "Testing three hypotheses"
issue='sh tests/run regression/issue_1234'

# What is in the store after a lost update, and after the same two writes in turn.
cat >"$work/lost_test.sh" <<'EOF'
test_lost() {
    race "append jobs alpha" "append jobs beta"
    printf 'record:\n'
    cat "$KV_DIR/jobs"
    printf 'kv get: %s\n' "$(values jobs)"
    printf 'files: %s\n' "$(echo $(ls -A "$KV_DIR"))"
    exit 1
}
test_in_turn() {
    kv append jobs alpha
    kv append jobs beta
    printf 'record:\n'
    cat "$KV_DIR/jobs"
    exit 1
}
EOF
scratch lost
mkdir "$work/lost/tests/observe"
cp "$work/lost_test.sh" "$work/lost/tests/observe/observe_test.sh"

# What a lock taken before the read would change, and what a look at the version before the persist.
say "Trying two approaches in copies of the source"
scratch lock
insert_before "$work/lock/src/storage/store.sh" '^    store_read .*[$]2"$' '    lock_acquire'
scratch check
insert_before "$work/check/src/storage/store.sh" '^    store_point read$' \
    '    [ ! -f "$KV_DIR/$2" ] || [ "$(sed -n 1p "$KV_DIR/$2")" = "$version" ] || kv_die conflict'

# observe COPY COMMAND: run it in a copy of the source.
observe() {
    (cd "$work/$1" && shown "$2")
}

document <<EOF
# Issue #1234: root cause

Informed by:
$(printf '%s\n' "$informed_by" | sed 's/^/- /')

The test that reproduces it:

$(shown "$issue")

## Hypotheses tested

### 1. Two processes write into one file, and it is torn: no

A record is written to a file named after the process, and renamed. After the lost update there is a whole record, and
nothing else lies about:

$(observe lost "sh tests/run observe::lost | sed -n '/^record/,/^files/p'")

### 2. The write is there and the reader doesn't find it: no

The record itself, above, holds one value and version 1. The other write was undone in the store; \`kv get\` tells the
truth.

### 3. Read, compute and persist are three steps that two processes take at once: yes

The same two writes in turn:

$(observe lost "sh tests/run observe::in_turn | sed -n '/^record/,/^beta/p'")

Two writes make version 2, and at once they made version 1: both read version 0, so both persisted version 1, and the
later one undid the earlier one. The place:

$(shown "sed -n '/^store_write()/,/^}/p' src/storage/store.sh")

Nothing between \`store_read\` and \`store_persist\` keeps another process out.

## Approaches weighed

### A. Compare-and-swap: look at the version again just before the persist

Tried in a copy of the source, with this line before \`store_point read\`:

$(observe check "grep -n 'conflict' src/storage/store.sh")

$(observe check "$issue | sed -n '/^test reg/p;/^both/,/actual/p'")

The look and the rename are two steps. However late the look, another process fits in between; the window is smaller and
the data is lost all the same. To make one step of them, each version needs a name that only one process can create, and so
a new format. And each caller has to compute again on a conflict, a batch after undoing what it had persisted.

### B. Pessimistic locking: take the existing lock before the read

Tried in a copy of the source, with one line more:

$(observe lock "sed -n '/^store_write()/,/^}/p' src/storage/store.sh")

$(observe lock "$issue")

It costs that writers wait for each other. It can be wrong in these ways, each of which wants a test:

- *timeout*: a writer that doesn't get the lock must fail and change nothing;
- *nested writes*: the lock is not reentrant, so a batch takes it once and not once a line;
- *partial failures*: a writer that dies between read and persist gives it back, and a stale lock is removed;
- *a lock a key* instead of one a store would let writers of different keys run at once, but two batches could wait for
  each other in a circle. Not worth it here.

### C. An append-only log

No update is lost if none replaces another. But it is a new format, with compaction and migration: too much for a fix.

## Recommendation: pessimistic locking

Take the lock of the store (\`src/storage/lock.sh\`) before the read, and keep it until the record is persisted. It is
there, it is tested, and its rules for timeouts and stale locks are documented. Compare-and-swap was tried, and loses data.
EOF

# tried COPY: what happens to the reproduction test in a copy; passes if it passes there.
tried() {
    (cd "$work/$1" && run_tests regression/issue_1234 && passed regression::issue_1234_concurrent_write_loses_data)
}
# locking_works_and_checking_does_not: what the document says about the two approaches.
locking_works_and_checking_does_not() {
    tried lock && ! tried check
}

tick "Three hypotheses are tested" test "$(grep -c '^### [123]\. ' "$target")" -eq 3
tick "Locking and compare-and-swap are weighed" locking_works_and_checking_does_not
tick "One approach is recommended" grep -qx '## Recommendation: pessimistic locking' "$target"
commit "Find the root cause of issue #1234" \
    "Two writers read the same version. Locking keeps them apart, a look at the version before persisting doesn't." "$target"
