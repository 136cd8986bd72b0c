//! Whole lines of a journal that cannot be read.

use super::{Recorded, RowState};

impl Recorded {
    /// What a line said that cannot be read is not known: perhaps that rows are under way.
    pub(super) fn take_damaged(&mut self) {
        self.damaged.push(self.lines);
        for state in self.rows.values_mut().filter(|state| **state == RowState::Open) {
            *state = RowState::UnderWay;
        }
    }

    /// Whether there are whole lines that cannot be read.
    pub fn is_damaged(&self) -> bool {
        !self.damaged.is_empty()
    }

    /// A sentence about lines that cannot be read, if there are any.
    pub fn damage(&self) -> Option<String> {
        const NAMED: usize = 10;
        let named: Vec<String> = self.damaged.iter().take(NAMED).map(u64::to_string).collect();
        let more = self.damaged.len() - named.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let lines = match self.damaged.len() {
            0 => return None,
            1 => "line",
            _ => "lines",
        };
        Some(format!(
            "run {}: {lines} {}{more} of its journal cannot be read, so that it is not known what is told \
             there of a row",
            self.header.run,
            named.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_read_makes_open_rows_doubtful_and_loses_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.ndjson");
        let lines = [
            r#"{"type":"run","run":"x","command":["imp-device","restart"]}"#,
            r#"{"type":"row","row":1,"source":"in:1","input":{}}"#,
            r#"{"type":"row","row":2,"#,
            r#"{"type":"row","row":3,"source":"in:3","input":{}}"#,
            r#"{"type":"started","rows":[2]}"#,
            r#"{"type":"change","row":1,"source":"in:1"}"#,
            "17",
            r#"{"type":"row","row":4,"source":"in:4","input":{}}"#,
        ];
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        let recorded = Recorded::read(&path).unwrap();
        let states = [1, 2, 3, 4].map(|row| recorded.state(row));
        let expected = [RowState::Done, RowState::UnderWay, RowState::UnderWay, RowState::Open];
        assert_eq!(states, expected);
        assert_eq!(recorded.to_do(true), [3, 4], "nobody knows what row 2 is");
        assert!(recorded.damage().unwrap().starts_with("run x: lines 3, 7 of its journal"));
        assert_eq!(Recorded::default().damage(), None);
    }
}
