//! A line of a shell as words, as far as completion needs it: blanks, backslashes and quotes.
//!
//! Careful about what is not known while somebody types: a quote that is still open ends with the line, and nothing is
//! ever expanded or run.

/// The words of a line; the last one may be empty.
#[derive(Debug)]
pub struct Typed(Vec<Word>);

/// A word as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Word {
    raw: String,
}

/// What is open at the end of a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quote {
    /// Nothing: a backslash quotes.
    #[default]
    None,
    /// `'`
    Single,
    /// `"`
    Double,
}

impl Typed {
    /// All of them.
    pub fn words(&self) -> &[Word] {
        &self.0
    }

    /// The one that is being typed.
    pub fn last(&self) -> &Word {
        &self.0[self.0.len() - 1]
    }
}

/// Splits a line, up to where the cursor is.
pub fn split(line: &str) -> Typed {
    let mut words = vec![Word::default()];
    let mut state = Quote::None;
    let mut is_escaped = false;
    for letter in line.trim_start().chars() {
        let ends = state == Quote::None && !is_escaped && letter.is_ascii_whitespace();
        let last = words.len() - 1;
        match ends {
            true if words[last].raw.is_empty() => {}
            true => words.push(Word::default()),
            false => words[last].raw.push(letter),
        }
        (state, is_escaped) = after(state, is_escaped, letter);
    }
    Typed(words)
}

/// The state after a letter.
fn after(state: Quote, is_escaped: bool, letter: char) -> (Quote, bool) {
    match (state, letter) {
        _ if is_escaped => (state, false),
        (Quote::None | Quote::Double, '\\') => (state, true),
        (Quote::None, '\'') => (Quote::Single, false),
        (Quote::None, '"') => (Quote::Double, false),
        (Quote::Single, '\'') | (Quote::Double, '"') => (Quote::None, false),
        _ => (state, false),
    }
}

impl Word {
    /// What it means.
    pub fn text(&self) -> String {
        unquoted(&self.raw).0
    }

    /// What of the word stands before its end `replaced`, and what is open there.
    pub fn before(&self, replaced: &str) -> (String, Quote) {
        unquoted(self.raw.strip_suffix(replaced).unwrap_or_default())
    }
}

fn unquoted(raw: &str) -> (String, Quote) {
    let mut text = String::new();
    let (mut state, mut is_escaped) = (Quote::None, false);
    for letter in raw.chars() {
        let next = after(state, is_escaped, letter);
        if is_escaped && state == Quote::Double && !"\"\\$`".contains(letter) {
            text.push('\\');
        }
        if is_escaped || next == (state, false) {
            text.push(letter);
        }
        (state, is_escaped) = next;
    }
    (text, state)
}

/// The text as it is typed where `quote` is open.
pub fn quoted(text: &str, quote: Quote) -> String {
    let mut quoted = String::new();
    for letter in text.chars() {
        match quote {
            Quote::None if " \t\"'\\$`!&|;<>()[]{}*?#~^".contains(letter) => quoted.push('\\'),
            Quote::Double if "\"\\$`".contains(letter) => quoted.push('\\'),
            Quote::Single if letter == '\'' => quoted.push_str("'\\'"),
            _ => {}
        }
        quoted.push(letter);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line).words().iter().map(Word::text).collect()
    }

    #[test]
    fn words_are_those_of_the_shell() {
        assert_eq!(words("imp-device  list "), ["imp-device", "list", ""]);
        assert_eq!(words(" a 'b c' \"d \\\" e\" f\\ g"), ["a", "b c", "d \" e", "f g"]);
        assert_eq!(words("a \"b c"), ["a", "b c"]);
        assert_eq!(words("a \"x\\y\" 'it'\\''s' --x=\"1 2\""), ["a", "x\\y", "it's", "--x=1 2"]);
        assert_eq!(words("a $(rm x) `y`"), ["a", "$(rm", "x)", "`y`"]);
        assert_eq!(words(""), [""]);
    }

    #[test]
    fn what_is_quoted_is_read_as_it_was() {
        for text in ["Test Group", "it's", "a\"b", "$x`y`", "{Ovens}{Bench}", "büro 7", "a\\b"] {
            for (open, quote) in [("", Quote::None), ("'", Quote::Single), ("\"", Quote::Double)] {
                assert_eq!(words(&format!("{open}{}", quoted(text, quote))), [text], "{open}");
            }
        }
    }

    #[test]
    fn the_shell_replaces_the_end_of_a_word_only() {
        let before = |line: &str, replaced: &str| split(line).last().before(replaced);
        assert_eq!(before("a 0c:2a:6", "6"), ("0c:2a:".into(), Quote::None));
        assert_eq!(before("a --dg=Be", "Be"), ("--dg=".into(), Quote::None));
        assert_eq!(before("a \"Test G", "Test G"), (String::new(), Quote::Double));
        assert_eq!(before("a Test\\ G", "Test\\ G"), (String::new(), Quote::None));
        assert_eq!(before("a ", ""), (String::new(), Quote::None));
    }
}
