//! A report as a person reads it at a terminal: figures, and a bar for each fixture, hour or group.

use std::time::Duration;

use cli::Page;
use cli::terminal::stdout;

use super::books::{Books, By, Gap, Sums};
use super::times::{Clock, minutes, period, spoken};

/// What stands beside a name and a bar: four numbers, and what is between the columns.
const BESIDE: usize = 2 + 7 + 7 + 8 + 7 + 5 * 2;
const NARROWEST: usize = 12;
const WIDEST: usize = 60;
/// Gaps that are shown, the longest first.
const GAPS: usize = 10;
/// Parts of a full block, an eighth each.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The page.
pub fn page(books: &Books, by: By, gap_limit: Duration) -> Page {
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
        page.field("delivered again", cli::consent::count(books.repeated_calls(), "call"));
    }
    let parts = books.parts(by);
    let gaps = books.gaps(gap_limit);
    let clock = Clock::of(&total, &gaps);
    page.section(match by {
        By::Fixture => "By fixture",
        By::Hour => "By hour",
        By::Group => "By device group",
    });
    table(&mut page, &parts, by, clock);
    gap_lines(&mut page, gaps, gap_limit, clock);
    page
}

/// A line for each part, with a bar as long as the screen leaves room for.
fn table(page: &mut Page, parts: &[Sums], by: By, clock: Clock) {
    let Some(most) = parts.iter().map(|sums| sums.blessed).max() else { return };
    let room = stdout::width().unwrap_or(80);
    let most_of_name = room.saturating_sub(BESIDE + NARROWEST);
    let short = |sums| shortened(name(sums, by, clock), most_of_name);
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
    let titles = ["", "blessed", "doubled", "rejected", yield_title(parts)];
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

fn gap_lines(page: &mut Page, mut gaps: Vec<Gap>, limit: Duration, clock: Clock) {
    let number = gaps.len();
    page.section(format!("Gaps longer than {}", spoken(limit)));
    gaps.sort_by_key(|gap| std::cmp::Reverse(gap.length()));
    for gap in gaps.iter().take(GAPS) {
        let times = format!("{} – {}", clock.time(gap.from), clock.time(gap.to));
        page.line(vec![times, minutes(*gap)]);
    }
    if number > GAPS {
        page.line(vec![format!("and {} shorter ones", number - GAPS)]);
    }
}

/// The name of a part.
pub fn name(sums: &Sums, by: By, clock: Clock) -> String {
    match (&sums.name, by) {
        (Some(hour), By::Hour) => {
            cli::service_time(hour).map(|hour| clock.time(hour)).unwrap_or_default()
        }
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

/// What stands above the yields of lines.
pub fn yield_title(parts: &[Sums]) -> &'static str {
    if parts.iter().any(|sums| sums.rejected.is_none()) { "at most" } else { "yield" }
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
    fn a_name_leaves_room() {
        assert_eq!(shortened("Fixture 12".into(), 10), "Fixture 12");
        assert_eq!(shortened("Fixture 123".into(), 10), "Fixture …");
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
