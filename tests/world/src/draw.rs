//! Commands and their input, drawn at random: what is typed, and what each row of it wants.

mod fields;
mod groups;
mod things;

use serde_json::{Value, json};

use crate::machine::{Command, Machine};
use crate::random::Random;
use crate::state::State;

/// What a row wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// Nothing that could be done: it has to fail.
    Nothing,
    /// A field of the thing is this.
    Field(&'static str, Value),
    /// That it is restarted, which does not show.
    Restart,
    /// That it is not there.
    Gone,
    /// A new thing in this collection with these fields.
    New(&'static str, Vec<(&'static str, Value)>),
}

/// A row of input.
#[derive(Clone, Debug)]
pub struct Row {
    /// As it is given.
    pub line: String,
    /// The thing that it is about, if there is one.
    pub thing: Option<String>,
    /// What it wants of it.
    pub want: Want,
}

/// A command that was drawn.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// What is typed.
    pub command: Command,
    /// Its input.
    pub rows: Vec<Row>,
    /// Its verb, as `device assign`.
    pub verb: &'static str,
    /// What it may change besides the things of its rows: beginnings of keys.
    pub also: Vec<String>,
    /// Undone, everything is as before.
    pub is_reversible: bool,
    /// Which command of the seed it is.
    pub number: usize,
}

/// The verbs that are drawn, some more often than others.
const VERBS: [&str; 23] = [
    "device assign",
    "device assign",
    "device assign",
    "device unassign",
    "device unassign",
    "device update",
    "device update",
    "device restart",
    "device remove",
    "dg create",
    "dg update",
    "dg delete",
    "dg restart",
    "product create",
    "product update",
    "product delete",
    "build deploy",
    "build copy",
    "build update",
    "build delete",
    "hook create",
    "hook update",
    "hook delete",
];

/// What is drawn besides by seeds that are [wide](crate::case::is_wide): other fields of things.
const MORE_VERBS: [&str; 10] = [
    "dg factory create",
    "dg target",
    "dg minimum",
    "dg rename",
    "dg variables",
    "product rename",
    "build flag",
    "build tag",
    "hook form",
    "device unbless",
];

/// Draws one command with its input.
pub fn draw(
    machine: &Machine,
    random: &mut Random,
    state: &State,
    number: usize,
    is_wide: bool,
) -> Drawn {
    let mut verb = match is_wide && random.percent(30) {
        true => *random.one_of(&MORE_VERBS),
        false => *random.one_of(&VERBS),
    };
    let lacks = |collection| state.ids(collection).is_empty();
    if (verb == "device assign" || (verb.starts_with("dg") && verb.ends_with("create")))
        && lacks("products")
    {
        verb = "product create";
    } else if verb == "device assign" && lacks("devicegroups") {
        verb = "dg create";
    }
    let mut drawing = Drawing { random, state, number };
    let (line, rows, also) = drawing.of_verb(machine, verb);
    let jobs = *drawing.random.one_of(&[1, 2, 8]);
    let rows = drawing.with_bad_rows(verb, rows);
    let line = format!(
        "{line} --jobs {jobs} --failed {} --report {}",
        machine.file(&format!("failed-{number}")),
        machine.file(&format!("report-{number}"))
    );
    let stdin: String = rows.iter().map(|row| format!("{}\n", row.line)).collect();
    let is_blessed = |row: &Row| row.thing.as_ref().is_some_and(|thing| state.is_blessed(thing));
    let is_reversible = has_a_way_back(verb) && !rows.iter().any(is_blessed);
    Drawn { command: Command::new(&line).reading(&stdin), rows, verb, also, is_reversible, number }
}

/// Whether undo brings back all that a verb has done to things that were not blessed.
fn has_a_way_back(verb: &str) -> bool {
    matches!(
        verb,
        "device assign"
            | "device unassign"
            | "device update"
            | "dg update"
            | "product update"
            | "hook create"
            | "dg create"
            | "product create"
            | "dg rename"
            | "dg variables"
            | "dg factory create"
            | "dg target"
            | "product rename"
            | "build flag"
    )
}

struct Drawing<'a> {
    random: &'a mut Random,
    state: &'a State,
    number: usize,
}

type Parts = (String, Vec<Row>, Vec<String>);

impl Drawing<'_> {
    fn of_verb(&mut self, machine: &Machine, verb: &'static str) -> Parts {
        let line = format!("imp-{verb}");
        match verb {
            "device assign" => self.assign(&line),
            "device unassign" => {
                let batch = self.random.one_of(&["3", "10", "100"]);
                let rows = self.devices(|_, _| Want::Field("devicegroup_id", Value::Null));
                (format!("{line} --batch {batch}"), rows, Vec::new())
            }
            "device update" => {
                let rows =
                    self.devices(|number, _| Want::Field("name", json!(format!("n{number}"))));
                (line, rows, Vec::new())
            }
            "device restart" => (line, self.devices(|_, _| Want::Restart), Vec::new()),
            "device remove" => {
                (format!("{line} --confirmed --force"), self.devices(|_, _| Want::Gone), Vec::new())
            }
            "dg restart" => (
                format!("{line} --confirmed"),
                self.things("devicegroups", 3, |_| Want::Restart),
                Vec::new(),
            ),
            "dg update" | "product update" | "build update" => self.descriptions(&line, verb),
            "hook update" => {
                let url = |tag| json!(format!("https://example.test/new/{tag}"));
                (line, self.things("webhooks", 3, |tag| Want::Field("url", url(tag))), Vec::new())
            }
            "dg delete" | "product delete" | "build delete" | "hook delete" => {
                self.deletions(&line, verb)
            }
            "dg create" | "product create" => self.creations(&line, verb),
            "hook create" => (line, self.hooks(), Vec::new()),
            "build deploy" | "build copy" => self.builds(machine, &line, verb),
            "dg factory create" | "dg target" | "dg minimum" => self.factory_groups(verb),
            _ => self.other_fields(machine, verb),
        }
    }

    fn assign(&mut self, line: &str) -> Parts {
        let groups = self.state.ids("devicegroups");
        let group = self.random.one_of(&groups).clone();
        let batch = *self.random.one_of(&["2", "7", "50"]);
        let stream = *self.random.one_of(&["", "", "", " --stream"]);
        let rows = self.devices(|_, _| Want::Field("devicegroup_id", json!(group)));
        (format!("{line} --dg {group} --batch {batch}{stream}"), rows, Vec::new())
    }

    /// Rows about devices, named in one way or another.
    fn devices(&mut self, want: impl Fn(u64, &str) -> Want) -> Vec<Row> {
        let ids = self.state.ids("devices");
        let most = if self.random.percent(10) { 120 } else { 25 };
        let number = self.random.between(1, most) as usize;
        let chosen = self.random.some_of(&ids, number);
        let tag = self.random.below(1000);
        chosen
            .iter()
            .enumerate()
            .map(|(at, id)| {
                let wanted = want(tag + at as u64 / 2, id);
                let mut line = json!({"id": id, "nr": at});
                if let Want::Field("name", name) = &wanted {
                    line["name"] = name.clone();
                }
                Row { line: line.to_string(), thing: Some(format!("devices/{id}")), want: wanted }
            })
            .collect()
    }

    /// Rows about things of a collection.
    fn things(&mut self, collection: &str, most: u64, want: impl Fn(u64) -> Want) -> Vec<Row> {
        let ids = self.state.ids(collection);
        let number = self.random.between(1, most) as usize;
        let tag = self.random.below(1000);
        let row = |(at, id): (usize, String)| {
            let want = want(tag + at as u64);
            let mut line = json!({"id": id});
            if let Want::Field("description", text) = &want {
                line["descr"] = text.clone();
            }
            if let Want::Field(field @ ("url" | "name"), text) = &want {
                line[field] = text.clone();
            }
            Row { line: line.to_string(), thing: Some(format!("{collection}/{id}")), want }
        };
        self.random.some_of(&ids, number).into_iter().enumerate().map(row).collect()
    }

    fn descriptions(&mut self, line: &str, verb: &str) -> Parts {
        let collection = collection_of(verb);
        let rows =
            self.things(collection, 6, |tag| Want::Field("description", json!(format!("d{tag}"))));
        (line.to_owned(), rows, Vec::new())
    }

    /// Rows that mean nothing, and rows that say the same again.
    fn with_bad_rows(&mut self, verb: &str, mut rows: Vec<Row>) -> Vec<Row> {
        if rows.is_empty() {
            rows.push(bad("{\"nr\":0}"));
        }
        for _ in 0..self.random.below(3) {
            // The first row tells what form the input has.
            let at = self.random.between(1, rows.len() as u64) as usize;
            let line = *self.random.one_of(&[
                "no JSON at all",
                "{\"nr\":1}",
                "{\"type\":\"account\",\"id\":\"00000000-0000-0000-0000-000000000001\"}",
                "[1]",
            ]);
            rows.insert(at, bad(line));
        }
        let may_be_unknown = !verb.ends_with("create") && !verb.starts_with("build");
        if may_be_unknown && self.random.percent(30) {
            rows.push(bad("{\"id\":\"40000c2a69ffff01\"}"));
        }
        let is_once = verb.ends_with("create") || verb.starts_with("device");
        if is_once && self.random.percent(20) {
            let again = self.random.one_of(&rows).clone();
            rows.push(again);
        }
        rows
    }
}

fn bad(line: &str) -> Row {
    Row { line: line.to_owned(), thing: None, want: Want::Nothing }
}

/// The collection that a verb is about.
pub fn collection_of(verb: &str) -> &'static str {
    match verb.split(' ').next().unwrap_or_default() {
        "device" => "devices",
        "dg" => "devicegroups",
        "product" => "products",
        "build" => "deployments",
        _ => "webhooks",
    }
}
