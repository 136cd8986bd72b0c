//! The time where the terminal is. It is for people at a terminal only: records have times as the service
//! gives them.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Minutes since midnight in the same time zone.
pub fn minute_of_day(time: SystemTime) -> u16 {
    let Ok(time) = Timestamp::try_from(time) else { return 0 };
    let here = time.to_zoned(TimeZone::system());
    let [hour, minute] = [here.hour(), here.minute()].map(i8::unsigned_abs).map(u16::from);
    hour * 60 + minute
}

/// Date and time of day in the time zone of `TZ`, or else of this machine.
pub fn date_and_time(time: SystemTime) -> [String; 2] {
    let Ok(time) = Timestamp::try_from(time) else { return Default::default() };
    let here = time.to_zoned(TimeZone::system());
    ["%Y-%m-%d", "%H:%M:%S"].map(|format| here.strftime(format).to_string())
}

/// When the hour of the clock begins that a time is in.
pub fn hour(time: SystemTime) -> SystemTime {
    let Ok(time) = Timestamp::try_from(time) else { return time };
    let here = time.to_zoned(TimeZone::system());
    let into = i64::from(here.minute()) * 60 + i64::from(here.second());
    let begin = time.as_second() - into;
    Timestamp::from_second(begin).map_or(time.into(), SystemTime::from)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_hour_begins_when_the_clock_says_so() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_003_599);
        let begin = hour(time);
        let [day, of_day] = date_and_time(begin);
        assert_eq!((&day, &of_day[2..]), (&date_and_time(time)[0], ":00:00"));
        assert!(time.duration_since(begin).unwrap() < Duration::from_secs(3600));
        assert_eq!(hour(begin), begin);
    }
}
