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
    let line = one_line(text);
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
