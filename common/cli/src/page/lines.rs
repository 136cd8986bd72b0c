//! A line of a page on a screen: what is too wide goes on below where it began, word by word.
//!
//! Careful about what has no blanks, as a path: it is never broken, so that it can be copied.

use textwrap::{Options, WordSplitter, wrap};
use unicode_width::UnicodeWidthStr;

/// Between a label and its value, and between columns.
pub(super) const GAP: &str = "  ";
/// What finds no room beside the columns stands below them, so far in.
const BELOW: &str = "    ";
/// With less room beside the columns it is hard to read there.
const NARROW: usize = 20;

/// The parts in their columns, as wide as `columns`; on a screen of `width` the last of them is wrapped.
pub(super) fn line(
    indent: &str,
    parts: &[String],
    columns: &[usize],
    width: Option<usize>,
) -> String {
    let Some((last, before)) = parts.split_last() else { return "\n".to_owned() };
    let mut begin = indent.to_owned();
    for (part, width) in before.iter().zip(columns) {
        begin.push_str(part);
        begin.extend(std::iter::repeat_n(' ', width.saturating_sub(part.width())));
        begin.push_str(GAP);
    }
    let whole = format!("{begin}{last}");
    let mut text = match width.filter(|width| whole.trim_end().width() > *width) {
        Some(width) => wrapped(&begin, last, width),
        None => whole.trim_end().to_owned(),
    };
    text.push('\n');
    text
}

/// A title, or another text across the columns.
pub(super) fn text(text: &str, width: Option<usize>) -> String {
    line("", &[text.to_owned()], &[], width)
}

fn wrapped(begin: &str, last: &str, width: usize) -> String {
    let words = last.trim_start_matches(' ');
    // The beginning of a part says how deep in a tree it is.
    let depth = " ".repeat(last.len() - words.len());
    let column = begin.width() + depth.len();
    let room = width.saturating_sub(column);
    let longest = words.split(' ').map(UnicodeWidthStr::width).max().unwrap_or(0);
    if begin.trim().is_empty() || (room >= NARROW && longest <= room) {
        let below = " ".repeat(column);
        return filled(words, width, &format!("{begin}{depth}"), &below);
    }
    let depth = " ".repeat(begin.len() - begin.trim_start_matches(' ').len());
    let below = format!("{depth}{BELOW}");
    format!("{}\n{}", begin.trim_end(), filled(words, width, &below, &below))
}

fn filled(words: &str, width: usize, first: &str, others: &str) -> String {
    let options = Options::new(width).initial_indent(first).subsequent_indent(others);
    let options = options.break_words(false).word_splitter(WordSplitter::NoHyphenation);
    let lines: Vec<String> =
        wrap(words, &options).iter().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: &str = "/var/lib/imp-tools, mode 0755: others get in";

    fn shown(parts: &[&str], columns: &[usize], width: usize) -> String {
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        line(GAP, &parts, columns, Some(width))
    }

    #[test]
    fn what_is_too_wide_goes_on_below_its_beginning() {
        let parts = ["warning", "state", FOUND];
        let one = "  warning  state  /var/lib/imp-tools, mode 0755: others get in\n";
        assert_eq!(shown(&parts, &[7, 5, 44], 120), one);
        assert_eq!(shown(&parts, &[7, 5, 44], 62), one);
        assert_eq!(
            shown(&parts, &[7, 5, 44], 50),
            "  warning  state  /var/lib/imp-tools, mode 0755:\n                  others get in\n"
        );
    }

    #[test]
    fn without_room_beside_the_columns_it_stands_under_them() {
        let expected =
            "  warning  state\n      /var/lib/imp-tools, mode\n      0755: others get in\n";
        assert_eq!(shown(&["warning", "state", FOUND], &[7, 5, 44], 30), expected);
        // A path is not broken, and stands where most of it can be seen.
        let path = "/a/very/long/path/of/a/file/that/has/no/blanks";
        assert_eq!(shown(&["file", path], &[4, 46], 50), format!("  file\n      {path}\n"));
    }

    #[test]
    fn a_line_of_one_part_goes_on_at_its_depth() {
        assert_eq!(shown(&["  one two three"], &[], 12), "    one two\n    three\n");
        assert_eq!(text("one two three", Some(8)), "one two\nthree\n");
        assert_eq!(text("one two three", None), "one two three\n");
        // Wide letters count twice.
        assert_eq!(text("東京 東京", Some(8)), "東京\n東京\n");
    }
}
