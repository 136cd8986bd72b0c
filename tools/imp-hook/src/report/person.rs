//! A report as a person reads it at a terminal: figures, and a bar for each fixture, hour or group.

use std::time::{Duration, SystemTime};

use cli::Page;
use cli::terminal::{local_time, stdout};

use super::books::{Books, By, Gap, Sums};

/// What stands beside a name and a bar: four numbers, and what is between the columns.
const BESIDE: usize = 2 + 7 + 7 + 8 + 7 + 5 * 2;
const NARROWEST: usize = 12;
const WIDEST: usize = 60;
/// Gaps that are shown, the longest first.
const GAPS: usize = 10;
/// Parts of a full block, an eighth each.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The page.
pub fn page(books: &Books, by: By, gap: Duration) -> Page {
    let total = books.total();
    let mut page = Page::new("Shift", &period(&total));
    page.field("blessed", total.blessed.to_string());
    page.field("activated", count(Some(total.activated).filter(|number| *number > 0)));
    page.field("doubled", total.doubled.to_string());
    page.field("rejected", count(total.rejected));
    page.field("missing", count(total.missing));
    page.field("not expected", count(total.unexpected));
    page.field("first-pass yield", yield_of(&total));
    page.field("an hour", rate(&total));
    if books.repeated_calls() > 0 {
        page.field("delivered again", format!("{} calls", books.repeated_calls()));
    }
    let parts = books.parts(by);
    page.section(match by {
        By::Fixture => "By fixture",
        By::Hour => "By hour",
        By::Group => "By device group",
    });
    table(&mut page, &parts, by);
    gaps(&mut page, books.gaps(gap), gap);
    page
}

/// A line for each part, with a bar as long as the screen leaves room for.
fn table(page: &mut Page, parts: &[Sums], by: By) {
    let Some(most) = parts.iter().map(|sums| sums.blessed).max() else { return };
    let room = stdout::width().unwrap_or(80);
    let most_of_name = room.saturating_sub(BESIDE + NARROWEST);
    let short = |sums| shortened(name(sums, by), most_of_name);
    let names: Vec<String> = parts.iter().map(short).collect();
    let longest = names.iter().map(|name| columns(name)).max().unwrap_or(0);
    let knows_rejected = parts.iter().any(|sums| sums.rejected.is_some());
    let width = room.saturating_sub(BESIDE + longest).clamp(NARROWEST, WIDEST);
    let mut line = |cells: [String; 5], bar: String| {
        let [name, blessed, doubled, rejected, percent] = cells;
        let mut parts = vec![name, format!("{blessed:>7}"), format!("{doubled:>7}")];
        parts.extend(knows_rejected.then(|| format!("{rejected:>8}")));
        parts.extend([format!("{percent:>7}"), bar]);
        page.line(parts);
    };
    let titles = ["", "blessed", "doubled", "rejected", "yield"];
    line(titles.map(str::to_owned), String::new());
    for (name, sums) in names.into_iter().zip(parts) {
        let (blessed, doubled) = (sums.blessed.to_string(), sums.doubled.to_string());
        let bar = bar(sums.blessed, most, width);
        line([name, blessed, doubled, count(sums.rejected), percent(sums)], bar);
    }
}

/// A name that leaves room for the rest.
fn shortened(name: String, most: usize) -> String {
    if columns(&name) <= most {
        return name;
    }
    let mut short = String::new();
    for character in name.chars() {
        if columns(&short) + 3 > most {
            break;
        }
        short.push(character);
    }
    short + "…"
}

/// How many columns of a screen a text takes, at most.
fn columns(text: &str) -> usize {
    text.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum()
}

fn gaps(page: &mut Page, mut gaps: Vec<Gap>, limit: Duration) {
    let number = gaps.len();
    page.section(format!("Gaps longer than {}", spoken(limit)));
    gaps.sort_by_key(|gap| std::cmp::Reverse(gap.length()));
    for gap in gaps.iter().take(GAPS) {
        let times = format!("{} – {}", clock_time(gap.from), clock_time(gap.to));
        page.line(vec![times, minutes(*gap)]);
    }
    if number > GAPS {
        page.line(vec![format!("and {} shorter ones", number - GAPS)]);
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

/// From when to when a shift went, where the report is made.
pub fn period(total: &Sums) -> String {
    let (Some(from), Some(to)) = (total.from, total.to) else { return "without events".into() };
    let ([day, begin], [last_day, end]) =
        (local_time::date_and_time(from), local_time::date_and_time(to));
    let end_day = if day == last_day { String::new() } else { format!("{last_day} ") };
    format!("{day} {} – {end_day}{}", &begin[..5], &end[..5])
}

/// The time of day, to a minute.
pub fn clock_time(time: SystemTime) -> String {
    let [_, time] = local_time::date_and_time(time);
    time.get(..5).unwrap_or_default().to_owned()
}

/// The name of a part.
pub fn name(sums: &Sums, by: By) -> String {
    match (&sums.name, by) {
        (Some(hour), By::Hour) => cli::service_time(hour).map(clock_time).unwrap_or_default(),
        (Some(name), _) => name.clone(),
        (None, _) => "not known".into(),
    }
}

/// A number, or nothing when it is not known.
pub fn count(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// The share that was blessed the first time.
pub fn percent(sums: &Sums) -> String {
    sums.first_pass_yield().map(|share| format!("{:.1} %", share * 100.0)).unwrap_or_default()
}

/// The yield of all; without the rejected ones it may be lower.
pub fn yield_of(total: &Sums) -> String {
    let percent = percent(total);
    let is_bound = total.rejected.is_none() && !percent.is_empty();
    if is_bound { format!("{percent} at most") } else { percent }
}

/// Devices an hour.
pub fn rate(sums: &Sums) -> String {
    sums.an_hour().map(|rate| format!("{rate:.1}")).unwrap_or_default()
}

/// A bar as long as `number` is beside `most`, which takes `width` columns.
fn bar(number: u64, most: u64, width: usize) -> String {
    if most == 0 {
        return String::new();
    }
    let eighths = (number as f64 / most as f64 * (width * 8) as f64).round() as usize;
    // What is there is seen.
    let eighths = if number > 0 { eighths.max(1) } else { 0 };
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leaves_room_and_a_time_is_in_words() {
        assert_eq!(shortened("Fixture 12".into(), 10), "Fixture 12");
        assert_eq!(shortened("Fixture 123".into(), 10), "Fixture …");
        let spoken = |seconds| spoken(Duration::from_secs(seconds));
        assert_eq!(
            (spoken(600), spoken(3600), spoken(172_800)),
            ("10 minutes".into(), "1 hour".into(), "2 days".into())
        );
        assert_eq!(spoken(90), "1m 30s");
    }

    #[test]
    fn a_bar_is_as_long_as_its_number() {
        assert_eq!(bar(10, 10, 4), "████");
        assert_eq!(bar(5, 10, 5), "██▌");
        assert_eq!(bar(1, 1000, 10), "▏");
        assert_eq!(bar(0, 10, 10), "");
        assert_eq!(bar(0, 0, 10), "");
    }
}
