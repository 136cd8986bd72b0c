//! What a line of a log is searched for: a regular expression, as those of `grep -E`.

use std::str::FromStr;

use cli::text;
use model::Record;
use regex_lite::Regex;

/// In front of an expression that is searched for in the type of an entry.
const IN_TYPE: &str = "type:";

/// A pattern of a command line.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As it was typed.
    text: String,
    regex: Regex,
    in_type: bool,
}

impl Pattern {
    /// Whether it is found in the message of an entry, or in its type.
    pub fn finds(&self, entry: &Record) -> bool {
        let field = if self.in_type { "type" } else { "msg" };
        self.regex.is_match(text(entry, field))
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let of_type = typed.strip_prefix(IN_TYPE);
        let regex = Regex::new(of_type.unwrap_or(typed))
            .map_err(|error| format!("it is no regular expression as of grep -E: {error}"))?;
        Ok(Pattern { text: typed.to_owned(), regex, in_type: of_type.is_some() })
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "`{}`", model::text::one_line(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(pattern: &str, kind: &str, message: &str) -> bool {
        let entry = Record::from_iter([
            ("type".to_owned(), kind.into()),
            ("msg".to_owned(), message.into()),
        ]);
        pattern.parse::<Pattern>().unwrap().finds(&entry)
    }

    #[test]
    fn a_pattern_is_searched_for_as_grep_does() {
        for (pattern, message) in [
            ("READY", "unit READY now"),
            ("^READY", "READY in 3 s"),
            ("(up|ready)$", "unit ready"),
            ("[[:digit:]]{3}", "temperature 101"),
            ("(?i)ready", "Ready"),
            ("", "anything"),
            ("21.4°", "21,4°C"),
        ] {
            assert!(finds(pattern, "server.log", message), "{pattern}");
        }
        assert!(!finds("ready", "server.log", "READY"));
        assert!(!finds("^READY", "server.log", "not READY"));
        assert!(!finds("server", "server.log", "up"), "the type is another field");
    }

    #[test]
    fn a_type_is_searched_when_that_is_said() {
        assert!(finds(r"type:\.error$", "agent.error", "index not found"));
        assert!(!finds(r"type:\.error$", "server.log", "an .error"));
        assert!("type:[".parse::<Pattern>().is_err());
        assert!("a(b".parse::<Pattern>().is_err());
    }
}
