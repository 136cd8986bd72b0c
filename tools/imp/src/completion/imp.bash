# Completion of the imp tools in bash, made by `imp completion bash`.
# imp itself knows what can be typed; it says nothing and asks nothing.

_imp_tools() {
    local answer
    COMPREPLY=()
    answer=$(imp complete bash "${COMP_LINE:0:COMP_POINT}" "$2" 2> /dev/null < /dev/null)
    [ -n "$answer" ] || return 0
    mapfile -t COMPREPLY <<< "$answer"
    if [ "${COMPREPLY[0]}" = files ]; then
        COMPREPLY=()
        compopt -o bashdefault -o default 2> /dev/null
    else
        COMPREPLY=("${COMPREPLY[@]:1}")
    fi
}

complete -o nosort -F _imp_tools @TOOLS@
