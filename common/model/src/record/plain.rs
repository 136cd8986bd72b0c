//! Text and values that stand in JSON as they are: without escapes.
//!
//! Careful about what it takes: whatever is not certainly such a value is left to the reader of JSON.

/// Whether a text stands in JSON as it is.
pub(super) fn is_plain(text: &str) -> bool {
    plain_bytes(text.as_bytes()) == text.len()
}

/// How many bytes there are before the first that does not stand in JSON as it is: a quote, a backslash, a control
/// character. Eight are looked at together.
pub(super) fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES * 0x80;
    // The lowest bit that is set is certain: it is that of the first such byte.
    let below = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word & HIGH;
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let of = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = below(word, 0x20) | of(b'"') | of(b'\\');
        if found != 0 {
            return number * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let is_plain = |byte: &&u8| **byte >= 0x20 && **byte != b'"' && **byte != b'\\';
    bytes.len() - rest.len() + rest.iter().take_while(is_plain).count()
}

/// The length of the value that these bytes begin with, as far as that is certain without looking behind it.
pub(super) fn simple(bytes: &[u8]) -> Option<usize> {
    let word = |word: &str| bytes.starts_with(word.as_bytes()).then_some(word.len());
    match bytes.first()? {
        b'"' => {
            let end = 1 + plain_bytes(&bytes[1..]);
            (bytes.get(end) == Some(&b'"')).then_some(end + 1)
        }
        b't' => word("true"),
        b'f' => word("false"),
        b'n' => word("null"),
        b'-' | b'0'..=b'9' => number(bytes),
        _ => None,
    }
}

/// The length of a number without an exponent.
fn number(bytes: &[u8]) -> Option<usize> {
    let digits =
        |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(bytes[0] == b'-');
    let whole = digits(sign);
    if whole == 0 || (whole > 1 && bytes[sign] == b'0') {
        return None;
    }
    let end = sign + whole;
    if bytes.get(end) != Some(&b'.') {
        return Some(end);
    }
    let part = digits(end + 1);
    (part > 0).then_some(end + 1 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_stand_as_it_is_is_found_wherever_it_is() {
        for length in 0..30 {
            let text = "aé \u{7f}".chars().cycle().take(length).collect::<String>();
            assert!(is_plain(&text), "{text}");
            for (place, _) in text.char_indices() {
                for odd in ["\"", "\\", "\n", "\u{1f}", "\0"] {
                    let mut text = text.clone();
                    text.insert_str(place, odd);
                    assert_eq!(plain_bytes(text.as_bytes()), place, "{text:?}");
                }
            }
        }
    }
}
