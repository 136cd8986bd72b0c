//! A hash of names that is the same in each version and on each machine, which that of std does not promise.

/// The same number for the same name, whatever comes with it: FNV-1a, mixed once more.
pub fn stable_hash(name: &str) -> u64 {
    let name = name.to_ascii_lowercase();
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_mixed_well_and_however_they_are_spelled() {
        assert_eq!(stable_hash("0C2A690D62AB"), stable_hash("0c2a690d62ab"));
        let few =
            (0..10_000).filter(|id| stable_hash(&format!("{id:016x}")) < u64::MAX / 100).count();
        assert!((70..130).contains(&few), "{few} of 10,000 are in the first hundredth");
    }
}
