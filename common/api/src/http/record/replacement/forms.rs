//! Replacements of names that keep what the name is known by: an address, an id, an agent.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Number;

use super::{Replacement, SecretsInText, is_replaced, schema};

/// Seconds until 2040: times are made up among these.
const TIMES: u64 = 2_208_988_800;

/// What stands in the place of the service's words about one thing.
const WORDS: &str = "words of the service, replaced";

impl Replacement {
    pub(super) fn of_its_form(&self, text: &str) -> String {
        let is_hex = |byte: u8| byte.is_ascii_hexdigit();
        let is_agent = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if let Some(address) = self.address(text) {
            return address;
        }
        if schema::is_time(text) {
            let number =
                u64::from_str_radix(&self.digits("time", text, 12), 16).unwrap_or_default();
            let other = UNIX_EPOCH + Duration::from_secs(number % TIMES);
            return humantime::format_rfc3339_millis(other).to_string();
        }
        if is_long_id(text) {
            // One id, however it is typed.
            let digits = self.digits("hex", &text.to_ascii_lowercase(), text.len());
            let is_upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
            let digits = if is_upper { digits.to_ascii_uppercase() } else { digits };
            let mut digits = digits.into_bytes().into_iter();
            let digit = |byte: u8| if is_hex(byte) { digits.next().unwrap_or(byte) } else { byte };
            return text.bytes().map(digit).map(char::from).collect();
        }
        if text.len() == 12 && text.bytes().all(is_agent) {
            return self.letters("agent", text, 12);
        }
        if text.contains('@') && !text.contains(' ') {
            return format!("user-{}@example.com", self.letters("user", text, 10));
        }
        // What is unusual in a name is often what a report is about.
        let is_unusual = |c: &char| c.is_ascii() && !c.is_ascii_alphanumeric() && *c != '-';
        let unusual: String = text.chars().filter(is_unusual).take(8).collect();
        let foreign = if text.is_ascii() { "" } else { "é" };
        format!("name-{}{foreign}{unusual}", self.letters("name", text, 10))
    }

    /// In the place of what the service says in its own words: the ids and addresses that it names, in their order, by
    /// which a command finds out of what it speaks.
    pub(super) fn words(&self, text: &str) -> String {
        // A key that it repeats may look like an id.
        let text = self.hide_in_words(text, &SecretsInText::default());
        let is_apart = |c: char| !c.is_ascii_alphanumeric() && !"-:._".contains(c);
        let parts = text.split(is_apart).map(|part| part.trim_matches([':', '.', '-', '_']));
        let named = parts.filter(|part| is_replaced(part) || is_id(part));
        let names: Vec<String> = named.map(|id| self.name(id)).collect();
        let colon = if names.is_empty() { "" } else { ": " };
        format!("({WORDS}{colon}{})", names.join(", "))
    }

    /// A number of the same length and sign.
    pub(super) fn number(&self, number: &Number) -> Number {
        let text = number.to_string();
        let mut digits = self.digits("number", &text, text.len()).into_bytes().into_iter();
        let mut other = |c: char| match c {
            // No zero, which could not stand in front.
            '0'..='9' => char::from(b'1' + digits.next().unwrap_or_default() % 9),
            c => c,
        };
        let (mantissa, exponent) = text.split_at(text.find(['e', 'E']).unwrap_or(text.len()));
        let mantissa: String = mantissa.chars().map(&mut other).collect();
        (mantissa + exponent).parse().unwrap_or_else(|_| 0.into())
    }

    /// A MAC address in any spelling, or the id of a device, whose last twelve digits are one.
    fn address(&self, text: &str) -> Option<String> {
        let digits = digits_of_address(text)?;
        let (class, address) = digits.split_at(digits.len() - 12);
        let other =
            format!("{class}{:012x}", self.permuted(u64::from_str_radix(address, 16).ok()?));
        let is_upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        let mut other =
            if is_upper { other.to_ascii_uppercase() } else { other }.into_bytes().into_iter();
        let digit =
            |c: char| if c.is_ascii_hexdigit() { other.next().map_or(c, char::from) } else { c };
        Some(text.chars().map(digit).collect())
    }

    /// A permutation of 48 bits, by the key: four rounds of a Feistel network.
    pub(super) fn permuted(&self, number: u64) -> u64 {
        const HALF: u64 = 0xff_ffff;
        let (mut left, mut right) = (number >> 24 & HALF, number & HALF);
        for round in ["0", "1", "2", "3"] {
            let mixed = self.digits(round, &right.to_string(), 6);
            let mixed = u64::from_str_radix(&mixed, 16).unwrap_or_default();
            (left, right) = (right, left ^ mixed);
        }
        left << 24 | right
    }
}

/// The hexadecimal digits of a MAC address in any spelling, or of the id of a device.
fn digits_of_address(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let spelt = text.chars().all(|c| c.is_ascii_hexdigit() || ":-. ".contains(c));
    let is_id = digits.len() == 16 && digits.len() == text.len();
    (spelt && (is_id || digits.len() == 12)).then_some(digits)
}

/// The id of anything but a device.
fn is_long_id(text: &str) -> bool {
    text.len() >= 20 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn is_id(text: &str) -> bool {
    digits_of_address(text).is_some() || is_long_id(text)
}
