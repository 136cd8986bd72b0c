//! What identifiers look like. Whether there is such a thing, only the service knows.

use std::borrow::Cow;

/// What an identifier of a device looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// 16 hex digits.
    Id,
    /// A MAC address with colons.
    Mac,
    /// 12 characters of URL-safe base64: perhaps an agent id, perhaps a name.
    Agent,
    /// Anything else can only be a name.
    Name,
}

impl Shape {
    /// Twelve characters are sent to the service as an agent id first; only when it knows no such agent the
    /// devices are looked through for the name. Ids and MAC addresses are never names: what looks like one
    /// and is not found may be a device of somebody else.
    pub fn may_be_a_name_when_not_found(self) -> bool {
        self == Shape::Agent
    }

    /// Whether a text of this shape can only be a name, which the service does not take in requests.
    pub fn is_name(self) -> bool {
        self == Shape::Name
    }
}

/// The shape of `text`.
pub fn shape(text: &str) -> Shape {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_mac = |text: &str| {
        let is_octet = |octet: &str| octet.len() == 2 && hex(octet);
        text.len() == 17 && text.split(':').count() == 6 && text.split(':').all(is_octet)
    };
    if text.len() == 16 && hex(text) {
        Shape::Id
    } else if is_mac(text) {
        Shape::Mac
    } else if text.len() == 12
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    {
        Shape::Agent
    } else {
        Shape::Name
    }
}

/// Ids and MAC addresses in the spelling of the service; anything else as it is, for names are compared exactly.
pub fn usual_spelling(text: &str) -> Cow<'_, str> {
    let is_usual = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    match shape(text) {
        Shape::Id | Shape::Mac if !is_usual => text.to_ascii_lowercase().into(),
        _ => text.into(),
    }
}

/// Ids of the service have the form of a UUID, but not its version bits
/// (imp-service(7), section 2.1).
pub fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths = parts.iter().map(|part| part.len());
    lengths.eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_and_addresses_have_one_spelling() {
        for (text, usual) in [
            ("234776801163A9EE", "234776801163a9ee"),
            ("0C:2A:69:05:0d:62", "0c:2a:69:05:0d:62"),
            ("-jXp_9QaLm2Z", "-jXp_9QaLm2Z"),
            ("Oven-7", "Oven-7"),
        ] {
            assert_eq!(usual_spelling(text), usual);
        }
    }

    #[test]
    fn shapes() {
        for (text, expected) in [
            ("234776801163a9ee", Shape::Id),
            ("0c:2a:69:05:0d:62", Shape::Mac),
            ("-jXp_9QaLm2Z", Shape::Agent),
            ("my_device_01", Shape::Agent),
            ("0c:2a:69:05:0d", Shape::Name),
            ("Kitchen", Shape::Name),
            ("", Shape::Name),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn only_the_form_of_a_uuid_counts() {
        assert!(is_uuid("4e264cef-3316-cdfa-7f39-7a5d458994b3"));
        assert!(!is_uuid("4e264cef-3316-cdfa-7f39-7a5d458994bx"));
        assert!(!is_uuid("MyProduct"));
    }
}
