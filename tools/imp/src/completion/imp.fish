# Completion of the imp tools in fish, made by `imp completion fish`.
# imp itself knows what can be typed; it says nothing and asks nothing.

function __imp_tools
    set -l current (commandline -ct)
    set -l lines (imp complete fish -- (commandline -opc) "$current" 2> /dev/null < /dev/null)
    if test "$lines[1]" = files
        __fish_complete_path (string replace --regex '^--[^=]+=' '' -- "$current")
    else if test (count $lines) -gt 1
        printf '%s\n' $lines[2..-1]
    end
end

for tool in @TOOLS@
    complete --command $tool --no-files --keep-order --arguments '(__imp_tools)'
end
