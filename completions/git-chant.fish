# fish completion for git-chant. Install it as "git-chant.fish" where fish looks, ~/.config/fish/completions for instance: fish
# loads it for "git-chant", and since 3.2, though not 3.6.0, for "git chant".
#
# The words are completed by git-chant itself, so that they always fit the installed version. Nothing is registered for git.

if command -q git-chant
    COMPLETE=fish git-chant | source
end
