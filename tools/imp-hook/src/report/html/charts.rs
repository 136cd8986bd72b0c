//! The charts of the page, as SVG without letters.

use std::time::{Duration, SystemTime};

use cli::terminal::local_time;

use crate::report::books::Gap;
use crate::report::times::{Clock, spoken};

const MINUTE: u64 = 60;
/// How long a bar of the rate may be, in seconds.
const STEPS: [u64; 9] = [
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    60 * MINUTE,
    2 * 60 * MINUTE,
    6 * 60 * MINUTE,
    24 * 60 * MINUTE,
    7 * 24 * 60 * MINUTE,
];
/// Bars of the rate, at most; with more a phone shows none of them.
const MOST_BARS: u64 = 48;
/// How wide and high the charts count inside.
const WIDE: f64 = 1000.0;
const HIGH: f64 = 100.0;

/// How many were blessed over the time.
pub fn rate(blessings: &[SystemTime], clock: Clock) -> String {
    let (Some(first), Some(last)) = (blessings.first(), blessings.last()) else {
        return String::new();
    };
    let begin = local_time::hour(*first);
    let length = last.duration_since(begin).unwrap_or_default().as_secs();
    let step = STEPS.into_iter().find(|step| length / step < MOST_BARS).unwrap_or(length + 1);
    let mut counts = vec![0_u64; (length / step + 1) as usize];
    for time in blessings {
        let since = time.duration_since(begin).unwrap_or_default().as_secs();
        if let Some(count) = counts.get_mut((since / step) as usize) {
            *count += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let bars: String = (0_u64..).zip(&counts).map(|(place, count)| {
        let (from, to) = (begin + Duration::from_secs(place * step), begin + Duration::from_secs((place + 1) * step));
        let width = WIDE / counts.len() as f64;
        let height = *count as f64 / most.max(1) as f64 * HIGH;
        format!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{} – {}: {count}</title></rect>\n",
            place as f64 * width + width * 0.08,
            HIGH - height,
            width * 0.84,
            clock.time(from),
            clock.time(to)
        )
    }).collect();
    let end = begin + Duration::from_secs(counts.len() as u64 * step);
    format!(
        "<section><h2>Blessed per {}</h2>\n<div class=\"rate\"><span class=\"most\">{most}</span>\n{}</div>\n{}</section>\n",
        spoken(Duration::from_secs(step)),
        svg("How many were blessed over the time", &bars),
        axis(begin, end, clock)
    )
}

/// A share, as a bar.
pub fn share(share: f64) -> String {
    let width = share.clamp(0.0, 1.0) * WIDE;
    svg(
        &format!("{:.1} percent", share * 100.0),
        &format!(
            "<rect class=\"all\" width=\"{WIDE}\" height=\"{HIGH}\"/><rect width=\"{width:.1}\" height=\"{HIGH}\"/>"
        ),
    )
}

/// When there were gaps.
pub fn gaps(gaps: &[Gap], blessings: &[SystemTime], clock: Clock) -> String {
    let times = || blessings.iter().copied().chain(gaps.iter().flat_map(|gap| [gap.from, gap.to]));
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return String::new();
    };
    let seconds = |time: &SystemTime| time.duration_since(first).unwrap_or_default().as_secs_f64();
    let all = seconds(&last).max(1.0);
    let place = |time: &SystemTime| seconds(time) / all * WIDE;
    let bar = |gap: &Gap| {
        format!(
            "<rect class=\"gap\" x=\"{:.1}\" width=\"{:.1}\" height=\"{HIGH}\"><title>{} – {}</title></rect>",
            place(&gap.from),
            place(&gap.to) - place(&gap.from),
            clock.time(gap.from),
            clock.time(gap.to)
        )
    };
    let bars: String = gaps.iter().map(bar).collect();
    let work = format!("<rect width=\"{WIDE}\" height=\"{HIGH}\"/>");
    format!(
        "<div class=\"strip\">{}</div>\n{}",
        svg("When nothing was blessed", &format!("{work}{bars}")),
        axis(first, last, clock)
    )
}

/// Three times below a chart.
fn axis(begin: SystemTime, end: SystemTime, clock: Clock) -> String {
    let middle = begin + end.duration_since(begin).unwrap_or_default() / 2;
    let [begin, middle, end] = [begin, middle, end].map(|time| clock.time(time));
    format!("<p class=\"axis\"><span>{begin}</span><span>{middle}</span><span>{end}</span></p>\n")
}

fn svg(about: &str, inside: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDE} {HIGH}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{about}\">\n{inside}</svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::books::Sums;

    fn clock() -> Clock {
        Clock::of(&Sums::default(), &[])
    }

    fn at(minute: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + minute * 60)
    }

    #[test]
    fn a_long_shift_has_longer_bars_and_not_more_of_them() {
        for (minutes, of) in [
            (30, "5 minutes"),
            (7 * 60, "10 minutes"),
            (20 * 60, "30 minutes"),
            (40 * 24 * 60, "1 day"),
        ] {
            let chart = rate(&[at(0), at(minutes)], clock());
            assert!(chart.contains(&format!("Blessed per {of}<")), "{minutes}: {chart}");
            let bars = chart.matches("<rect").count() as u64;
            assert!((1..=MOST_BARS + 1).contains(&bars), "{bars}");
        }
        assert_eq!(rate(&[], clock()), "");
    }

    #[test]
    fn bars_stay_inside_their_chart() {
        let chart =
            rate(&(0..500).map(|minute| at(minute * minute / 500)).collect::<Vec<_>>(), clock());
        for part in chart.split("height=\"").skip(1) {
            let height: f64 = part.split('"').next().unwrap().parse().unwrap();
            assert!((0.0..=HIGH).contains(&height), "{height}");
        }
        let gap = Gap { from: at(10), to: at(40) };
        let strip = gaps(&[gap], &[at(0), at(10), at(40)], clock());
        assert!(strip.contains("x=\"250.0\" width=\"750.0\""), "{strip}");
        let before = Gap { from: at(0), to: at(10) };
        let strip = gaps(&[before], &[at(10), at(40)], clock());
        assert!(strip.contains("x=\"0.0\" width=\"250.0\""), "{strip}");
        assert!(share(1.5).contains("width=\"1000.0\""));
    }
}
