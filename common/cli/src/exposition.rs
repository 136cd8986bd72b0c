//! Metrics as text, in one of two forms that differ in how counters are called.
//!
//! Careful about who reads them: node_exporter and `promtool` know only the older form, and a metric that they find
//! under another name than its type and help has neither. Gauges alone read the same in both.

use std::fmt::{Display, Write};
use std::time::{SystemTime, UNIX_EPOCH};

/// How the text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The text form of Prometheus, version 0.0.4: a counter is `events_total` throughout.
    #[default]
    Prometheus,
    /// OpenMetrics 1.0: a counter is `events`, and its values are `events_total`.
    OpenMetrics,
}

impl Form {
    /// What a client wants that sends this in `Accept`; the older form unless it names the other.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let mut kinds = accept.split(',').filter_map(|range| range.split(';').next());
        match kinds.any(|kind| kind.trim().eq_ignore_ascii_case("application/openmetrics-text")) {
            true => Form::OpenMetrics,
            false => Form::Prometheus,
        }
    }

    /// What HTTP calls it.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Form::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Form::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The text, as it grows.
#[derive(Debug, Default)]
pub struct Exposition {
    form: Form,
    text: String,
    name: &'static str,
    suffix: &'static str,
}

impl Exposition {
    /// Without any metric yet.
    #[must_use]
    pub fn new(form: Form) -> Self {
        Exposition { form, ..Exposition::default() }
    }

    /// Begins a metric that goes up and down. All its samples follow.
    pub fn gauge(&mut self, name: &'static str, help: &str) -> &mut Self {
        self.begin(name, "", "gauge", help)
    }

    /// Begins a metric that only grows; `name` is without the `_total` of its samples, which follow.
    pub fn counter(&mut self, name: &'static str, help: &str) -> &mut Self {
        self.begin(name, "_total", "counter", help)
    }

    fn begin(
        &mut self,
        name: &'static str,
        suffix: &'static str,
        kind: &str,
        help: &str,
    ) -> &mut Self {
        (self.name, self.suffix) = (name, suffix);
        let stated = if self.form == Form::OpenMetrics { "" } else { suffix };
        let lines =
            ["# HELP ", name, stated, " ", help, "\n# TYPE ", name, stated, " ", kind, "\n"];
        self.text.extend(lines);
        self
    }

    /// A value of the metric.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) -> &mut Self {
        self.text.extend([self.name, self.suffix]);
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

    /// The whole text, which says that it is whole: a comment in the older form.
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
        text.gauge("ovens", "Ovens.");
        text.sample(&[], 3).sample(&[("name", "\"a\" \\ b\nc é\t"), ("type", "")], 4.5);
        let expected = "# HELP ovens Ovens.\n# TYPE ovens gauge\novens 3\n\
            ovens{name=\"\\\"a\\\" \\\\ b\\nc é\t\",type=\"\"} 4.5\n# EOF\n";
        assert_eq!(text.finish(), expected);
    }

    #[test]
    fn counters_are_called_as_the_form_has_it() {
        let text = |form| {
            let mut text = Exposition::new(form);
            text.counter("hits", "Hits.").sample(&[("code", "404")], 2);
            text.gauge("ovens", "Ovens.").sample(&[], 3);
            text.finish()
        };
        let ovens = "# HELP ovens Ovens.\n# TYPE ovens gauge\novens 3\n# EOF\n";
        let older =
            "# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total{code=\"404\"} 2\n";
        assert_eq!(text(Form::Prometheus), format!("{older}{ovens}"));
        let newer = "# HELP hits Hits.\n# TYPE hits counter\nhits_total{code=\"404\"} 2\n";
        assert_eq!(text(Form::OpenMetrics), format!("{newer}{ovens}"));
    }

    #[test]
    fn the_newer_form_is_for_those_who_name_it() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(Form::accepted(prometheus), Form::OpenMetrics);
        for accept in ["", "*/*", "text/plain;version=0.0.4", "text/html, */*;q=0.1"] {
            assert_eq!(Form::accepted(accept), Form::Prometheus, "{accept}");
        }
    }

    #[test]
    fn times_are_seconds() {
        assert_eq!(
            timestamp(UNIX_EPOCH + Duration::from_millis(1_700_000_000_042)),
            "1700000000.042"
        );
    }
}
