//! Times as a person reads them.

use std::time::{Duration, SystemTime};

use cli::terminal::local_time;

use super::books::{Gap, Sums};

const DAY: Duration = Duration::from_secs(86_400);

/// From when to when a shift went, where the report is made.
pub fn period(total: &Sums) -> String {
    let (Some(from), Some(to)) = (total.from, total.to) else { return "without events".into() };
    let ([day, begin], [last_day, end]) =
        (local_time::date_and_time(from), local_time::date_and_time(to));
    let end_day = if day == last_day { String::new() } else { format!("{last_day} ") };
    format!("{day} {} – {end_day}{}", &begin[..5], &end[..5])
}

/// How a time is told: to a minute, and with its day where a report is of more than a day.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    has_days: bool,
}

impl Clock {
    /// For the events of a report and its gaps.
    pub fn of(total: &Sums, gaps: &[Gap]) -> Clock {
        let of_gaps = || gaps.iter().flat_map(|gap| [gap.from, gap.to]);
        let times = || of_gaps().chain(total.from).chain(total.to);
        let length = times().max().zip(times().min());
        let length = length.and_then(|(last, first)| last.duration_since(first).ok());
        Clock { has_days: length.is_some_and(|length| length >= DAY) }
    }

    /// The time of day, or the day as well.
    pub fn time(self, time: SystemTime) -> String {
        let [day, time] = local_time::date_and_time(time);
        let time = time.get(..5).unwrap_or_default();
        match day.get(5..) {
            Some(day) if self.has_days => format!("{day} {time}"),
            _ => time.to_owned(),
        }
    }
}

/// A time in words.
pub fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    let words = |number: u64, unit: &str| match number {
        1 => format!("1 {unit}"),
        number => format!("{number} {unit}s"),
    };
    match seconds {
        0 => words(0, "second"),
        _ if seconds.is_multiple_of(86_400) => words(seconds / 86_400, "day"),
        _ if seconds.is_multiple_of(3600) => words(seconds / 3600, "hour"),
        _ if seconds.is_multiple_of(60) => words(seconds / 60, "minute"),
        _ => humantime::format_duration(Duration::from_secs(seconds)).to_string(),
    }
}

/// How long a gap was.
pub fn minutes(gap: Gap) -> String {
    format!("{} min", gap.length().as_secs() / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_words() {
        let spoken = |seconds| spoken(Duration::from_secs(seconds));
        assert_eq!(
            (spoken(600), spoken(3600), spoken(172_800)),
            ("10 minutes".into(), "1 hour".into(), "2 days".into())
        );
        assert_eq!(spoken(90), "1m 30s");
    }

    #[test]
    fn of_more_than_a_day_the_day_is_told() {
        let at = |hour: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(hour * 3600);
        let total = |hours| {
            let mut total = Sums::default();
            (total.from, total.to) = (Some(at(0)), Some(at(hours)));
            total
        };
        let length = |sums: &Sums, gaps: &[Gap]| Clock::of(sums, gaps).time(at(5)).len();
        assert_eq!(length(&total(23), &[]), "05:00".len());
        assert_eq!(length(&total(24), &[]), "01-01 05:00".len());
        let gap = Gap { from: at(23), to: at(30) };
        assert_eq!(length(&total(23), &[gap]), "01-01 05:00".len());
        assert_eq!(length(&Sums::default(), &[]), "05:00".len());
    }
}
