//! Colours by meaning. Failed rows are no records: they are coloured on stderr.

use model::identifier::{Shape, is_uuid, shape};

use super::names::refers_to_named;

/// How a text is to look, if colours are wanted at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    /// Ids and times: there when they are looked for.
    Dim,
    Good,
    Unchanged,
    Bad,
}

impl Paint {
    pub(super) fn on(self, text: &str, is_coloured: bool) -> String {
        let code = match self {
            Paint::Plain => 0,
            Paint::Dim => 2,
            Paint::Good => 32,
            Paint::Unchanged => 33,
            Paint::Bad => 31,
        };
        if text.is_empty() || !is_coloured || self == Paint::Plain {
            return text.to_owned();
        }
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// The look of a cell of a table.
pub(super) fn of_cell(field: &str, text: &str) -> Paint {
    match field {
        "outcome" if text == "unchanged" => Paint::Unchanged,
        "outcome" => Paint::Good,
        "id" => Paint::Dim,
        _ if field.ends_with("_id") && !refers_to_named(field) => Paint::Dim,
        _ => Paint::Plain,
    }
}

/// The look of a log entry, by its kind.
pub(super) fn of_log(kind: &str) -> Paint {
    match kind {
        "server.log" | "agent.log" => Paint::Plain,
        "gap" | "lastexitcode" => Paint::Unchanged,
        _ if kind.ends_with("error") => Paint::Bad,
        _ => Paint::Dim,
    }
}

/// A text in which ids are dim, as a page about a thing.
pub(super) fn with_dim_ids(text: &str) -> String {
    let is_id = |word: &str| is_uuid(word) || shape(word) == Shape::Id;
    let dimmed = |part: &str| {
        let word = part.trim_end();
        let look = if is_id(word) { Paint::Dim } else { Paint::Plain };
        format!("{}{}", look.on(word, true), &part[word.len()..])
    };
    text.split_inclusive([' ', '\n']).map(dimmed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_a_page_are_dim_and_nothing_else() {
        let page = "device oven-7\n\nid     5000d8c46a56cfca\ngroup  Bench  20000000-0000-0000-0000-000000000001\n";
        assert_eq!(
            with_dim_ids(page),
            "device oven-7\n\nid     \u{1b}[2m5000d8c46a56cfca\u{1b}[0m\n\
             group  Bench  \u{1b}[2m20000000-0000-0000-0000-000000000001\u{1b}[0m\n"
        );
    }
}
