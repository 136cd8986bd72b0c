//! When nothing listens: a connection that was refused in the recording is refused again.
//!
//! A refusal is seen by nobody but the command, so it is not answered but waited through: from the end of what came
//! before it for as long as it lasted. The command's own waiting does not run faster, so this does not either.

use std::time::Duration;

use super::recording::{Exchange, Fault};

/// Connections that were refused one after the other.
#[derive(Debug, PartialEq, Eq)]
pub struct Outage {
    /// The first, and the one after the last.
    pub first: usize,
    pub end: usize,
    /// None: to the end of the recording.
    pub lasts: Option<Duration>,
}

/// The client tries again after at least an eighth of a second; the last refusal is not to be missed.
const AFTER: u64 = 50;

/// The outages of a recording, in their order.
pub fn of(exchanges: &[Exchange]) -> Vec<Outage> {
    let refused = |at: &usize| exchanges[*at].fault == Some(Fault::NotSent);
    let mut outages = Vec::new();
    let mut at = 0;
    while let Some(first) = (at..exchanges.len()).find(refused) {
        let end = (first..exchanges.len()).find(|at| !refused(at)).unwrap_or(exchanges.len());
        let lasted = exchanges[end - 1].at - exchanges[first].at + AFTER;
        let lasts = (end < exchanges.len()).then(|| Duration::from_millis(lasted));
        outages.push(Outage { first, end, lasts });
        at = end;
    }
    outages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::recording::Recording;

    #[test]
    fn refusals_in_a_row_are_one_outage_and_the_last_may_not_end() {
        let mut text =
            r#"{"type":"recorded_run","run":"a","began":"2026-11-29T10:00:00.000Z"}"#.to_owned();
        let refused = |fault: bool| if fault { r#","fault":"not_sent""# } else { "" };
        for (at, fault) in
            [(0, true), (200, true), (700, false), (900, true), (950, false), (960, true)]
        {
            let line = format!(r#"{{"type":"exchange","run":"a","at":{at}{}}}"#, refused(fault));
            text.push_str(&format!("\n{line}"));
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let outages = of(&Recording::read(file.path()).unwrap().exchanges);
        let outage = |first, end, lasts: Option<u64>| Outage {
            first,
            end,
            lasts: lasts.map(Duration::from_millis),
        };
        let wanted = [outage(0, 2, Some(250)), outage(3, 4, Some(50)), outage(5, 6, None)];
        assert_eq!(outages, wanted);
    }
}
