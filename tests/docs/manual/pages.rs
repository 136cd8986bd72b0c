//! Reads the manual pages and the README: examples, options, exit codes. Plain text in, plain data out.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// An example: what stands before it, and what is typed.
pub struct Example {
    pub before: String,
    pub script: String,
}

/// The options that stand under one heading.
pub struct Section {
    pub title: String,
    pub flags: BTreeSet<String>,
}

/// A file of the repository.
pub fn read(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the pages in `man/`, in their order.
pub fn names() -> Vec<String> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../man");
    let entries = std::fs::read_dir(directory).expect("there are manual pages");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a file").file_name().into_string().expect("UTF-8"))
        .filter(|name| name.ends_with(['1', '7']))
        .collect();
    names.sort();
    names
}

/// The names of the pages of the commands that talk with impCentral.
pub fn of_clients() -> Vec<String> {
    let is_client = |name: &String| name.ends_with(".1") && name != "imp-sim.1";
    names().into_iter().filter(is_client).collect()
}

/// The lines of a page between a heading and the next one like it.
pub fn section<'a>(page: &'a str, title: &str) -> Vec<&'a str> {
    let lines = page.lines().skip_while(|line| *line != format!(".Sh {title}")).skip(1);
    lines.take_while(|line| !line.starts_with(".Sh ")).collect()
}

/// A table: the room for it, the widths of its columns, and its rows of cells as they are shown.
pub struct Table {
    pub room: usize,
    pub widths: Vec<usize>,
    pub rows: Vec<Vec<String>>,
}

/// The tables of a page.
pub fn tables(page: &str) -> Vec<Table> {
    let is_macro = |word: &&str| ["Cm", "Fl", "Li", "No", "Sy"].contains(word);
    let shown = |cell: &str| {
        let words: Vec<&str> = cell.split(' ').filter(|word| !is_macro(word)).collect();
        words.join(" ").replace(" ,", ",")
    };
    let mut tables = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.find(|line| line.starts_with(".Bl -column ")) {
        // A page is 78 characters wide, its text begins at the sixth, an indent is six more.
        let room = if line.contains("-offset") { 67 } else { 73 };
        let widths = line.split('"').skip(1).step_by(2).map(str::len).collect();
        let rows = lines.by_ref().take_while(|line| *line != ".El");
        let rows = rows.filter_map(|line| line.strip_prefix(".It "));
        let rows = rows.map(|row| row.split(" Ta ").map(shown).collect()).collect();
        tables.push(Table { room, widths, rows });
    }
    tables
}

impl Example {
    /// The exit code that the text before it promises; 0 if it says nothing.
    pub fn exit_code(&self) -> i32 {
        let Some((_, rest)) = self.before.split_once("exit code ") else { return 0 };
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a number after `exit code`")
    }
}

/// The examples of a manual page: the literal displays under EXAMPLES.
pub fn examples_of_page(page: &str) -> Vec<Example> {
    examples_in(&section(page, "EXAMPLES"))
}

/// The literal displays in some lines of a page.
pub fn examples_in(lines: &[&str]) -> Vec<Example> {
    let mut examples = Vec::new();
    let (mut before, mut script) = (String::new(), None);
    for line in lines {
        let line = *line;
        match &mut script {
            None if line.starts_with(".Bd -literal") => script = Some(String::new()),
            None => before = format!("{before} {line}"),
            Some(text) if line == ".Ed" => {
                let script = std::mem::take(text);
                examples.push(Example { before: std::mem::take(&mut before), script });
            }
            Some(text) => text.push_str(&format!("{}\n", unescaped(line))),
        }
        if line == ".Ed" {
            script = None;
        }
    }
    examples
}

/// A line of a display as it is shown.
fn unescaped(line: &str) -> String {
    let mut shown = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        shown.push_str(&rest[..at]);
        let known = [("\\e", "\\"), ("\\&", ""), ("\\-", "-"), ("\\(dq", "\""), ("\\(aq", "'")];
        let escape = known.iter().find(|(escape, _)| rest[at..].starts_with(escape));
        let (escape, meant) = escape.unwrap_or_else(|| panic!("an unknown escape: {line}"));
        shown.push_str(meant);
        rest = &rest[at + escape.len()..];
    }
    shown + rest
}

/// The examples of the README: what is fenced as `sh`.
pub fn examples_of_readme(text: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut parts = text.split("```sh\n");
    let mut before = parts.next().unwrap_or_default();
    for part in parts {
        let (script, after) = part.split_once("```").expect("the fence is closed");
        let paragraph = before.trim().rsplit("\n\n").next().unwrap_or_default();
        examples.push(Example { before: paragraph.to_owned(), script: script.to_owned() });
        before = after;
    }
    examples
}

/// The options of a page, by heading: those that items of lists are about.
pub fn sections(page: &str) -> Vec<Section> {
    let mut sections = vec![Section { title: String::new(), flags: BTreeSet::new() }];
    for line in page.lines() {
        let title = line.strip_prefix(".Ss ").or_else(|| line.strip_prefix(".Sh "));
        if let Some(title) = title {
            sections.push(Section { title: title.to_owned(), flags: BTreeSet::new() });
        } else if let (Some(item), Some(section)) = (line.strip_prefix(".It "), sections.last_mut())
        {
            section.flags.extend(flags_of_item(item));
        }
    }
    sections
}

/// The options that an item is about: `Fl Fl dg Ar GROUP , Fl g` gives `--dg` and `-g`.
fn flags_of_item(item: &str) -> Vec<String> {
    let words: Vec<&str> = item.split_whitespace().collect();
    let mut flags = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if *word == "Fl" {
            match words.next() {
                Some(&"Fl") => flags.extend(words.next().map(|name| format!("--{name}"))),
                Some(name) => flags.push(format!("-{name}")),
                None => {}
            }
        }
    }
    flags
}

/// Does a heading of shared options speak of `verb`? `Every verb`, `Every verb but a and b`, or `a, b and c`.
pub fn speaks_of(title: &str, verb: &str) -> bool {
    let listed = |list: &str| list.replace(" and ", ", ").split(", ").any(|one| one == verb);
    match title.strip_prefix("Every verb") {
        Some("") => true,
        Some(rest) => !listed(rest.trim_start_matches(" but ")),
        None => listed(title),
    }
}

/// The options in the text of `--help`: the lines that are indented as options are.
pub fn flags_of_help(help: &str) -> BTreeSet<String> {
    let lines = help.lines().filter(|line| {
        let indent = line.len() - line.trim_start().len();
        indent == 2 || indent == 6
    });
    let words = lines.flat_map(|line| line.split_whitespace().take(2));
    let names = words.map(|word| word.trim_end_matches(','));
    let is_flag = |word: &&str| {
        let name = word.trim_start_matches('-');
        word.starts_with('-') && name.starts_with(|first: char| first.is_ascii_alphabetic())
    };
    names.filter(is_flag).map(|name| name.trim_end_matches(['.']).to_owned()).collect()
}

/// The subcommands in the text of `--help`.
pub fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let is_name = line.starts_with("  ") && !line.starts_with("   ");
        line.split_whitespace().next().filter(|name| is_name && *name != "help")
    });
    names.map(str::to_owned).collect()
}

/// The names of environment variables that stand in the sources below a directory as texts.
pub fn variables(directory: &str) -> BTreeSet<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(directory);
    let mut variables = BTreeSet::new();
    for entry in std::fs::read_dir(path).expect("a directory") {
        let name = entry.expect("a file").file_name().into_string().expect("UTF-8");
        let below = format!("{directory}/{name}");
        if name.ends_with(".rs") {
            let source = read(&below);
            let code = source.split("#[cfg(test)]").next().unwrap_or_default();
            // The names of values in help texts, and what the compiler reads, look the same.
            let looks_so = |line: &&str| line.contains("value_name") || line.contains("env!(");
            for line in code.lines().filter(|line| !looks_so(line)) {
                let texts = line.split('"').skip(1).step_by(2).filter(|text| is_variable(text));
                variables.extend(texts.map(str::to_owned));
            }
        } else {
            variables.extend(self::variables(&below));
        }
    }
    variables
}

fn is_variable(text: &str) -> bool {
    let is_upper = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let is_proxy = text.ends_with("_proxy") && !text.contains(' ');
    is_proxy
        || ["HOME", "LANG", "TERM", "COLUMNS"].contains(&text)
        || (is_upper && text.contains('_'))
}
