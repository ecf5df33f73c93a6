#compdef kldiv
# Completion of kldiv for zsh. What is printed by kldiv is only ever compared, cut and shown;
# nothing in it is evaluated.

_kldiv() {
    local how head value meaning line
    local -a answer words_ shown open_ open_shown
    integer width=0
    answer=("${(@f)$(command kldiv __complete zsh "${(@Q)words[1,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    how=${answer[1]%%$'\t'*}
    head=${answer[1]#*$'\t'}
    shift answer
    for line in $answer; do
        value=${line%%$'\t'*}
        (( ${#value} > width )) && width=${#value}
    done
    for line in $answer; do
        value=${line%%$'\t'*}
        meaning=${line#*$'\t'}
        [[ -n $meaning ]] && meaning="${(r:width:)value}  -- $meaning" || meaning=$value
        if [[ $value == *[=:] ]]; then
            open_+=("$value")
            open_shown+=("${meaning[1,COLUMNS-1]}")
        else
            words_+=("$value")
            shown+=("${meaning[1,COLUMNS-1]}")
        fi
    done
    (( $#words_ )) && compadd -l -d shown -a words_
    (( $#open_ )) && compadd -S '' -l -d open_shown -a open_
    # zsh runs the commands in the name of a folder to complete what is in it.
    if [[ $how == (files|both) && $PREFIX != *'`'* && $PREFIX != *'$('* ]]; then
        [[ -n $head ]] && compset -p ${#head}
        _files
    fi
}

if [[ ${funcstack[1]} == _kldiv ]]; then
    _kldiv "$@"
elif (( $+functions[compdef] )); then
    compdef _kldiv kldiv
else
    print -u2 "kldiv: completion in zsh needs 'autoload -Uz compinit && compinit' first"
fi
