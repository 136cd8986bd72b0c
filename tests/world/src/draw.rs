//! Commands and their input, drawn at random: what is typed, and what each row of it wants.

mod fields;

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
const MORE_VERBS: [&str; 7] = [
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
    if (verb == "device assign" || verb == "dg create") && lacks("products") {
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
    let has_a_way_back = matches!(
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
            | "product rename"
            | "build flag"
    );
    let is_reversible = has_a_way_back && !rows.iter().any(is_blessed);
    Drawn { command: Command::new(&line).reading(&stdin), rows, verb, also, is_reversible, number }
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

    fn deletions(&mut self, line: &str, verb: &str) -> Parts {
        let rows = self.things(collection_of(verb), 2, |_| Want::Gone);
        let mut also = Vec::new();
        let force = if verb == "hook delete" { "" } else { " --force" };
        let mut groups: Vec<String> = Vec::new();
        for row in &rows {
            let id = row.thing.as_deref().and_then(|thing| thing.split_once('/')).map(|it| it.1);
            let id = id.unwrap_or_default();
            match verb {
                "dg delete" => groups.push(id.to_owned()),
                "product delete" => {
                    let of_product = |group: &String| {
                        self.state.get(&format!("devicegroups/{group}"))["product_id"] == id
                    };
                    groups.extend(self.state.ids("devicegroups").into_iter().filter(of_product));
                }
                // The group loses its current build.
                "build delete" => also.push("devicegroups/".to_owned()),
                _ => {}
            }
        }
        for group in groups {
            also.extend(self.state.members(&group).into_iter().map(|id| format!("devices/{id}")));
            also.push(format!("devicegroups/{group}"));
            let of_group = |key: &&String| self.state.get(key)["devicegroup_id"] == group.as_str();
            also.extend(self.state.0.keys().filter(of_group).cloned());
        }
        (format!("{line} --confirmed{force}"), rows, also)
    }

    fn creations(&mut self, line: &str, verb: &str) -> Parts {
        let products = self.state.ids("products");
        let is_group = verb == "dg create";
        let number = self.random.between(1, 5);
        let names: Vec<String> =
            (0..number).map(|at| format!("new-{}-{at}", self.number)).collect();
        let product = if is_group { self.random.one_of(&products).clone() } else { String::new() };
        let row = |name: &String| {
            let mut fields = vec![("name", json!(name))];
            if is_group {
                fields.push(("product_id", json!(product)));
            }
            let collection = if is_group { "devicegroups" } else { "products" };
            Row {
                line: json!({"name": name}).to_string(),
                thing: None,
                want: Want::New(collection, fields),
            }
        };
        let line = if is_group { format!("{line} --product {product}") } else { line.to_owned() };
        (line, names.iter().map(row).collect(), Vec::new())
    }

    fn hooks(&mut self) -> Vec<Row> {
        let groups = self.state.ids("devicegroups");
        let number = self.random.between(1, 3) as usize;
        let tag = self.number;
        let row = |(at, group): (usize, String)| {
            let url = format!("https://example.test/{tag}/{at}");
            let fields = vec![
                ("url", json!(url)),
                ("event", json!("blinkup")),
                ("devicegroup_id", json!(group)),
            ];
            Row {
                line: json!({"dg": group, "url": url, "event": "blinkup"}).to_string(),
                thing: None,
                want: Want::New("webhooks", fields),
            }
        };
        self.random.some_of(&groups, number).into_iter().enumerate().map(row).collect()
    }

    fn builds(&mut self, machine: &Machine, line: &str, verb: &str) -> Parts {
        let builds = self.state.ids("deployments");
        let mut line = line.to_owned();
        if verb == "build copy" && !builds.is_empty() {
            line += &format!(" --build {}", self.random.one_of(&builds));
        } else {
            let code = format!("local drawn = {};", self.random.below(5));
            let file = machine.write(&format!("code-{}.nut", self.number), &code);
            line = format!("imp-build deploy -x {file}");
        }
        line += *self.random.one_of(&["", "", " --if-changed"]);
        let groups = self.state.ids("devicegroups");
        let number = self.random.between(1, 3) as usize;
        let chosen = self.random.some_of(&groups, number);
        let also = chosen.iter().map(|group| format!("devicegroups/{group}")).collect();
        let row = |group: String| Row {
            line: json!({"dg": group}).to_string(),
            thing: None,
            want: Want::New("deployments", vec![("devicegroup_id", json!(group))]),
        };
        (format!("{line} --confirmed"), chosen.into_iter().map(row).collect(), also)
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
