# The lock of the store: the directory "$KV_DIR/.lock".
#
# mkdir(1) makes a directory for exactly one of those who try, on every file system. The owner's name
# inside says who that was. One lock serves the whole store, so that a batch, which writes many keys,
# needs one lock only and can't wait in a circle. It is not reentrant: taking it twice is an error.

lock_held=

# lock_acquire: take the lock, or die when KV_LOCK_TIMEOUT seconds were not enough.
lock_acquire() {
    [ -z "$lock_held" ] || kv_die "the lock is taken twice by one process"
    lock_tries=$((${KV_LOCK_TIMEOUT:-10} * 50))
    if ! lock_try; then
        store_point wait
        until lock_try; do
            if [ "$lock_tries" -le 0 ]; then
                kv_die "timed out waiting for '$KV_DIR/.lock', owner: '$(lock_owner)'"
            fi
            lock_tries=$((lock_tries - 1))
            if lock_is_stale; then lock_break; else lock_pause; fi
        done
    fi
    lock_held=yes
    lock_me >"$KV_DIR/.lock/owner"
}

# lock_release: give the lock back; nothing happens if this process doesn't hold it.
lock_release() {
    [ -n "$lock_held" ] || return 0
    lock_held=
    lock_remove
}

lock_try() {
    mkdir "$KV_DIR/.lock" 2>/dev/null
}

# The lock goes in one step, by renaming it: never a moment at which it is there without its owner.
lock_remove() {
    mv "$KV_DIR/.lock" "$KV_DIR/.lock.$$" && rm -rf "$KV_DIR/.lock.$$"
}

lock_me() {
    printf '%s %s %s\n' "$$" "$(id -u)" "$(uname -n)"
}

lock_owner() {
    cat "$KV_DIR/.lock/owner" 2>/dev/null || printf 'unknown\n'
}

# lock_is_stale: the owner was a process of this user on this machine, and there is no such process.
# Of any other owner nothing is known: its lock is waited for, and named when the wait is over.
lock_is_stale() {
    lock_seen=$(lock_owner)
    lock_pid=${lock_seen%% *}
    case $lock_pid in
    '' | *[!0-9]*) return 1 ;;
    esac
    [ "$lock_seen" = "$lock_pid $(id -u) $(uname -n)" ] || return 1
    if kill -0 "$lock_pid" 2>/dev/null; then return 1; fi
    # It may have given the lock back before it ended, and another process may have it now. It can't any
    # more: the lock is stale if its name is still there.
    [ "$(lock_owner)" = "$lock_seen" ]
}

# lock_break: remove a stale lock. Two who found it stale must not both do that, or the slower one
# would remove the lock that the faster one took in its place; so this needs a lock too, and a second look.
lock_break() {
    if mkdir "$KV_DIR/.lock.break" 2>/dev/null; then
        if lock_is_stale; then lock_remove; fi
        rmdir "$KV_DIR/.lock.break"
    else
        lock_pause
    fi
}

# Not every sleep(1) knows fractions of a second.
lock_pause() {
    sleep 0.02 2>/dev/null || { sleep 1; lock_tries=$((lock_tries - 49)); }
}
