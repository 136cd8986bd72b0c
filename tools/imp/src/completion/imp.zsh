#compdef @TOOLS@
# Completion of the imp tools in zsh, made by `imp completion zsh`.
# imp itself knows what can be typed; it says nothing and asks nothing.

_imp_tools() {
    local -a lines values shown
    local line
    lines=("${(@f)$(imp complete zsh -- "${(@Q)words[1,CURRENT-1]}" "$PREFIX" 2> /dev/null < /dev/null)}")
    case $lines[1] in
        files)
            [[ $PREFIX == --*=* ]] && compset -P '*='
            _files
            ;;
        names)
            for line in "${(@)lines[2,-1]}"; do
                values+=("${line%%$'\t'*}")
                shown+=("${line/$'\t'/  }")
            done
            compadd -V imp -l -d shown -a values
            ;;
    esac
}

if [ "$funcstack[1]" = _imp ]; then
    _imp_tools "$@"
else
    compdef _imp_tools @TOOLS@
fi
