# For each pair of arguments types the first, a command line, into a zsh at a pseudo-terminal, with a tab after it; fails unless the
# second is then there.
zmodload zsh/zpty zsh/datetime

# Reads from the terminal until $1 is seen, or for 20 seconds.
await() {
	local piece end=$((EPOCHREALTIME + 20))
	seen=
	while ((EPOCHREALTIME < end)); do
		while zpty -rt shell piece; do seen+=$piece; done
		[[ $seen == *"$1"* ]] && return
		sleep 0.02
	done
	print -r -u2 -- "'$1' not seen in: ${(V)seen}"
	return 1
}

for line expected in "$@"; do
	zpty shell "TERM=dumb zsh -f -i"
	zpty -w shell "PS1=; fpath=(\$STUBS \$fpath); autoload -Uz compinit; compinit -u -D; unsetopt prompt_cr prompt_sp; echo rea''dy"
	await ready || exit 1
	zpty -n -w shell "$line"$'\t'
	await "$expected" || exit 1
	zpty -d shell
done
