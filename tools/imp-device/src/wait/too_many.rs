//! What there may not be more of: `--fail-if`.

use std::str::FromStr;

use ops::share::Share;

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
    pub const ALL: [(&'static str, Counted); 4] = [
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
    fn what_is_too_many() {
        let too_many: TooMany = "unassigned > 2%".parse().unwrap();
        assert_eq!((too_many.counted, too_many.most), (Counted::Unassigned, Share::Percent(2.0)));
        for text in ["unassigned", "asleep>1", "online>x"] {
            assert!(text.parse::<TooMany>().is_err(), "{text}");
        }
    }
}
