# Many records in one go.
#
# Every line of the batch is computed first, into a directory of its own, and only then are the records
# moved into the store: a batch with a malformed line writes nothing.

batch_stage=

# batch_write FILE: one write a line, "set KEY VALUE" or "append KEY VALUE".
batch_write() {
    [ -r "$1" ] || kv_die "cannot read '$1'"
    batch_stage=$KV_DIR/.batch.$$
    mkdir "$batch_stage"
    batch_compute <"$1"
    store_point read
    batch_persist
    batch_discard
}

# batch_compute: read the records that the lines on stdin name, and put what becomes of them on the stage.
batch_compute() {
    while read -r op key new || [ -n "$op" ]; do
        case $op in
        '') continue ;;
        set | append) store_check_key "$key" ;;
        *) kv_die "not an operation: '$op'" ;;
        esac
        # An earlier line of this batch may have written the same key.
        if [ -f "$batch_stage/$key" ]; then
            store_read "$batch_stage/$key"
        else
            store_read "$KV_DIR/$key"
        fi
        store_apply "$op" "$new"
        printf '%s\n%s\n' "$((version + 1))" "$value" >"$batch_stage/$key"
    done
}

# batch_persist: move the records from the stage into the store.
batch_persist() {
    for record in "$batch_stage"/*; do
        if [ -f "$record" ]; then mv -f "$record" "$KV_DIR/"; fi
    done
}

batch_discard() {
    if [ -n "$batch_stage" ]; then rm -rf "$batch_stage"; fi
    batch_stage=
}
