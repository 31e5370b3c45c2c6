# Records, one at a time.
#
# A record is the file "$KV_DIR/KEY": its version (the number of writes so far) on the first line,
# its value after that. It is replaced as a whole, by rename, so that a reader never sees half of it.

# store_get KEY: print the value.
store_get() {
    store_check_key "$1"
    store_read "$KV_DIR/$1"
    [ "$version" -gt 0 ] || kv_die "no such key: '$1'"
    printf '%s\n' "$value"
}

# store_write OP KEY VALUE: set or append.
store_write() {
    store_check_key "$2"
    store_read "$KV_DIR/$2"
    store_apply "$1" "$3"
    store_point read
    store_persist "$2" "$((version + 1))" "$value"
}

# store_clear: forget every key. Under the lock, so that two of these don't trip over each other.
store_clear() {
    lock_acquire
    store_point read
    for record in "$KV_DIR"/*; do
        if [ -f "$record" ]; then rm -f "$record"; fi
    done
    lock_release
}

# store_read FILE: set version and value from a record; version 0 and no value if there is none.
store_read() {
    version=0 value=
    [ -f "$1" ] || return 0
    { IFS= read -r version && value=$(cat); } <"$1" || kv_die "cannot read '$1'"
    case $version in
    '' | *[!0-9]*) kv_die "damaged record: '$1'" ;;
    esac
}

# store_apply OP VALUE: what OP makes of the value that was read.
store_apply() {
    case $1 in
    set) value=$2 ;;
    append) value=${value:+$value
}$2 ;;
    esac
}

# store_persist KEY VERSION VALUE: replace the record.
store_persist() {
    printf '%s\n%s\n' "$2" "$3" >"$KV_DIR/.$1.$$" && mv -f "$KV_DIR/.$1.$$" "$KV_DIR/$1" ||
        kv_die "cannot write '$1'"
}

store_check_key() {
    case $1 in
    '' | .* | *[!A-Za-z0-9_.-]*) kv_die "not a key: '$1'" ;;
    esac
}

# store_point NAME: where a test can stop this process (docs/architecture/storage.md, "Test points").
store_point() {
    [ -z "${KV_TEST_BARRIER-}" ] || sh "$KV_TEST_BARRIER" "$1" || kv_die "stopped at '$1'"
}
