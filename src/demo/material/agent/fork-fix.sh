# Phase 5: the fix, as the research recommends it, with its tests, documentation and release notes.

# The research is part of the prompt. What it doesn't recommend isn't done here.
grep -q '^## Recommendation: pessimistic locking' "$work/prompt" ||
    stop "The prompt holds no recommendation of pessimistic locking: nothing to implement"
say "The research recommends pessimistic locking; following it"

regression=regression::issue_1234_concurrent_write_loses_data
if run_tests regression/issue_1234; then stop "The reproduction test doesn't fail here"; fi
sed -n '/^test /p' "$work/tests"

say "Editing src/storage/store.sh, src/storage/batch.sh and docs/architecture/storage.md"
git apply --whitespace=nowarn "$here/fix.patch"
say "Adding tests/storage/concurrent_test.sh"
cat "$here/concurrent_test.sh" >tests/storage/concurrent_test.sh

# lock_comes_first FUNCTION FILE STEP: the function takes the lock before that step.
lock_comes_first() {
    sed -n "/^$1()/,/^}/p" "$2" | awk -v step="$3" '
        /^    lock_acquire$/ { locked = 1 }
        index($0, step) { found = 1; exit }
        END { exit !(locked && found) }
    '
}
writes_are_locked() {
    lock_comes_first store_write src/storage/store.sh store_read &&
        lock_comes_first batch_write src/storage/batch.sh batch_compute
}

# One run of everything: the ticks below look at single lines of it.
all_tests=0
run_tests || all_tests=$?
sed -n '/^test /p' "$work/tests"

tick "Lock acquired before write operation" writes_are_locked
tick "Reproduction test" passed $regression
tick "New concurrency tests added" passed storage::concurrent_write_stress storage::concurrent_batch_write
tick "All existing tests pass" test "$all_tests" -eq 0
tick "Edge cases handled" passed storage::concurrent_write_timeout_handling storage::concurrent_write_nested \
    storage::concurrent_write_partial_failure storage::concurrent_write_after_a_killed_writer
tick "Documentation updated" grep -q '^A write takes the lock' docs/architecture/storage.md
commit "Fix #1234: take the lock before the read" \
    "Two processes could read the same version, and the later persist undid the earlier one. Writes and batches now hold
the lock of the store from before the read until the record is persisted, as the root cause analysis recommends." \
    src/storage/store.sh src/storage/batch.sh tests/storage/concurrent_test.sh docs/architecture/storage.md

awk -v notes="$here/release-notes.md" '
    /^<!-- Fill in after implementation -->/ { while ((getline line < notes) > 0) print line; next }
    { print }
' "$spec" >"$work/noted"
cat "$work/noted" >"$spec"
tick "Release notes section added" grep -q '^### Fixed: .*#1234' "$spec"
commit "Add release notes for #1234" "What a user sees of the fix, in the spec that asked for it."
