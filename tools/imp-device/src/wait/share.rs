//! Numbers of rows, given as a number or as a part of them all: the quorum, and what is too many.

use std::str::FromStr;

/// A number of rows, or a percentage of all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    Number(u64),
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

/// What is counted of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Online,
    Offline,
    /// In the account, and in no group.
    Unassigned,
    /// Not in the account.
    Missing,
}

impl Counted {
    const ALL: [(&'static str, Counted); 4] = [
        ("online", Counted::Online),
        ("offline", Counted::Offline),
        ("unassigned", Counted::Unassigned),
        ("missing", Counted::Missing),
    ];
}

/// More of something than there may be, as `unassigned>2%`.
#[derive(Clone, Debug, PartialEq)]
pub struct TooMany {
    pub counted: Counted,
    pub most: Share,
    /// As it was typed.
    pub text: String,
}

impl FromStr for TooMany {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = || Counted::ALL.map(|(word, _)| word).join(", ");
        let (word, most) = text
            .split_once('>')
            .ok_or_else(|| "write it as unassigned>2% or offline>10".to_owned())?;
        let counted = Counted::ALL.iter().find(|(known, _)| *known == word.trim());
        let (_, counted) =
            counted.ok_or_else(|| format!("`{word}` is not counted, but {}", words()))?;
        Ok(TooMany { counted: *counted, most: most.trim().parse()?, text: text.to_owned() })
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

    #[test]
    fn what_is_too_many() {
        let too_many: TooMany = "unassigned > 2%".parse().unwrap();
        assert_eq!((too_many.counted, too_many.most), (Counted::Unassigned, Share::Percent(2.0)));
        for text in ["unassigned", "asleep>1", "online>x"] {
            assert!(text.parse::<TooMany>().is_err(), "{text}");
        }
    }
}
