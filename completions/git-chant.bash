# bash completion for git-chant.
#
# Install it as "git-chant" where bash-completion looks, ~/.local/share/bash-completion/completions/git-chant for instance: it is
# then loaded both for "git-chant" and, by git's own completion, for "git chant".
#
# The words are completed by git-chant itself, so that they always fit the installed version. Nothing is registered for git.

if command -v git-chant >/dev/null 2>&1; then
	eval "$(COMPLETE=bash git-chant)"
fi

# What the shell would make of a path, in dequoted_word.
__git_chant_path ()
{
	__git_dequote "$1"
	case $1 in
	'~' | '~/'*) dequoted_word=$HOME${dequoted_word#'~'} ;;
	esac
}

# git's completion calls this, with the words and the place of "chant" among them in words, cword and __git_cmd_idx.
_git_chant ()
{
	declare -F _clap_complete_git_chant >/dev/null || return 0
	# "git -C <dir>" asks about the repository there, as do --git-dir and --work-tree. The words are as they were typed.
	local at dequoted_word
	local -a options=()
	for ((at = 1; at < __git_cmd_idx; at++)); do
		case ${words[at]} in
		-C) __git_chant_path "${words[++at]}" && options+=(-C "$dequoted_word") ;;
		--git-dir) __git_chant_path "${words[++at]}" && local -x GIT_DIR=$dequoted_word ;;
		--git-dir=*) __git_chant_path "${words[at]#*=}" && local -x GIT_DIR=$dequoted_word ;;
		--work-tree) __git_chant_path "${words[++at]}" && local -x GIT_WORK_TREE=$dequoted_word ;;
		--work-tree=*) __git_chant_path "${words[at]#*=}" && local -x GIT_WORK_TREE=$dequoted_word ;;
		--bare) local -x GIT_DIR=. ;;
		-c | --namespace) ((at++)) ;;
		esac
	done
	local COMP_WORDS=(git-chant "${options[@]}" "${words[@]:__git_cmd_idx+1}")
	local COMP_CWORD=$((cword - __git_cmd_idx + ${#options[@]}))
	_clap_complete_git_chant git-chant "$cur" "$prev"
	# readline takes "=" for the end of a word, git's words don't: what stands before it is there already.
	if [[ $cur == *=* && ${COMP_WORDBREAKS-} == *=* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${cur%%=*}="}")
	fi
}
