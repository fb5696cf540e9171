#compdef asnrules
# Completion of asnrules for zsh: sourced from ~/.zshrc, or as _asnrules in a folder of $fpath.
_asnrules() {
    local line
    local -a found ending
    while IFS= read -r line; do
        found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done < <(
        _ASNRULES_COMPLETE=zsh "${words[1]/#\~/$HOME}" "${(@Q)words[2,CURRENT]}" 2>/dev/null
    )
    if (( ! $#found )); then
        _files
        return
    fi
    # A keyword goes on with its value.
    [[ $found[1] == *=:* ]] && ending=(-S '')
    _describe -V asnrules found "${ending[@]}"
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _asnrules "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef _asnrules asnrules
fi
