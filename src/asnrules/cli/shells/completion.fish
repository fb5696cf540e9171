# Completion of asnrules for fish: read from ~/.config/fish/completions.
function __asnrules_completion
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -lx _ASNRULES_COMPLETE fish
    set -l found ($before[1] $before[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete --command asnrules --no-files --keep-order --arguments '(__asnrules_completion)'
