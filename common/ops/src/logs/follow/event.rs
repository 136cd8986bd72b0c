//! What a log stream's events mean, in JSON or in the text form of old
//! (imp-service(7), section 13.6 and 13.7). Pure.

use api::logs::sse::Event;
use model::Record;
use serde_json::Value;

/// A line of a log, or news of the stream itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A device logged something.
    Entry(Record),
    /// Devices can be added now.
    Opened,
    /// The service ends the stream.
    Closed,
    /// A device is on the stream from here on.
    Subscribed(Option<String>),
    /// A device is not on it any more; which one may not be said.
    Unsubscribed(Option<String>),
}

/// Reads an event; `None` for what is neither.
pub fn read(event: &Event) -> Option<Line> {
    match event.kind.as_str() {
        "message" => entry(&event.data).map(Line::Entry),
        "state_change" => state(&event.data),
        _ => None,
    }
}

fn entry(data: &str) -> Option<Record> {
    match serde_json::from_str(data) {
        Ok(record) => Some(record),
        _ => text_entry(data),
    }
}

/// `DEVICE TIME LOG_TYPE TYPE MESSAGE…`
fn text_entry(data: &str) -> Option<Record> {
    let mut parts = data.splitn(5, ' ');
    let names = ["device_id", "ts", "log_type", "type", "msg"];
    let mut record = Record::new();
    for name in names {
        // A message may be empty.
        let part = if name == "msg" { parts.next().unwrap_or_default() } else { parts.next()? };
        record.insert(name, part.into());
    }
    is_device(record["device_id"].as_str()?).then_some(record)
}

fn state(data: &str) -> Option<Line> {
    let (word, device) = match serde_json::from_str(data) {
        Ok(Value::Object(state)) => {
            let word = state.get("state").and_then(Value::as_str).unwrap_or_default().to_owned();
            let mut texts = state.values().filter_map(Value::as_str);
            (word, texts.find(|text| is_device(text)).map(str::to_owned))
        }
        _ => {
            let parts = || data.split_whitespace();
            let device = parts().find(|part| is_device(part)).map(str::to_owned);
            let word = parts().find(|part| !is_device(part)).unwrap_or_default();
            (word.to_owned(), device)
        }
    };
    match word.as_str() {
        "opened" => Some(Line::Opened),
        "closed" => Some(Line::Closed),
        "subscribed" => Some(Line::Subscribed(device)),
        "unsubscribed" => Some(Line::Unsubscribed(device)),
        _ => None,
    }
}

fn is_device(text: &str) -> bool {
    model::identifier::shape(text) == model::identifier::Shape::Id
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(kind: &str, data: &str) -> Option<Line> {
        read(&Event { kind: kind.into(), data: data.into() })
    }

    #[test]
    fn entries_in_both_forms() {
        let expected = json!({"device_id":"234776801163a9ee","ts":"2018-01-22T19:49:30.423Z",
            "log_type":"development","type":"status","msg":"Agent restarted: reload."});
        let text =
            "234776801163a9ee 2018-01-22T19:49:30.423Z development status Agent restarted: reload.";
        for data in [expected.to_string().as_str(), text] {
            assert_eq!(
                of("message", data),
                expected.as_object().cloned().map(|entry| Line::Entry(entry.into()))
            );
        }
        assert_eq!(of("message", "nonsense"), None);
        assert!(
            of("message", "234776801163a9ee 2018-01-22T19:49:30.423Z development server.log")
                .is_some()
        );
    }

    #[test]
    fn states_in_every_form() {
        let device = Some("40000c2a69109f08".to_owned());
        for (data, expected) in [
            (r#"{"state":"opened"}"#, Line::Opened),
            ("opened", Line::Opened),
            ("closed", Line::Closed),
            (
                r#"{"state":"subscribed","device_id":"40000c2a69109f08"}"#,
                Line::Subscribed(device.clone()),
            ),
            (r#"{"state":"unsubscribed"}"#, Line::Unsubscribed(None)),
            ("40000c2a69109f08 subscribed", Line::Subscribed(device.clone())),
            ("unsubscribed 40000c2a69109f08", Line::Unsubscribed(device)),
        ] {
            assert_eq!(of("state_change", data), Some(expected), "{data}");
        }
        assert_eq!(of("state_change", "whatever"), None);
        assert_eq!(of("ping", "{}"), None);
    }
}
