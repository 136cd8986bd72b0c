//! Numbers of devices, given as a number or as a part of them all: a quorum, the end of a wave, what is too many.

use std::str::FromStr;

/// A number of rows, or a percentage of all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// So many.
    Number(u64),
    /// So many of a hundred.
    Percent(f64),
}

impl Share {
    /// So many of `all` are at least this.
    pub fn at_least(self, all: u64) -> u64 {
        match self {
            Share::Number(number) => number,
            // A little less, so that 10% of 30 is 3 whatever the arithmetic of floating point makes of it.
            Share::Percent(percent) => (all as f64 * percent / 100.0 - 1e-9).ceil().max(0.0) as u64,
        }
    }

    /// As it is given.
    pub fn in_words(self) -> String {
        match self {
            Share::Number(number) => number.to_string(),
            Share::Percent(percent) => format!("{percent}%"),
        }
    }

    /// Whether `number` of `all` are more than this.
    pub fn is_exceeded(self, number: u64, all: u64) -> bool {
        match self {
            Share::Number(most) => number > most,
            Share::Percent(percent) => number as f64 > all as f64 * percent / 100.0 + 1e-9,
        }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is neither a number nor a percentage: 20 or 98%");
        match text.strip_suffix('%') {
            None => text.parse().map(Share::Number).map_err(|_| wrong()),
            Some(percent) => match percent.parse() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Share::Percent(percent)),
                _ => Err(wrong()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_rows() {
        let share = |text: &str| text.parse::<Share>().unwrap();
        for (text, all, at_least) in [
            ("98%", 100, 98),
            ("98%", 101, 99),
            ("10%", 30, 3),
            ("100%", 7, 7),
            ("0%", 7, 0),
            ("5", 3, 5),
        ] {
            assert_eq!(share(text).at_least(all), at_least, "{text} of {all}");
        }
        assert!(share("2%").is_exceeded(3, 100) && !share("2%").is_exceeded(2, 100));
        assert!(share("2").is_exceeded(3, 100) && !share("2").is_exceeded(2, 100));
        for text in ["", "%", "101%", "-1", "all", "1.5"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
