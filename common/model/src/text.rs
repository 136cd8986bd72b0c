//! Text that came from outside, made safe to show to a person.
//!
//! Device names and error texts may hold anything, also bytes that clear the screen, forge a line
//! of output, or turn the reading direction round. Whatever goes to a terminal passes here.

/// Stands for a character that must not be shown.
const HIDDEN: char = '\u{fffd}';

/// The text on one line: line breaks and tabs are blanks, other control characters and characters
/// that change the reading direction are replaced.
pub fn one_line(text: &str) -> String {
    text.trim().chars().map(shown).collect()
}

fn shown(character: char) -> char {
    match character {
        '\n' | '\r' | '\t' => ' ',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => HIDDEN,
        '\u{feff}' => HIDDEN,
        other if other.is_control() => HIDDEN,
        other => other,
    }
}

/// The text without what nobody can see around it: blanks of every kind, characters without width,
/// control characters; and without quotes that match.
pub fn bare(text: &str) -> &str {
    const QUOTES: [(char, &str); 9] = [
        ('"', "\""),
        ('\'', "'"),
        ('\u{201c}', "\u{201d}"),
        ('\u{201e}', "\u{201c}\u{201d}"),
        ('\u{201d}', "\u{201d}"),
        ('\u{2018}', "\u{2019}"),
        ('\u{201a}', "\u{2018}\u{2019}"),
        ('\u{ab}', "\u{bb}"),
        ('\u{bb}', "\u{ab}"),
    ];
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
    {
        return text;
    }
    let unseen = |character: char| character.is_whitespace() || is_hidden(character);
    let text = text.trim_matches(unseen);
    let unquoted = QUOTES.iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(*open)?;
        inner.strip_suffix(|character| close.contains(character))
    });
    match unquoted.map(|inner| inner.trim_matches(unseen)) {
        Some(inner) if !inner.is_empty() => inner,
        _ => text,
    }
}

fn is_hidden(character: char) -> bool {
    character == '\u{ad}' || (character != HIDDEN && shown(character) == HIDDEN)
}

/// The text on one line, with what cannot be seen named by its code point.
fn with_code_points(text: &str) -> String {
    text.trim().chars().fold(String::new(), |mut line, character| {
        let blank = character.is_whitespace() && !character.is_ascii_whitespace();
        if blank || is_hidden(character) {
            line.push_str(&format!("<U+{:04X}>", u32::from(character)));
        } else {
            line.push(shown(character));
        }
        line
    })
}

/// At most `limit` bytes of the text, cut between two characters.
pub fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A value from outside as it is quoted in a message: on one line, and not too long.
pub fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let line = with_code_points(text);
    if line.chars().count() <= SHOWN {
        return format!("`{line}`");
    }
    let start: String = line.chars().take(SHOWN).collect();
    format!("`{start}…`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        assert_eq!(one_line(" a\x1b[2Jb\n c\u{202e}d\u{7} "), "a\u{fffd}[2Jb  c\u{fffd}d\u{fffd}");
        assert_eq!(one_line("Büro 7 – 東京"), "Büro 7 – 東京");
    }

    #[test]
    fn an_identifier_has_nothing_invisible_around_it() {
        for around in [
            "id",
            " id\u{a0}",
            "\u{200b}id\u{feff}",
            "\u{1e}id",
            "\u{201c}id\u{201d}",
            "\u{201e}id\u{201c}",
            "\u{ab}\u{a0}id\u{a0}\u{bb}",
            "\u{2018}id\u{2019}",
            "'id'",
            "\u{200b}\"id\"\u{2003}",
        ] {
            assert_eq!(bare(around), "id", "{around:?}");
        }
        for kept in ["\"id", "id\u{201d}", "i\u{200b}d", "\"\"", "it's"] {
            assert_eq!(bare(kept), kept);
        }
    }

    #[test]
    fn a_quoted_value_names_what_cannot_be_seen() {
        assert_eq!(quoted("a\u{200b}b\u{a0}c\nd"), "`a<U+200B>b<U+00A0>c d`");
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("a", 100), "a");
    }

    #[test]
    fn a_long_value_is_quoted_in_part() {
        assert_eq!(quoted("abc"), "`abc`");
        assert_eq!(quoted(&"é".repeat(60)), format!("`{}`", "é".repeat(60)));
        assert_eq!(quoted(&"x".repeat(1000)).chars().count(), 63);
    }
}
