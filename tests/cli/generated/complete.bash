# Completes each argument, a command line, as git's own completion does, and prints the words: one line a command line.
. /usr/share/bash-completion/bash_completion
. /usr/share/bash-completion/completions/git
. "$STUBS/git-chant.bash"

for COMP_LINE in "$@"; do
	read -ra COMP_WORDS <<<"${COMP_LINE//=/ = }"
	[[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMP_POINT=${#COMP_LINE}
	COMP_TYPE=9
	COMPREPLY=()
	# compopt has nothing to say it to: readline is not here.
	__git_wrap__git_main 2>/dev/null
	echo "${COMPREPLY[*]}"
done
