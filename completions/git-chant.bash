# bash completion for git-chant.
#
# Install it as "git-chant" where bash-completion looks, ~/.local/share/bash-completion/completions/git-chant for instance: it is
# then loaded both for "git-chant" and, by git's own completion, for "git chant".
#
# The words are completed by git-chant itself, so that they always fit the installed version. Nothing is registered for git.

if command -v git-chant >/dev/null 2>&1; then
	eval "$(COMPLETE=bash git-chant)"
fi

# git's completion calls this, with the words and the place of "chant" among them in words, cword and __git_cmd_idx.
_git_chant ()
{
	declare -F _clap_complete_git_chant >/dev/null || return 0
	# "git -C <dir>" asks about the repository there.
	local COMP_WORDS=(git-chant ${__git_C_args:+"${__git_C_args[@]}"} "${words[@]:__git_cmd_idx+1}")
	local COMP_CWORD=$((cword - __git_cmd_idx + ${#__git_C_args[@]}))
	if [[ -n ${__git_dir-} ]]; then
		local -x GIT_DIR=$__git_dir
	fi
	_clap_complete_git_chant git-chant "$cur" "$prev"
	# readline takes "=" for the end of a word, git's words don't: what stands before it is there already.
	if [[ $cur == *=* && ${COMP_WORDBREAKS-} == *=* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${cur%%=*}="}")
	fi
}
