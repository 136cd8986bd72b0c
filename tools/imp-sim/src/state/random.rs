//! Everything random, from one seed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ids::Id;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A seeded source of ids, tokens and keys.
pub struct Random(fastrand::Rng);

impl Random {
    /// The source for one purpose, so that more of one thing never changes another.
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A resource id.
    pub fn id(&mut self) -> Id {
        Id(self.0.u128(..))
    }

    /// So many lower-case hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| self.0.digit(16).to_ascii_lowercase()).collect()
    }

    /// 140 characters that look like base64.
    pub fn access_token(&mut self) -> String {
        let text = (0..139).map(|_| char::from(BASE64[self.0.usize(..64)]));
        text.chain(std::iter::once('=')).collect()
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.u64(..end)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, share: f64) -> bool {
        self.0.f64() * 100.0 < share
    }
}

/// As what a new source must be seeded with to go on from here.
impl Serialize for Random {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.get_seed().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Random {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(fastrand::Rng::with_seed).map(Self)
    }
}
