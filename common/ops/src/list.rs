//! Reading verbs that list: each record is printed when its page has come.

mod sorted;

use model::{Record, ResourceKind};
use std::ops::ControlFlow;

use api::list::{self, Reading};
use api::{SeenIds, devices};

use cli::CommandError;
use cli::Session;
use cli::consent::count;
use cli::{Exit, Result, terminal::progress, terminal::stderr};

/// A list to print: several requests whose records are united, each once.
pub struct Query<'a> {
    /// The path: `/devices`.
    pub path: &'a str,
    /// The filters of each request. No request, no records.
    pub filters: Vec<Vec<(String, String)>>,
    /// Records to print, at most.
    pub limit: Option<u64>,
    /// What the service cannot filter by itself.
    pub keep: &'a dyn Fn(&Record) -> bool,
    /// The field to sort by, behind `-` for the greatest first. Everything is read before the first record
    /// is printed then.
    pub sort: Option<&'a str>,
    /// Fields that are not printed, because not every service has them in its lists.
    pub without: &'static [&'static str],
}

impl<'a> Query<'a> {
    /// The whole list of `path`.
    pub fn all(path: &'a str) -> Self {
        Query {
            path,
            filters: vec![Vec::new()],
            limit: None,
            keep: &|_| true,
            sort: None,
            without: &[],
        }
    }

    /// Filters by `name` for one of `values`: the service takes one value a request, so the requests
    /// multiply. `None` is no filter. No values are a filter that nothing passes: what was to come from
    /// stdin did not come, and then everything would be far from what was meant.
    #[must_use]
    pub fn one_of(mut self, name: &str, values: Option<Vec<String>>) -> Self {
        if let Some(values) = values {
            let with = |filters: &Vec<(String, String)>, value: &String| {
                let mut filters = filters.clone();
                filters.push((format!("filter[{name}]"), value.clone()));
                filters
            };
            let multiplied = self
                .filters
                .iter()
                .flat_map(|filters| values.iter().map(move |value| with(filters, value)));
            self.filters = multiplied.collect();
        }
        self
    }
}

/// Prints the list. Ends quietly when nobody reads any more.
///
/// # Errors
/// Whatever ended the list; the pages before have been printed.
pub fn list(session: &Session, query: &Query<'_>) -> Result {
    let listed = ResourceKind::ALL
        .into_iter()
        .find(|target| query.path.ends_with(&format!("/{}s", target.reference())));
    if let Some(target) = listed {
        session.output.expect(target);
    }
    let noun = listed.map_or("record", ResourceKind::noun);
    let printed = match query.sort {
        Some(field) => sorted::print(session, query, field, noun),
        None => print(session, query, noun),
    };
    let finished = session.output.finish();
    progress::end();
    let printed = printed?;
    if printed == 0 && session.output.is_read() && !session.is_stopped() {
        stderr::hint(&format!("no {noun} found: the list is empty"));
    }
    if session.common.verbose {
        let requests = count(session.client.requests_sent(), "request");
        stderr::say(&format!("{}, {requests}", count(printed, "record")));
    }
    finished.map(|()| Exit::Done)
}

/// Prints records as they come; gives their number.
fn print(
    session: &Session,
    query: &Query<'_>,
    noun: &'static str,
) -> std::result::Result<u64, CommandError> {
    let mut failed = None;
    let mut printed = 0u64;
    let ended = read(session, query, |mut record| {
        record.retain(|name| !query.without.contains(&name));
        if query.limit.is_some_and(|limit| printed >= limit) {
            return ControlFlow::Break(());
        }
        printed += 1;
        progress::count(printed, 0, noun);
        if let Err(error) = session.output.print(&record) {
            failed = Some(error);
            return ControlFlow::Break(());
        }
        if query.limit == Some(printed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let _all_or_not = ended?;
    failed.map_or(Ok(printed), Err)
}

/// Gives the records of a list to `each`.
///
/// # Errors
/// Whatever ended the list.
pub fn read(
    session: &Session,
    query: &Query<'_>,
    mut each: impl FnMut(Record) -> ControlFlow<()>,
) -> std::result::Result<ControlFlow<()>, api::Error> {
    let wanted = || {
        session.learn_account();
        // What has come so far goes out before the next request, and shows whether anybody reads.
        session.output.flush().is_ok() && session.output.is_read()
    };
    let reading = Reading {
        jobs: usize::from(session.common.jobs),
        wanted: &wanted,
        likely: None,
        only: None,
        whole: true,
    };
    let mut seen = SeenIds::default();
    let mut names = session.names_of_list(query.path);
    for filters in &query.filters {
        let each = |record: Record| {
            if let Some(names) = &mut names {
                names.note(&record);
            }
            if (query.keep)(&record) { each(record) } else { ControlFlow::Continue(()) }
        };
        let ended = if query.path == ResourceKind::Device.path() {
            devices::list(&session.client, filters, &reading, &mut seen, each)?
        } else {
            list::list(&session.client, query.path, filters, &reading, &mut seen, each)?
        };
        if ended.is_break() {
            names.into_iter().for_each(|names| names.keep(false));
            return Ok(ended);
        }
    }
    let is_whole = query.filters.iter().any(Vec::is_empty);
    names.into_iter().for_each(|names| names.keep(is_whole));
    Ok(ControlFlow::Continue(()))
}
