# Completion of kldiv for fish. What is printed by kldiv is only ever compared, cut and shown;
# nothing in it is evaluated.

function __kldiv_complete
    set -l word (commandline -ct)
    set -l answer (command kldiv __complete fish (commandline -opc) "$word" 2>/dev/null)
    set -l first (string split -m1 \t -- $answer[1])
    if set -q answer[2]
        printf '%s\n' $answer[2..-1]
    end
    if contains -- "$first[1]" files both
        set -l head "$first[2]"
        set -l path (string sub -s (math (string length -- "$head") + 1) -- "$word")
        for found in (complete -C "'' $path")
            printf '%s%s\n' "$head" "$found"
        end
    end
end

complete -c kldiv -f -a '(__kldiv_complete)'
