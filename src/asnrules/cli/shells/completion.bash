# Completion of asnrules for bash: sourced from ~/.bashrc.
_asnrules_completion() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(
        _ASNRULES_COMPLETE=bash "${1/#\~/$HOME}" "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null
    )
    # A keyword goes on with its value.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
# Older ones cannot leave the order as it is.
complete -o default -o nosort -F _asnrules_completion asnrules 2>/dev/null ||
    complete -o default -F _asnrules_completion asnrules
