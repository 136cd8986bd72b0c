//! Options that take a time.

use std::time::{Duration, SystemTime};

use api::send::clock;

/// Parses a time, or how long ago it was.
///
/// # Errors
/// When it is neither.
pub fn time_or_ago(text: &str) -> Result<SystemTime, String> {
    let ago = humantime::parse_duration(text).ok().and_then(|ago| clock::now().checked_sub(ago));
    ago.or_else(|| humantime::parse_rfc3339_weak(text).ok()).ok_or_else(|| {
        format!("`{text}` is neither a time as 2026-11-23T20:00:00Z nor a duration as 90s or 2h")
    })
}

/// Clocks cannot tell what comes much later.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// Parses how long something takes: `30s`, `2m`, or a number of seconds.
///
/// # Errors
/// When it is neither.
pub fn duration(text: &str) -> Result<Duration, String> {
    let time = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => humantime::parse_duration(text)
            .map_err(|error| format!("{error}; write it as 30s or 2m"))?,
    };
    if time > LONGEST { Err(format!("`{text}` is more than ten years")) } else { Ok(time) }
}

/// A time of the service, as it stands in records.
pub fn service_time(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339_weak(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit_or_is_in_seconds() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert!(duration("soon").is_err());
        assert!(duration("18446744073709551615").is_err());
    }

    #[test]
    fn times_and_durations() {
        let day = time_or_ago("2026-11-23T20:00:00Z").unwrap();
        assert_eq!(humantime::format_rfc3339_seconds(day).to_string(), "2026-11-23T20:00:00Z");
        let ago = clock::now().duration_since(time_or_ago("2h").unwrap()).unwrap();
        assert!((7100..7300).contains(&ago.as_secs()), "{ago:?}");
        assert!(time_or_ago("yesterday").is_err());
    }
}
