//! A report as one page for a browser: no file beside it, no script, nothing that is loaded.
//!
//! Careful about text of others: names of fixtures and groups come from calls and lists, and stand in the page as text
//! only. Charts are SVG without letters, which stand beside them as text: so they can be read on a phone, whose
//! screen makes a chart small. What may be long is cut to what one sheet of A4 has room for.

mod charts;

use std::time::Duration;

use super::books::{Books, By, Gap, Sums};
use super::person::{count, name, percent, rate, yield_of, yield_title};
use super::times::{Clock, minutes, period, spoken};

/// Fixtures or groups that are shown, those with the lowest yield first.
const PARTS: usize = 12;
/// Gaps that are listed, the longest first.
const GAPS: usize = 8;

/// The page.
pub fn page(books: &Books, gap: Duration) -> String {
    let total = books.total();
    let blessings = books.blessings();
    let gaps = books.gaps(gap);
    let clock = Clock::of(&total, &gaps);
    let period = escaped(&period(&total));
    let mut body = format!("<header><h1>Shift report</h1><p>{period}</p></header>\n");
    body.push_str(&figures(&total));
    body.push_str(&charts::rate(&blessings, clock));
    body.push_str(&yields(books, clock));
    body.push_str(&gap_section(&gaps, &blessings, gap, clock));
    body.push_str(&notes(books, &total));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>Shift report {period}</title>\n\
         <style>\n{}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        include_str!("html/page.css")
    )
}

/// The figures of the whole, those that are known.
fn figures(total: &Sums) -> String {
    let activated = (total.activated > 0).then_some(total.activated);
    let figures = [
        ("blessed", total.blessed.to_string()),
        ("first-pass yield", yield_of(total)),
        ("an hour", rate(total)),
        ("rejected", count(total.rejected)),
        ("doubled", total.doubled.to_string()),
        ("missing", count(total.missing)),
        ("not expected", count(total.unexpected)),
        ("activated", count(activated)),
    ];
    let figure = |(label, value): &(&str, String)| {
        let (number, rest) = value
            .split_once(" at most")
            .map_or((value.as_str(), ""), |(number, _)| (number, "<small>at most</small>"));
        format!("<div><dd>{number}{rest}</dd><dt>{label}</dt></div>\n")
    };
    let known = figures.iter().filter(|(_, value)| !value.is_empty());
    format!("<dl>\n{}</dl>\n", known.map(figure).collect::<String>())
}

/// A bar for each fixture; for each group where no fixture is known.
fn yields(books: &Books, clock: Clock) -> String {
    let (by, title) = match books.knows_fixtures() {
        true => (By::Fixture, "First-pass yield by fixture"),
        false => (By::Group, "First-pass yield by device group"),
    };
    let mut parts = books.parts(by);
    parts.retain(|sums| sums.first_pass_yield().is_some());
    let of = |sums: &Sums| sums.first_pass_yield().unwrap_or(1.0);
    // What belongs to no fixture that is known says nothing of one.
    parts.sort_by(|one, other| {
        one.name.is_none().cmp(&other.name.is_none()).then(of(one).total_cmp(&of(other)))
    });
    let title_of_yield = yield_title(&parts);
    let rows: String = parts
        .iter()
        .take(PARTS)
        .map(|sums| {
            let rejected = sums.rejected.map_or("–".to_owned(), |number| number.to_string());
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"bar\">{}</td><td>{}</td><td>{}</td>\
                 <td>{}</td><td>{rejected}</td></tr>\n",
                escaped(&name(sums, by, clock)),
                charts::share(of(sums)),
                percent(sums),
                sums.blessed,
                sums.doubled
            )
        })
        .collect();
    let others = match parts.len().saturating_sub(PARTS) {
        0 => String::new(),
        number => format!("<p>{number} more, none with a lower yield.</p>\n"),
    };
    format!(
        "<section><h2>{title}</h2>\n<table><thead><tr><th></th><th></th><th>{title_of_yield}</th>\
         <th>blessed</th><th>doubled</th><th>rejected</th></tr></thead>\n<tbody>\n{rows}</tbody></table>\n\
         {others}</section>\n"
    )
}

fn gap_section(
    gaps: &[Gap],
    blessings: &[std::time::SystemTime],
    limit: Duration,
    clock: Clock,
) -> String {
    let title = format!("Longer than {} without a blessing", spoken(limit));
    if gaps.is_empty() {
        return format!("<section><h2>{title}</h2>\n<p>Never.</p></section>\n");
    }
    let mut longest = gaps.to_vec();
    longest.sort_by_key(|gap| std::cmp::Reverse(gap.length()));
    let item = |gap: &Gap| {
        format!(
            "<li>{} – {} <b>{}</b></li>\n",
            clock.time(gap.from),
            clock.time(gap.to),
            minutes(*gap)
        )
    };
    let items: String = longest.iter().take(GAPS).map(item).collect();
    let all: Duration = gaps.iter().map(|gap| gap.length()).sum();
    let others = match gaps.len().saturating_sub(GAPS) {
        0 => String::new(),
        number => format!(" {number} shorter ones are not listed."),
    };
    format!(
        "<section><h2>{title}</h2>\n{}<ol>\n{items}</ol>\n<p>Together {} min.{others}</p></section>\n",
        charts::gaps(gaps, blessings, clock),
        all.as_secs() / 60
    )
}

/// What the figures cannot tell.
fn notes(books: &Books, total: &Sums) -> String {
    let mut notes =
        vec!["A test that was repeated until the device was blessed leaves one blessing."];
    if total.rejected.is_none() {
        notes.push("Which devices were rejected, the journal does not show.");
    }
    let again = match books.repeated_calls() {
        1 => "1 call was delivered again.".to_owned(),
        calls => format!("{calls} calls were delivered again."),
    };
    if books.repeated_calls() > 0 {
        notes.push(&again);
    }
    format!("<footer><p>{}</p></footer>\n", notes.join(" "))
}

/// Text as it stands in a page.
fn escaped(text: &str) -> String {
    let mut page = String::with_capacity(text.len());
    for character in model::text::one_line(text).chars() {
        match character {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            other => page.push(other),
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::books::{Call, Happened, Period};
    use super::*;

    fn shift(fixture: &str) -> String {
        let mut books = Books::new(Period::default(), |time| time);
        for minute in [0, 1, 2, 30] {
            books.add(Call {
                id: minute.to_string(),
                device: minute.to_string(),
                at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + minute * 60),
                happened: Happened::Blessed,
                group: None,
                fixture: Some(fixture.to_owned()),
                hook: None,
                is_repeat: false,
            });
        }
        page(&books, Duration::from_secs(600))
    }

    #[test]
    fn text_of_others_stays_text() {
        let page = shift("<script>alert('x')</script>&\"");
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)"), "{page}");
    }

    #[test]
    fn nothing_is_loaded() {
        let page = shift("F1");
        for outside in ["http:", "https:", "src=", "url(", "@import", "<script"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("<b>28 min</b>"), "{page}");
    }

    #[test]
    fn a_shift_without_events_is_a_page_too() {
        let books = Books::new(Period::default(), |time| time);
        let page = page(&books, Duration::from_secs(600));
        assert!(page.contains("without events") && page.contains("Never."), "{page}");
    }
}
