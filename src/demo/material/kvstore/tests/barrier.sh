# tests/barrier.sh POINT: the barrier of a race between two kv processes (see race in tests/lib.sh).
#
#   first, at "read":   says so, and stops until second waits for the lock or has ended
#   race, at "start":   starts second no earlier than that
#   second, at "wait":  says so
#
# Without a lock, second reads, persists and ends while first holds what it read before: the lost update, each time.
# With one, second can't read: it waits, so first goes on, and there is no deadlock.

set -u

# until_one_of MARK...: wait for a mark; 30 seconds are for a machine that stands still.
until_one_of() {
    tries=0
    while :; do
        for mark in "$@"; do
            [ ! -e "$KV_RACE/$mark" ] || return 0
        done
        tries=$((tries + 1))
        [ "$tries" -lt 3000 ] || break
        sleep 0.01 2>/dev/null || sleep 1
    done
    printf 'barrier: waited in vain for one of: %s\n' "$*" >&2
    return 1
}

case ${KV_PARTY-race}.$1 in
first.read) : >"$KV_RACE/first.read" && until_one_of second.wait second.ended ;;
race.start) until_one_of first.read first.ended ;;
second.wait) : >"$KV_RACE/second.wait" ;;
esac
