//! MAC addresses as people, devices and spreadsheets write them.
//!
//! It is careful not to repair by guessing: digits that a spreadsheet has thrown away are gone,
//! and a made-up address might be somebody else's device.

/// What a text turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MacReading {
    /// An address, in the form of the API: `0c:2a:69:05:0d:62`.
    Address(String),
    /// It was an address or an id before a spreadsheet took it for a number; the text says how
    /// that can be seen.
    Damaged(String),
    /// Something else: an id, an agent id, a name.
    Other,
}

/// What to do about a [`MacReading::Damaged`] value, whatever the damage.
pub const DAMAGE_ADVICE: &str = "a spreadsheet took it for a number; give the column the format \
     \"text\" in the spreadsheet, put the original values in again, and export once more";

/// Reads a text from a column that should hold MAC addresses.
///
/// Separators may be colons, dashes, dots, blanks or none, in pairs, threes of two pairs, or two
/// halves. Between colons a leading zero may be missing, as `arp` prints it.
pub fn mac(text: &str) -> MacReading {
    let text = text.trim().trim_start_matches('\'');
    if let Some(damage) = number_damage(text).or_else(|| lost_zeros(text)) {
        return MacReading::Damaged(damage);
    }
    match digits(text) {
        Some(digits) => MacReading::Address(with_colons(&digits)),
        None => MacReading::Other,
    }
}

/// Reads a text that may be any identifier of a device. Only exactly eleven digits are taken for
/// an address without its zero, since shorter numbers may well be names.
pub fn mac_or_other(text: &str) -> MacReading {
    match mac(text) {
        MacReading::Damaged(_) if number_damage(text).is_none() && text.trim().len() != 11 => {
            MacReading::Other
        }
        reading => reading,
    }
}

/// Damage that no identifier has by nature: the exponent of a big number (`2.34E+15`, also with a
/// decimal comma), or decimals behind a long number.
pub fn number_damage(text: &str) -> Option<String> {
    let text = text.trim();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, ""));
    let (whole, decimals) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    if !is_number(whole) || !(decimals.is_empty() || is_number(decimals)) {
        return None;
    }
    let power = exponent.strip_prefix('+').unwrap_or(exponent);
    let has_point = mantissa.len() > whole.len();
    // Without sign and point, `500012345678e123` may be the id of a device.
    if is_number(power) && (exponent.starts_with('+') || has_point) {
        return Some(format!("{text} is a rounded number, its last digits are lost"));
    }
    let only_zeros = has_point && whole.len() > 6 && decimals.bytes().all(|digit| digit == b'0');
    (exponent.is_empty() && only_zeros).then(|| format!("{text} is a number, not an identifier"))
}

fn lost_zeros(text: &str) -> Option<String> {
    let short = is_number(text) && text.len() < 12;
    short.then(|| format!("{text} has {} digits, a MAC address has 12", text.len()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The twelve digits of an address in lower case.
fn digits(text: &str) -> Option<String> {
    let separator = text.chars().find(|character| !character.is_ascii_hexdigit());
    let groups: Vec<&str> = match separator {
        None => vec![text],
        Some(separator @ (':' | '-' | '.' | ' ')) => text.split(separator).collect(),
        Some(_) => return None,
    };
    let size = match groups.len() {
        1 => 12,
        2 => 6,
        3 => 4,
        6 => 2,
        _ => return None,
    };
    let mut digits = String::with_capacity(12);
    for group in groups {
        let zero_lost = separator == Some(':') && size == 2 && group.len() == 1;
        if !(group.len() == size || zero_lost) || !group.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        if zero_lost {
            digits.push('0');
        }
        digits.push_str(&group.to_ascii_lowercase());
    }
    Some(digits)
}

fn with_colons(digits: &str) -> String {
    let mut address = String::with_capacity(17);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && position % 2 == 0 {
            address.push(':');
        }
        address.push(digit);
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_common_spelling_is_the_same_address() {
        for spelling in [
            "0c:2a:69:05:0d:62",
            "0C-2A-69-05-0D-62",
            " 0c2a.6905.0d62\t",
            "0c2a69-050d62",
            "0C2A69050D62",
            "0c 2a 69 05 0d 62",
            "c:2a:69:5:d:62",
            "'0c2a69050d62",
        ] {
            let expected = MacReading::Address("0c:2a:69:05:0d:62".into());
            assert_eq!(mac(spelling), expected, "{spelling}");
            assert_eq!(mac_or_other(spelling), expected, "{spelling}");
        }
    }

    #[test]
    fn damage_by_a_spreadsheet_is_named() {
        for damaged in ["2.34E+15", "2,34E+15", "2.34e+11", "2E+15", "2.34E15", "123456789012.0"] {
            assert!(matches!(mac(damaged), MacReading::Damaged(_)), "{damaged}");
            assert!(matches!(mac_or_other(damaged), MacReading::Damaged(_)), "{damaged}");
        }
        for short in ["12345678901", "17", "0"] {
            assert!(matches!(mac(short), MacReading::Damaged(_)), "{short}");
        }
        assert!(matches!(mac_or_other("12345678901"), MacReading::Damaged(_)));
        assert_eq!(mac_or_other("17"), MacReading::Other, "a device may be called 17");
    }

    #[test]
    fn what_is_no_address_passes_untouched() {
        for other in [
            "5000d8c46a56cfca",
            "500012345678e123",
            "5000123456789012",
            "-bcdEFgh_j12",
            "wwK6DYEN2mx7",
            "0c:2a:69:05:0d",
            "0c:2a-69:05:0d:62",
            "0c:2a:69:05:0d:6g",
            "0c2a.6905.d62",
            "Oven 7",
            "v1.5",
            "1.5",
            "",
            "e+15",
            "+1E+2",
            "ééééééé",
        ] {
            assert_eq!(mac(other), MacReading::Other, "{other}");
        }
    }

    #[test]
    fn twelve_digits_are_an_address() {
        assert_eq!(mac("123456789012"), MacReading::Address("12:34:56:78:90:12".into()));
        assert_eq!(mac("12345678e012"), MacReading::Address("12:34:56:78:e0:12".into()));
    }
}
