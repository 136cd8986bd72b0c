//! Metrics as text: what OpenMetrics and the older format of Prometheus have in common, so that servers,
//! node_exporter and `promtool` read it alike.

use std::fmt::{Display, Write};
use std::time::{SystemTime, UNIX_EPOCH};

/// The text, as it grows.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
    name: &'static str,
}

impl Exposition {
    /// Begins a metric; `kind` is `gauge` or `counter`. All its samples follow.
    pub fn metric(&mut self, name: &'static str, kind: &str, help: &str) -> &mut Self {
        self.name = name;
        self.text.extend(["# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n"]);
        self
    }

    /// A value of the metric.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) -> &mut Self {
        self.text.push_str(self.name);
        let mut before = '{';
        for (name, value) in labels {
            self.text.push(before);
            self.text.extend([name, "=\""]);
            value.chars().for_each(|character| push_escaped(&mut self.text, character));
            self.text.push('"');
            before = ',';
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        // A string takes everything.
        let _ = writeln!(self.text, " {value}");
        self
    }

    /// The whole text, which says that it is whole.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.text.push_str("# EOF\n");
        self.text
    }
}

/// A character of the value of a label; any other than these stands for itself.
fn push_escaped(text: &mut String, character: char) {
    match character {
        '\\' => text.push_str("\\\\"),
        '"' => text.push_str("\\\""),
        '\n' => text.push_str("\\n"),
        other => text.push(other),
    }
}

/// A time as a value: seconds since 1970.
#[must_use]
pub fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:03}", since.as_secs(), since.subsec_millis())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn labels_hold_any_text() {
        let mut text = Exposition::default();
        text.metric("ovens", "gauge", "Ovens.");
        text.sample(&[], 3).sample(&[("name", "\"a\" \\ b\nc é\t"), ("type", "")], 4.5);
        let expected = "# HELP ovens Ovens.\n# TYPE ovens gauge\novens 3\n\
            ovens{name=\"\\\"a\\\" \\\\ b\\nc é\t\",type=\"\"} 4.5\n# EOF\n";
        assert_eq!(text.finish(), expected);
    }

    #[test]
    fn times_are_seconds() {
        assert_eq!(
            timestamp(UNIX_EPOCH + Duration::from_millis(1_700_000_000_042)),
            "1700000000.042"
        );
    }
}
