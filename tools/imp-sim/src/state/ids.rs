//! The forms of identifiers and times, as the service prints them.
//!
//! Parsing is strict: another spelling of an id (capitals, missing dashes) is an id of nothing,
//! which the caller turns into 404, never into 400.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Id of every resource but devices and login keys: 128 random bits in the shape of a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub u128);

impl Id {
    /// Whether `text` is this id.
    pub fn is(self, text: &str) -> bool {
        text.parse().is_ok_and(|id: Self| id == self)
    }
}

/// Device id: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceId(pub u64);

/// MAC address: six bytes in the low 48 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mac(pub u64);

/// Agent id: 12 characters of `A-Za-z0-9_-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AgentId(pub [u8; 12]);

/// Milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

/// The text is not of the form.
#[derive(Debug)]
pub struct WrongForm;

const AGENT_ALPHABET: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

impl Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            bits >> 96,
            (bits >> 80) & 0xffff,
            (bits >> 64) & 0xffff,
            (bits >> 48) & 0xffff,
            bits & 0xffff_ffff_ffff
        )
    }
}

impl FromStr for Id {
    type Err = WrongForm;

    fn from_str(text: &str) -> Result<Self, WrongForm> {
        if text.len() != 36 {
            return Err(WrongForm);
        }
        exactly(u128::from_str_radix(&text.replace('-', ""), 16).map(Self), text)
    }
}

impl Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for DeviceId {
    type Err = WrongForm;

    fn from_str(text: &str) -> Result<Self, WrongForm> {
        exactly(u64::from_str_radix(text, 16).map(Self), text)
    }
}

impl Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, _, a, b, c, d, e, g] = self.0.to_be_bytes();
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for Mac {
    type Err = WrongForm;

    fn from_str(text: &str) -> Result<Self, WrongForm> {
        exactly(u64::from_str_radix(&text.replace(':', ""), 16).map(Self), text)
    }
}

impl AgentId {
    /// The agent id that belongs to a device under a plan: always the same for the same two.
    pub fn of(device: DeviceId, plan: &str) -> Self {
        use sha2::Digest;
        let digest = sha2::Sha256::digest(format!("agent {device} {plan}"));
        let mut id = [0; 12];
        for (character, byte) in id.iter_mut().zip(digest) {
            *character = AGENT_ALPHABET[usize::from(byte & 63)];
        }
        Self(id)
    }
}

impl Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl FromStr for AgentId {
    type Err = WrongForm;

    fn from_str(text: &str) -> Result<Self, WrongForm> {
        let id: [u8; 12] = text.as_bytes().try_into().map_err(|_| WrongForm)?;
        if id.iter().all(|character| AGENT_ALPHABET.contains(character)) {
            Ok(Self(id))
        } else {
            Err(WrongForm)
        }
    }
}

impl Timestamp {
    /// This time and `duration` more.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = UNIX_EPOCH + Duration::from_millis(self.0);
        write!(f, "{}", humantime::format_rfc3339_millis(time))
    }
}

impl FromStr for Timestamp {
    type Err = WrongForm;

    fn from_str(text: &str) -> Result<Self, WrongForm> {
        let time = humantime::parse_rfc3339(text).map_err(|_| WrongForm)?;
        let since = time.duration_since(UNIX_EPOCH).map_err(|_| WrongForm)?;
        u64::try_from(since.as_millis()).map(Self).map_err(|_| WrongForm)
    }
}

/// What was read, if it is printed as it was written.
fn exactly<T: Display, E>(read: Result<T, E>, text: &str) -> Result<T, WrongForm> {
    read.ok().filter(|read| read.to_string() == text).ok_or(WrongForm)
}

fn from_text<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<T, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    text.parse().map_err(|_| serde::de::Error::custom(format!("`{text}` has not the right form")))
}

/// What is printed and read as text is so in JSON too. A trait cannot be implemented by a function.
macro_rules! text_in_json {
    ($($form:ident),*) => {$(
        impl Serialize for $form {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $form {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer)
            }
        }
    )*};
}

text_in_json!(Id, DeviceId, Mac, AgentId, Timestamp);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_printed_and_in_no_other_spelling() {
        let id = Id(0x4e264cef_3316_cdfa_7f39_7a5d458994b3);
        assert_eq!(id.to_string(), "4e264cef-3316-cdfa-7f39-7a5d458994b3");
        assert_eq!(id.to_string().parse::<Id>().unwrap(), id);
        for wrong in
            ["4E264cef-3316-cdfa-7f39-7a5d458994b3", "4e264cef3316cdfa7f397a5d458994b3", "é"]
        {
            assert!(wrong.parse::<Id>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn macs_have_colons_and_lower_case() {
        let mac: Mac = "0c:2a:69:05:0d:62".parse().unwrap();
        assert_eq!(mac, Mac(0x0c2a_6905_0d62));
        assert_eq!(mac.to_string(), "0c:2a:69:05:0d:62");
        for wrong in ["0C:2a:69:05:0d:62", "0c2a69050d62", "0c-2a-69-05-0d-62", "0c:2a:69:05:0d:6"]
        {
            assert!(wrong.parse::<Mac>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn agent_id_depends_on_device_and_plan_only() {
        let device = DeviceId(0x2347_7680_1163_a9ee);
        assert_eq!(AgentId::of(device, "a"), AgentId::of(device, "a"));
        assert_ne!(AgentId::of(device, "a"), AgentId::of(device, "b"));
        let text = AgentId::of(device, "a").to_string();
        assert_eq!(text.parse::<AgentId>().unwrap(), AgentId::of(device, "a"));
    }

    #[test]
    fn times_have_three_decimals_and_z() {
        assert_eq!(Timestamp(1_532_258_869_633).to_string(), "2018-07-22T11:27:49.633Z");
        assert_eq!("2018-07-22T11:27:49.633Z".parse::<Timestamp>().unwrap().0, 1_532_258_869_633);
    }
}
