//! The time where the terminal is. It is for people at a terminal only: records have times as the service
//! gives them.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Date and time of day in the time zone of `TZ`, or else of this machine.
pub fn date_and_time(time: SystemTime) -> [String; 2] {
    let Ok(time) = Timestamp::try_from(time) else { return Default::default() };
    let here = time.to_zoned(TimeZone::system());
    ["%Y-%m-%d", "%H:%M:%S"].map(|format| here.strftime(format).to_string())
}
