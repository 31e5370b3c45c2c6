# Phase 4: what else is concerned, and which files does the fix have to change?

say "Looking at every function under src/storage"

# functions: for each function of the storage layer, whether it reads, persists and locks.
functions() {
    awk '
        /^[a-z_]+\(\) \{/ { name = $1; sub(/\(\)/, "", name); read = persist = lock = "" }
        /^    .*(store_read|batch_compute)/ { read = "yes" }
        /^    .*(store_persist|batch_persist|mv -f|rm -f "\$record")/ { persist = "yes" }
        /^    .*lock_acquire/ { lock = "yes" }
        /^}/ && (read || persist) { printf "| `%s` | `%s` | %s | %s | %s |\n", FILENAME, name, read, persist, lock }
    ' src/storage/store.sh src/storage/batch.sh
}

# The batch path has code of its own: is data lost there as well?
scratch batch
mkdir "$work/batch/tests/observe"
cat >"$work/batch/tests/observe/observe_test.sh" <<'EOF'
test_two_batches() {
    printf 'append jobs alpha\n' >one
    printf 'append jobs beta\n' >two
    race "batch one" "batch two"
    assert_eq "two batches" "alpha beta" "$(values jobs)"
}
test_a_write_and_a_batch() {
    printf 'append jobs beta\n' >two
    race "append jobs alpha" "batch two"
    assert_eq "a write and a batch" "alpha beta" "$(values jobs)"
}
test_a_write_and_clear() {
    kv append jobs alpha
    race "append jobs beta" "clear"
    if kv get jobs; then fail "a write brought back what was cleared"; fi
}
EOF
say "Trying the batch path"
(cd "$work/batch" && shown "sh tests/run observe") >"$work/batch.md"

document <<EOF
# Issue #1234: impact map

Informed by:
$(printf '%s\n' "$informed_by" | sed 's/^/- /')

## Every function that reads or persists records

| file | function | reads | persists | locks |
|---|---|---|---|---|
$(functions)

What both reads and persists without the lock has the bug: \`store_write\` and \`batch_write\`. \`store_get\` only reads, and
a record is replaced as a whole, so it needs no lock. \`store_clear\` has the lock.

## Tried, not assumed: batches, and \`clear\`

$(cat "$work/batch.md")

The bug is in the batch path too. And \`clear\` takes the lock in vain as long as the writes don't: a cleared key comes back.

## Who calls them

$(shown "grep -nE 'store_write|batch_write' kv src/storage/*.sh")

One caller each, and neither calls the other: the lock, which is not reentrant, is taken once.

## Every place to change

| file | what |
|---|---|
| \`src/storage/store.sh\` | \`store_write\`: the lock before the read, until the record is persisted |
| \`src/storage/batch.sh\` | \`batch_write\`: the same, once for the whole batch |
| \`tests/storage/concurrent_test.sh\` | new: stress, batches, \`clear\`, timeout, nested writes, partial failures, a killed writer |
| \`docs/architecture/storage.md\` | "Writes" says optimistic; "The lock" says that only \`clear\` takes it |

Not to change: \`src/storage/lock.sh\` does what is needed; the format of records stays as it is.
EOF

# batches_lose_data: the three trials above were run, and each failed.
batches_lose_data() {
    test "$(grep -c '^test observe::.* FAILED$' "$work/batch.md")" -eq 3
}
# files_exist: what the map tells the fix to change is there, except what it calls new.
files_exist() {
    for file in $(sed -n 's/^| `\([a-z/_]*\.[a-z]*\)` | .*/\1/p' "$target"); do
        [ -f "$file" ] || grep -F "| \`$file\` | new:" "$target" || { say "no such file: $file"; return 1; }
    done
}

tick "Every function that reads or persists records is listed" grep -Fq "| \`batch_write\` | yes | yes |  |" "$target"
tick "The batch path is tried" batches_lose_data
tick "Every file that the fix has to change is listed" files_exist

# Left uncommitted: `git chant work` commits what an agent leaves behind in its target files.
