# Completion of kldiv for bash. What is printed by kldiv is only ever compared, cut and shown;
# nothing in it is evaluated.

_kldiv() {
    local word=${COMP_WORDS[COMP_CWORD]} typed=${COMP_LINE-}
    local how='' head='' value meaning path
    COMPREPLY=()
    # The word up to the cursor.
    typed=${typed:0:${COMP_POINT-0}}
    if [[ -n $typed ]]; then
        while [[ -n $word && $typed != *"$word" ]]; do
            word=${word%?}
        done
    fi
    while IFS=$'\t' read -r value meaning; do
        if [[ -z $how ]]; then
            how=$value head=$meaning
        else
            COMPREPLY+=("$value")
        fi
    done < <(command kldiv __complete bash "${COMP_WORDS[@]:0:COMP_CWORD}" "$word" 2>/dev/null)
    case $how in
        files)
            # The shell completes files by itself, but for those behind a name that it did not
            # split off.
            if [[ -n $head && $word == "$head"* ]]; then
                compopt -o filenames 2>/dev/null
                while IFS= read -r path; do
                    COMPREPLY+=("$head$path")
                done < <(compgen -f -- "${word#"$head"}")
            fi
            ;;
        both)
            compopt -o filenames 2>/dev/null
            while IFS= read -r path; do
                COMPREPLY+=("$path")
            done < <(compgen -f -- "$word")
            ;;
        words)
            compopt +o default 2>/dev/null
            if [[ ${COMPREPLY[0]-} == *[=:] ]]; then
                compopt -o nospace 2>/dev/null
            fi
            ;;
    esac
}

complete -o default -F _kldiv kldiv
