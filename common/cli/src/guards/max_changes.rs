//! How many things a run may change.

use std::fmt;
use std::str::FromStr;

/// A number of changes, or a share of what is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxChanges {
    /// So many.
    Number(u64),
    /// So many of a hundred.
    Percent(u8),
}

impl MaxChanges {
    /// The most changes where so many things are looked at; a share is rounded down.
    pub(super) fn of(self, looked_at: u64) -> u64 {
        match self {
            MaxChanges::Number(number) => number,
            MaxChanges::Percent(percent) => {
                let share = u128::from(looked_at) * u128::from(percent) / 100;
                u64::try_from(share).unwrap_or(u64::MAX)
            }
        }
    }

    pub(super) fn is_share(self) -> bool {
        matches!(self, MaxChanges::Percent(_))
    }
}

impl FromStr for MaxChanges {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is neither a number nor a share such as 2%");
        match text.trim().strip_suffix('%') {
            None => text.trim().parse().map(MaxChanges::Number).map_err(|_| wrong()),
            Some(percent) => match percent.parse() {
                Ok(percent @ 0..=100) => Ok(MaxChanges::Percent(percent)),
                _ => Err(wrong()),
            },
        }
    }
}

impl fmt::Display for MaxChanges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MaxChanges::Number(number) => write!(formatter, "{number}"),
            MaxChanges::Percent(percent) => write!(formatter, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_or_a_share() {
        for (text, looked_at, most) in
            [("5", 1000, 5), ("2%", 1000, 20), ("2%", 49, 0), ("100%", 7, 7), ("0", 9, 0)]
        {
            assert_eq!(text.parse::<MaxChanges>().unwrap().of(looked_at), most, "{text}");
            assert_eq!(text.parse::<MaxChanges>().unwrap().to_string(), text);
        }
        for wrong in ["", "%", "-1", "101%", "many", "2.5%"] {
            assert!(wrong.parse::<MaxChanges>().is_err(), "{wrong}");
        }
    }
}
