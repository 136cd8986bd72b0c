//! What the compiler says, as `file:row:column: text`, so that editors find the place.
//!
//! The same code in fifty groups has the same mistakes: each line is said once a run.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use cli::terminal::stderr;
use serde_json::Value;

use crate::code::Code;

/// Says what the compiler says.
#[derive(Default)]
pub struct Diagnostics {
    said: Mutex<HashSet<String>>,
}

impl Diagnostics {
    /// Says the pieces of a compilation error (imp-service(7), section 6.5).
    pub fn errors(&self, code: &Code, pieces: Option<&Value>) {
        let pieces = pieces.and_then(Value::as_array).into_iter().flatten();
        pieces.for_each(|piece| self.say(&line(code, piece, "")));
    }

    /// Says the warnings of a build that was created: `data.meta` of the answer.
    pub fn warnings(&self, code: &Code, warnings: &[Value]) {
        for warning in warnings {
            match warning["meta"].as_array() {
                Some(pieces) => {
                    pieces.iter().for_each(|piece| self.say(&line(code, piece, "warning: ")));
                }
                None => self.say(&line(code, warning, "warning: ")),
            }
        }
    }

    fn say(&self, line: &str) {
        if self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(line.to_owned()) {
            stderr::plain(line);
        }
    }
}

/// One line. Row and column come as numbers or as text, or not at all.
fn line(code: &Code, piece: &Value, label: &str) -> String {
    let text = |name: &str| piece[name].as_str().filter(|text| !text.is_empty());
    let number = |name: &str| match &piece[name] {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    let file = match text("file") {
        Some("device_code") => shown(&code.device.shown, "device_code"),
        Some("agent_code") => shown(&code.agent.shown, "agent_code"),
        Some(other) => other,
        None => "code",
    };
    let place = [Some(file.to_owned()), number("row"), number("column")];
    let place = place.into_iter().map_while(|part| part).collect::<Vec<_>>().join(":");
    let words = text("text").or(text("detail")).or(text("title")).unwrap_or("no reason given");
    model::text::one_line(&format!("{place}: {label}{words}"))
}

fn shown<'a>(path: &'a str, otherwise: &'a str) -> &'a str {
    if path.is_empty() { otherwise } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Source;
    use serde_json::json;

    #[test]
    fn places_are_those_of_the_files_that_were_given() {
        let code = Code {
            device: Source { text: String::new(), shown: "src/oven.device.nut".into() },
            agent: Source::default(),
            sha: String::new(),
        };
        for (piece, expected) in [
            (
                json!({"file":"device_code","row":3,"column":7,"text":"expected `)`"}),
                "src/oven.device.nut:3:7: expected `)`",
            ),
            (
                json!({"file":"agent_code","row":"12","column":"1","text":"a\nb"}),
                "agent_code:12:1: a b",
            ),
            (json!({"file":"device_code","text":"x"}), "src/oven.device.nut: x"),
            (json!({"title":"Odd"}), "code: Odd"),
        ] {
            assert_eq!(line(&code, &piece, ""), expected);
        }
        let warning = json!({"file":"device_code","row":1,"column":2,"text":"unused"});
        assert_eq!(line(&code, &warning, "warning: "), "src/oven.device.nut:1:2: warning: unused");
    }
}
