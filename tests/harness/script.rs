//! Which commands of a script write to its stdout: the last of each pipeline. Enough of the shell for what the tests
//! type; where that is not sure, nothing is said.

use std::collections::BTreeSet;

/// Words that stand before a command.
const BEFORE: [&str; 10] =
    ["do", "then", "else", "!", "time", "exec", "env", "while", "if", "until"];
/// Commands that print nothing.
const SILENT: [&str; 22] = [
    "cd", "export", "true", "sleep", "test", "[", "kill", "wait", "set", "trap", "mkdir", "rm",
    "cp", "mv", "chmod", "touch", "ln", "done", "fi", "exit", "for", "read",
];

/// The verbs of `imp` itself.
const OF_IMP: [&str; 5] = ["help", "completion", "commands", "doctor", "schema"];

/// The tools that print records to the stdout of a script, and nobody else does; `None` where others may, or where
/// what is printed is no whole record.
pub(crate) fn printing_tools(script: &str) -> Option<BTreeSet<String>> {
    let no_whole_records = ["--fields", "--commands", " schema", "file -", "-x -", "-y -", ">("];
    if no_whole_records.iter().any(|part| script.contains(part)) {
        return None;
    }
    let mut tools = BTreeSet::new();
    for pipeline in parts(script, &[';', '\n', '&']) {
        let last = parts(pipeline, &['|']).pop().unwrap_or_default();
        let mut words = words(last).peekable();
        while words.next_if(|word| BEFORE.contains(word) || is_assignment(word)).is_some() {}
        let Some(command) = words.next() else { continue };
        let tool = match words.next() {
            // `imp device` is `imp-device`, and what is resumed is the command of another tool.
            Some(word) if command == "imp" && !OF_IMP.contains(&word) => format!("imp-{word}"),
            Some("resume") if command == "imp-change" => "imp-change resume".to_owned(),
            _ => command.to_owned(),
        };
        let is_elsewhere = parts(last, &['>']).windows(2).any(|around| !around[0].ends_with('2'));
        let is_tool = tool == "imp" || tool.starts_with("imp-");
        match () {
            () if is_elsewhere || SILENT.contains(&command) => {}
            () if is_tool && tool != "imp-sim" => _ = tools.insert(tool),
            () => return None,
        }
    }
    Some(tools).filter(|tools| !tools.is_empty())
}

/// The words of a command, as far as blanks tell.
fn words(command: &str) -> impl Iterator<Item = &str> {
    command.split_ascii_whitespace()
}

fn is_assignment(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    word.contains('=') && !name.is_empty() && name.chars().all(is_name)
}

/// What stands between the separators, outside of quotes and parentheses. A part may be empty.
fn parts<'a>(text: &'a str, separators: &[char]) -> Vec<&'a str> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    let (mut quote, mut depth, mut is_escaped) = (None, 0_usize, false);
    for (place, letter) in text.char_indices() {
        match (letter, quote) {
            _ if is_escaped => is_escaped = false,
            ('\\', None | Some('"')) => is_escaped = true,
            ('\'' | '"', None) => quote = Some(letter),
            (letter, Some(open)) => quote = Some(open).filter(|open| *open != letter),
            ('(', None) => depth += 1,
            (')', None) => depth = depth.saturating_sub(1),
            (letter, None) if depth == 0 && separators.contains(&letter) => {
                // `2>&1` and `>&2` end nothing.
                if letter == '&' && text[..place].ends_with('>') {
                    continue;
                }
                parts.push(&text[begin..place]);
                begin = place + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_command_of_each_pipeline_counts() {
        for (script, tools) in [
            ("imp-device list --dg A", Some("imp-device")),
            ("imp-device list --dg A | jq -c .", None),
            ("jq -c . devices | A=b imp-device assign --dg 'A | B' 2> log", Some("imp-device")),
            ("imp-dg list > groups; imp-device list --dg - < groups", Some("imp-device")),
            ("imp-dg list; imp-device list", Some("imp-device imp-dg")),
            ("imp-dg list 2>&1", Some("imp-dg")),
            ("imp-dg restart \"$(imp-dg list | jq -r .id)\" && true", Some("imp-dg")),
            ("for a in 1 2; do imp-dg create --name $a; done", Some("imp-dg")),
            ("imp-device list --fields id", None),
            ("imp device list", Some("imp-device")),
            ("imp doctor -z json", Some("imp")),
            ("imp-change resume last", Some("imp-change resume")),
            ("cat devices", None),
            ("imp-sim serve", None),
            ("true > x", None),
        ] {
            let found = printing_tools(script);
            let found = found.map(|tools| tools.into_iter().collect::<Vec<_>>().join(" "));
            assert_eq!(found.as_deref(), tools, "{script}");
        }
    }
}
