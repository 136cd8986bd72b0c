//! `imp-device history`
//!
//! Careful about pages that move, as with logs: they are counted from the newest event at the time of each
//! request (imp-service(7), section 13.1), so what came twice is printed once.

use std::cell::RefCell;
use std::time::SystemTime;

use api::{Request, logs};
use clap::Args;
use cli::Session;
use cli::rows::each_row;
use cli::rows::results::Results;
use cli::{failure, text};
use model::schema::Kind::{Text, Time};
use model::schema::{Field, RecordType};
use model::{ErrorKind, Record, ResourceKind};
use ops::logs::device_id;
use pipe::{Failure, Row};
use serde_json::Value;

/// An event.
pub static HISTORY: RecordType = RecordType {
    name: "history",
    about: "Something that happened to a device.",
    fields: &[
        Field::new("device_id", Text, "The device.").required(),
        Field::new("timestamp", Time, "When it happened.").required(),
        Field::new("event", Text, "What happened, in the words of the service.").required(),
        Field::new("owner_id", Text, "The account that the device belonged to.").or_null(),
        Field::new("actor_id", Text, "The account that has done it.").or_null(),
        Field::new("actor", Text, "The name of that account, if it may be seen.")
            .required()
            .or_null(),
    ],
};

/// Print what happened to devices: who assigned, restarted or blessed them, and when
///
/// The newest event first, one device after the other.
#[derive(Args)]
pub struct History {
    /// The devices of this device group; `-` is stdin
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP", display_order = 0)]
    dg: Vec<String>,
    /// Only events from this time on, as 2h or 7d ago
    #[arg(long, value_name = "TIME", value_parser = cli::time_or_ago)]
    since: Option<SystemTime>,
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    common: cli::Common,
}

impl History {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let mut results = Results::open(&session, self.devices.row_args(), None)?;
        session.output.expect_type("history");
        let rows = ops::members::devices_of(&session, self.devices.row_args(), &self.dg)?;
        let jobs = usize::from(self.common.jobs);
        let read = |row: &Row| self.events(&session, row);
        each_row(&session, &mut results, jobs, rows, read, |results, events, _| {
            results.tally.ok();
            let printed = events.iter().try_for_each(|event| session.output.print(event));
            if let Err(error) = printed.and_then(|()| session.output.flush_rows()) {
                results.end_run(error);
            }
            results.is_over() || session.output.is_read()
        });
        Ok(results.finish())
    }

    /// The events of a device, the newest first.
    fn events(&self, session: &Session, row: &Row) -> Result<Vec<Record>, Failure> {
        let device = row.identifier(ResourceKind::Device, &[])?;
        let asked = RefCell::new(String::new());
        let answer = session.with_device(&device, |path| {
            asked.borrow_mut().clone_from(&path);
            request(&path, 1)
        })?;
        let path = asked.into_inner();
        let mut page = logs::read(&answer.body, logs::PAGE_SIZE).map_err(failure)?;
        let mut known = logs::ReadEntries::default();
        known.take_out_of(&mut page);
        let mut events = Vec::new();
        for number in 2.. {
            events.extend(page.entries.iter().filter(|event| self.is_wanted(event)).cloned());
            let is_past = page.entries.last().is_some_and(|last| !self.is_wanted(last));
            if is_past || !page.more {
                break;
            }
            let answer = match session.send(&request(&path, number)) {
                // A page past the end is empty or 404.
                Err(failure) if failure.kind == ErrorKind::NotFound => break,
                answer => answer?,
            };
            let mut next = logs::read(&answer.body, logs::PAGE_SIZE).map_err(failure)?;
            known.take_out_of(&mut next);
            page = next;
        }
        if events.is_empty() {
            return Ok(events);
        }
        let id = device_id(session, &path)?.to_ascii_lowercase();
        Ok(events.into_iter().map(|event| with_names(session, event, &id)).collect())
    }

    fn is_wanted(&self, event: &Record) -> bool {
        let time = cli::service_time(text(event, "timestamp"));
        self.since.is_none_or(|since| time.is_some_and(|time| time >= since))
    }
}

fn request(path: &str, number: u64) -> Request {
    Request::get(format!("{path}/history"))
        .query("page[number]", number.to_string())
        .query("page[size]", logs::PAGE_SIZE.to_string())
}

/// The event with the device in front, and behind it who did it, if the account may see who that is.
fn with_names(session: &Session, event: Record, device: &str) -> Record {
    let found = session.resolver.one(ResourceKind::Account, text(&event, "actor_id")).ok();
    let names =
        found.iter().flat_map(|account| ["email", "username"].map(|name| text(account, name)));
    let actor = names.into_iter().find(|name| !name.is_empty()).map(Value::from);
    let mut record = Record::from_iter([("device_id".to_owned(), device.into())]);
    record.extend(event);
    if session.output.is_for_a_person() && actor.is_some() {
        // The ids would fill a line; who it was is said by name.
        record.retain(|name| name != "owner_id" && name != "actor_id");
    }
    record.insert("actor", actor.unwrap_or_default());
    record
}
