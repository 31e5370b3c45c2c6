# fish completion for git-chant. Install it as "git-chant.fish" where fish looks, ~/.config/fish/completions for instance: fish
# loads it for "git-chant", and since 3.2, though not 3.6.0, for "git chant".
#
# The words are completed by git-chant itself, so that they always fit the installed version. Nothing is registered for git.

# Prints what fits at the cursor; the arguments are what stands between "git" and the end of its line, none for "git-chant".
function __git_chant_offers
    set -l directories
    set -l environment COMPLETE=fish
    while set -q argv[1]
        switch $argv[1]
            case -C
                set -a directories -C $argv[2]
                set -e argv[1]
            case '--git-dir=*'
                set -a environment (string replace -- --git-dir= GIT_DIR= $argv[1])
            case --git-dir
                set -a environment GIT_DIR=$argv[2]
                set -e argv[1]
            case '--work-tree=*'
                set -a environment (string replace -- --work-tree= GIT_WORK_TREE= $argv[1])
            case --work-tree
                set -a environment GIT_WORK_TREE=$argv[2]
                set -e argv[1]
            case -c --namespace
                set -e argv[1]
            case '-*'
            case '*'
                break
        end
        set -e argv[1]
    end
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    # Before 3.7, "~" stands in the words of git's line as it was typed.
    set directories (string replace -r -- '^~(?=/|$)' $HOME $directories)
    env $environment git-chant -- git-chant $directories $words[2..] (commandline --current-token)
end

# For "git -C <dir> chant", fish's completion of git asks for that of "git-chant", without the options before "chant". They are in a
# local variable of the function that asks: what it completes is evaluated there.
complete --keep-order --exclusive --command git-chant \
    --arguments '(if set -ql subcommand; __git_chant_offers $cmd; else; __git_chant_offers; end)'
