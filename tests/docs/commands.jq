# What `imp commands` prints, a line for each verb and each option: how tests/docs/commands.txt is made.
.command + (if .aliases == [] then "" else " | " + (.aliases | join(" ")) end) + "\n    " + .about,
(.options[] |
    "    "
    + ([(.long // empty | "--" + .), (.short // empty | "-" + .)] | join(", "))
    + (if .value then " <" + .value + ">" else "" end)
    + (if .required then " required" else "" end)
    + (if .repeatable then " repeatable" else "" end)
    + (if .delimiter then " split at " + .delimiter else "" end)
    + (if .default then " default " + .default else "" end)
    + (if .path then " path" else "" end)
    + (if .values then " [" + ([.values[].name] | join(" ")) + "]" else "" end)
    + ": " + .help)
