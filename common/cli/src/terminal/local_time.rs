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
