//! A page about one thing, for a person: fields with their values, then a section for what belongs to it.
//!
//! Nothing is cut and what has no value is left out; text from outside cannot steer the terminal. What is wider than
//! the screen goes on below.

mod lines;

use api::send::clock;
use model::text::one_line;
use model::{GroupType, Record, ResourceKind};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::rows::source::RowArgs;
use crate::session::{Session, text};

/// A page under construction.
#[derive(Clone, Debug, Default)]
pub struct Page {
    title: String,
    sections: Vec<Section>,
}

#[derive(Clone, Debug, Default)]
struct Section {
    title: String,
    /// Lines whose parts stand below each other.
    lines: Vec<Vec<String>>,
}

impl Page {
    /// A page about a `noun` that is called `name`.
    pub fn new(noun: &str, name: &str) -> Self {
        let title = one_line(&format!("{noun} {name}"));
        Page { title, sections: vec![Section::default()] }
    }

    /// Begins a section; one that stays empty is not shown.
    pub fn section(&mut self, title: impl Into<String>) {
        self.sections.push(Section { title: title.into(), lines: Vec::new() });
    }

    /// Adds a field, if it has a value.
    pub fn field(&mut self, label: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.line(vec![label.to_owned(), value]);
        }
    }

    /// Adds fields of a record: their names and labels.
    pub fn fields(&mut self, record: &Record, fields: &[(&str, &str)]) {
        for (name, label) in fields {
            self.field(label, record.get(name).map(|value| shown(name, value)).unwrap_or_default());
        }
    }

    /// Adds the fields of a record that the page has not spoken of: what the service has added meanwhile
    /// is shown too. Of a relationship only the id.
    pub fn other_fields(&mut self, record: &Record, known: &[&str]) {
        let is_type_of_relationship = |name: &str| {
            name.strip_suffix("_type").is_some_and(|of| record.contains_key(&format!("{of}_id")))
        };
        for (name, value) in record.iter() {
            if !known.contains(&name) && name != "type" && !is_type_of_relationship(name) {
                self.field(&name.replace('_', " "), shown(name, value));
            }
        }
    }

    /// Adds a line of a list, whose parts stand below those of the lines around it.
    pub fn line(&mut self, parts: Vec<String>) {
        if let Some(section) = self.sections.last_mut() {
            section.lines.push(parts);
        }
    }

    /// The page as it is printed, on a screen of this width if it is one.
    pub fn to_text(&self, width: Option<usize>) -> String {
        let mut page = lines::text(&self.title, width);
        for section in self.sections.iter().filter(|section| !section.lines.is_empty()) {
            page.push('\n');
            if !section.title.is_empty() {
                page.push_str(&lines::text(&one_line(&section.title), width));
            }
            let indent = if section.title.is_empty() { "" } else { lines::GAP };
            page.push_str(&section.to_text(indent, width));
        }
        page
    }
}

impl Section {
    fn to_text(&self, indent: &str, screen: Option<usize>) -> String {
        // The beginning of a part says how deep in a tree it is.
        let clean = |part: &String| {
            let depth = part.len() - part.trim_start_matches(' ').len();
            format!("{}{}", &part[..depth], one_line(part))
        };
        let lines: Vec<Vec<String>> =
            self.lines.iter().map(|parts| parts.iter().map(clean).collect()).collect();
        let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            // A line of one part stands across the columns.
            let parts = lines.iter().filter(|parts| parts.len() > 1);
            let parts = parts.filter_map(|parts| parts.get(column));
            parts.map(|part| part.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        lines.iter().map(|parts| lines::line(indent, parts, &widths, screen)).collect()
    }
}

/// A value as a person reads it.
fn shown(name: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::String(text) if name.ends_with("_at") => time(text),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            values.iter().map(|value| shown("", value)).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// A time of the service, and how long ago that was.
pub fn time(text: &str) -> String {
    match (humantime::parse_rfc3339_weak(text), ago(text)) {
        (Ok(time), Some(ago)) => format!("{} ({ago})", humantime::format_rfc3339_seconds(time)),
        _ => text.to_owned(),
    }
}

/// How long ago a time of the service was: `3m ago`.
pub fn ago(text: &str) -> Option<String> {
    pipe::ago(text, clock::now())
}

/// The type of a device group as it is typed.
pub fn group_type(api_name: &str) -> &str {
    GroupType::of_api(api_name).map_or(api_name, |kind| kind.name())
}

impl Session {
    /// Whether what was asked for is shown as a page: a person looks, and has typed what to look at, one
    /// thing or (`many`) several.
    pub fn shows_page(&self, args: &RowArgs<'_>, many: bool) -> bool {
        let typed = args.source.identifiers;
        let one_typed = typed.len() == 1 && typed[0] != "-";
        self.output.is_for_a_person() && (many || one_typed)
    }

    /// A thing that a record refers to: its name and its id. Only the id when the account may not see it.
    pub fn named(&self, kind: ResourceKind, id: &str) -> String {
        let found = if id.is_empty() { None } else { self.resolver.one(kind, id).ok() };
        let Some(found) = found else { return id.to_owned() };
        let name = ["name", "email", "username"].iter().map(|name| text(&found, name));
        let name = name.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        let role = match kind {
            ResourceKind::DeviceGroup => format!(" ({})", group_type(text(&found, "type"))),
            _ => String::new(),
        };
        format!("{name}{role}  {id}").trim_start().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn fields_stand_below_each_other_and_nothing_is_cut() {
        let record = json!({"type": "device", "id": "5000d8c46a56cfca", "name": null, "rssi": -60,
            "online": true, "tags": ["a", "b"], "owner_id": "o", "owner_type": "account"});
        let record = &Record::from(record.as_object().unwrap().clone());
        let mut page = Page::new("device", "a\u{1b}[31m");
        page.fields(record, &[("id", "id"), ("name", "name"), ("rssi", "signal")]);
        page.other_fields(record, &["id", "name", "rssi"]);
        page.section("Empty");
        page.section("Tree");
        page.line(vec!["Ovens".into(), "product".into()]);
        page.line(vec!["  東京".into(), "group".into()]);
        page.line(vec!["    a line across the columns".into()]);
        let expected = "device a\u{fffd}[31m\n\n\
             id        5000d8c46a56cfca\nsignal    -60\nonline    yes\ntags      a, b\nowner id  o\n\n\
             Tree\n  Ovens   product\n    東京  group\n      a line across the columns\n";
        assert_eq!(page.to_text(None), expected);
        assert_eq!(page.to_text(Some(80)), expected);
    }

    #[test]
    fn a_time_stands_with_how_long_ago_it_was() {
        let before = clock::now() - Duration::from_secs(7300);
        let before = humantime::format_rfc3339_seconds(before).to_string();
        assert_eq!(time(&before), format!("{before} (2h ago)"));
        assert_eq!(time("yesterday"), "yesterday");
    }
}
