# Phase 1: what is the issue about? Reads, runs what is there, changes nothing.

say "Reading $(ls src/storage | wc -l | tr -d ' ') files under src/storage, and what the tests cover"

document <<EOF
# Issue #1234: what it is about

## The report

Two processes write the same key of one store at the same time. Both exit with 0. Afterwards one of the two writes is
not there.

- *Expected*: a write that reports success is in the store.
- *What happens*: one of them is gone, and nothing says so.

## How a write gets into the store

$(shown "grep -nE 'store_write|batch_write|store_clear' kv")

Each operation, and what it calls:

$(shown "grep -nE 'store_read|store_persist|batch_persist|lock_acquire' src/storage/*.sh")

Records are replaced by rename, in these places:

$(shown "grep -n 'mv -f' src/storage/*.sh")

## What the documentation promises

$(shown "sed -n '/^## Writes/,/^## Test/p' docs/architecture/storage.md | grep -v '^## Test'")

A write is called optimistic: it assumes that no other process writes. There is a lock, and only \`clear\` takes it.

## What the tests cover

$(shown "sh tests/run")

All of it passes. One test has two processes at once:

$(shown "grep -n 'race ' tests/*/*_test.sh /dev/null")

It is about \`clear\`, which takes the lock. No test writes a key from two processes at once.

## Open questions

1. Can the report be reproduced, each time? (reproduction)
2. Is it the write itself that is lost, or is the reader wrong? (root cause)
3. \`kv batch\` has code of its own for reading and persisting. Is it concerned too? (impact map)
EOF

# names_every_writer: the document names each file that puts a record in place.
names_every_writer() {
    for file in $(grep -l 'mv -f' src/storage/*.sh); do
        grep -Fq "$file" "$target" || { say "not named: $file"; return 1; }
    done
}

tick "The report is restated" grep -q '^- \*Expected\*' "$target"
tick "Every file that puts a record in place is named" names_every_writer
tick "What the tests cover" grep -Fq '... ok' "$target"
commit "Comprehend issue #1234: who writes, and how" \
    "There is a lock, and the writes don't take it. No test writes from two processes." "$target"
