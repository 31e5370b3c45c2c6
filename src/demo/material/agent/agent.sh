#!/bin/sh
# The agent of `git chant demo`: a script where you would have a coding agent.
#
# `git chant work` runs it in the worktree of a spec, with the prompt on stdin. What it knows is what any agent knows:
#   CHANT_WORKTREE      where it works
#   CHANT_PHASE         which phase of the investigation this is
#   CHANT_SPEC_FILE     the spec, whose criteria it ticks
#   CHANT_TARGET_FILES  what it may write, one a line
#   CHANT_INFORMED_BY   what it builds on, one a line
# One file a phase lies beside this one. They are scripted, but nothing in them is staged: what the documents quote was
# printed by the command above it, and a criterion is ticked after the command behind it has passed, or not at all.

set -eu

here=$(cd "${0%/*}" && pwd)
cd "$CHANT_WORKTREE"
spec=$CHANT_SPEC_FILE
informed_by=${CHANT_INFORMED_BY-}
target=$(printf '%s\n' "$CHANT_TARGET_FILES" | sed -n 1p)

work=${TMPDIR:-/tmp}/chant-demo-agent.$$
# A killed process of the same number may have left its directory behind.
count=0
until mkdir -m 700 "$work" 2>/dev/null; do
    count=$((count + 1))
    [ "$count" -lt 100 ] || { printf "agent: cannot make a directory in %s\n" "${TMPDIR:-/tmp}" >&2; exit 2; }
    work=${TMPDIR:-/tmp}/chant-demo-agent.$$.$count
done
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cat >"$work/prompt"

# say TEXT: a line of progress.
say() {
    printf '%s\n' "$*"
}

# stop TEXT: leave it at that. What is not ticked stays unticked.
stop() {
    printf '%s\n' "$*" >&2
    exit 1
}

# shown COMMAND: a command and what it prints, as a block of Markdown.
shown() {
    printf '```console\n$ %s\n' "$1"
    sh -c "$1" 2>&1 || printf '(exit code %s)\n' "$?"
    printf '```\n'
}

# document: write stdin to the target file of this spec.
document() {
    mkdir -p "${target%/*}"
    cat >"$target"
    say "Wrote $target ($(wc -l <"$target" | tr -d ' ') lines)"
}

# tick CRITERION COMMAND...: run the command; if it passes, tick the criterion that begins so.
tick() {
    criterion=$1
    shift
    if ! "$@" >"$work/ticked" 2>&1; then
        cat "$work/ticked" >&2
        stop "Not ticked, '$*' failed: $criterion"
    fi
    CRITERION="- [ ] $criterion" awk '
        !done && index($0, ENVIRON["CRITERION"]) == 1 { sub(/\[ \]/, "[x]"); done = 1 }
        { print }
        END { exit !done }
    ' "$spec" >"$work/spec" || stop "The spec has no open criterion that begins so: $criterion"
    cat "$work/spec" >"$spec"
    say "Ticked: $criterion"
}

# commit SUBJECT BODY FILE...: commit these files and the ticks in the spec.
commit() {
    subject=$1 body=$2
    shift 2
    git add -- "$@" "$spec"
    git commit -q -m "$subject" -m "$body"
    say "Committed: $subject"
}

# scratch NAME: a copy of the source to try something in.
scratch() {
    mkdir "$work/$1"
    cp -R kv src tests "$work/$1/"
}

# insert_before FILE PATTERN LINE: put a line before the first one that matches.
insert_before() {
    awk -v pattern="$2" -v line="$3" '
        !done && $0 ~ pattern { print line; done = 1 }
        { print }
    ' "$1" >"$work/inserted"
    cat "$work/inserted" >"$1"
}

# passed TEST...: each of these tests ran, and passed, in the last `run_tests`. A test that isn't there did not pass.
passed() {
    for test in "$@"; do
        grep -Fqx "test $test ... ok" "$work/tests" || { say "did not pass: $test"; return 1; }
    done
}

# run_tests FILTER: run tests, keep what they print; the exit code is theirs.
run_tests() {
    sh tests/run "$@" >"$work/tests" 2>&1
}

case $CHANT_PHASE in
comprehension | reproduction | root-cause | impact-map | fork-fix) . "$here/$CHANT_PHASE.sh" ;;
*) stop "This agent does not do '$CHANT_PHASE': that is for a person" ;;
esac
