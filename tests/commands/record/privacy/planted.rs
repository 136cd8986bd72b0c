//! Random names and secrets, by seed, in everything that somebody can type or a service can answer: with
//! `--pseudonyms` the recording has none of them, however it is written.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use tests::{Dir, Server, Sim};

use crate::commands::record::lines;
use crate::properties::random_faults::Random;

/// Texts that are planted.
struct Garden {
    random: Random,
    planted: Vec<String>,
}

impl Garden {
    fn new(seed: u64) -> Garden {
        Garden { random: Random(seed), planted: Vec::new() }
    }

    fn letters(&mut self, count: usize, of: &str) -> String {
        let of: Vec<char> = of.chars().collect();
        (0..count).map(|_| of[self.random.below(of.len() as u64) as usize]).collect()
    }

    fn plant(&mut self, text: String) -> String {
        self.planted.push(text.clone());
        text
    }

    /// A plain word: what variables, tags and accounts may be called.
    fn word(&mut self) -> String {
        let text = "q".to_owned() + &self.letters(11, "bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ");
        self.plant(text)
    }

    /// A text with whatever people write; no quote that ends it in a shell.
    fn text(&mut self) -> String {
        let text = self.letters(5, "bcdfghjkqwxz")
            + &self.letters(4, " \"/%+ü&=?#{:@,")
            + &self.letters(6, "jkqwxz0123456789");
        self.plant(text)
    }

    /// A number that no time or status is.
    fn number(&mut self) -> String {
        let text = "8".to_owned() + &self.letters(11, "123456789");
        self.plant(text)
    }

    fn address(&mut self) -> String {
        let digits = "0c2a69".to_owned() + &self.letters(6, "0123456789abcdef");
        let pairs: Vec<&str> = (0..6).map(|at| &digits[2 * at..2 * at + 2]).collect();
        let text = pairs.join(":");
        self.plant(text)
    }
}

/// Sixty-four signs, as RFC 4648 has them.
fn base64(text: &str) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let of = |three: &[u8]| {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | *byte as usize)
            << (8 * (3 - three.len()));
        (0..=three.len())
            .map(move |at| char::from(SIGNS[bits >> (18 - 6 * at) & 63]))
            .collect::<String>()
    };
    text.as_bytes().chunks(3).map(of).collect()
}

fn escaped(text: &str) -> String {
    let sign = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02x}"),
    };
    text.bytes().map(sign).collect()
}

/// Fails if one of them is there, in whatever form.
fn assert_none(garden: &Garden, dir: &Dir, seed: u64) {
    let text = dir.read("bug.ndjson");
    let small = text.to_lowercase();
    for planted in &garden.planted {
        let quoted = Value::from(planted.as_str()).to_string();
        let twice = Value::from(&quoted[1..quoted.len() - 1]).to_string();
        let mut forms = vec![planted.clone(), escaped(planted)];
        forms.extend([&quoted, &twice].map(|text| text[1..text.len() - 1].to_owned()));
        forms.push(planted.replace(':', ""));
        for form in forms {
            let line = small.lines().find(|line| line.contains(&form.to_lowercase()));
            assert!(line.is_none(), "seed {seed}: {planted:?} as {form:?}: {line:?}");
        }
        assert!(!text.contains(&base64(planted)), "seed {seed}: {planted:?} in base64");
    }
}

/// What is typed in more than one place.
struct Typed {
    mac: String,
    product: String,
    group: String,
    other: String,
    device: String,
    note: String,
    column: String,
    variable: String,
    value: String,
    tag: String,
    fixture: String,
    serial: String,
    path: String,
    user: String,
    password: String,
}

impl Typed {
    fn new(garden: &mut Garden, mac: String) -> Typed {
        garden.planted.push(mac.clone());
        let [product, group, other, device, note, column] = [(); 6].map(|()| garden.text());
        let [variable, value, tag, fixture] = [(); 4].map(|()| garden.word());
        let [serial, path, user, password] = [(); 4].map(|()| garden.number());
        Typed {
            mac,
            product,
            group,
            other,
            device,
            note,
            column,
            variable,
            value,
            tag,
            fixture,
            serial,
            path,
            user,
            password,
        }
    }

    fn write_files(&self, garden: &mut Garden, dir: &Dir) {
        let Typed { mac, note, column, user, path, device, serial, password, fixture, .. } = self;
        let code = format!("local a = \"{}\"; // {}\n", garden.word(), garden.word());
        dir.write("code.nut", code);
        let row = json!({"mac_address": mac, column.clone(): note, "title": garden.word(),
            "state": garden.word(), "made_at": garden.word(), "created_at": garden.text(),
            "Serial": serial.parse::<u64>().expect("a number"), "amount": garden.number(),
            "nested": {garden.text(): [garden.text()]}, "type": garden.word(), "name": device,
            "webhook url": format!("https://{user}.example/{path}")});
        let other = json!({"mac": garden.address(), "status": garden.word()});
        dir.write("rows.ndjson", format!("{row}\n{other}\n"));
        let hook = format!("https://me:{password}@h.example/");
        dir.write("list.csv", format!("mac,Webhook URL,{fixture}\n{mac},{hook},{serial}\n"));
    }

    /// Commands that make things.
    fn making(&self, garden: &mut Garden) -> Vec<String> {
        let Typed { product, group, other, note, variable, value, tag, .. } = self;
        let (user, password, fixture, path) =
            (&self.user, &self.password, &self.fixture, &self.path);
        let variables = json!({variable.clone(): value, "B": garden.number()});
        let origin = garden.word();
        let url = format!("https://{user}:{password}@{fixture}.example/{path}");
        vec![
            format!("imp-product create -n '{product}' -s '{note}'"),
            format!(
                "imp-dg create -p '{product}' -n '{group}' -s '{note}' --env-variable {variable}={value}"
            ),
            format!("imp-dg info -g '{group}' --full"),
            format!("imp-dg update -g '{group}' --env-variable '{variables}' -n '{other}'"),
            format!(
                "imp-build deploy -g '{other}' -x code.nut -s '{note}' --tag {tag} --origin {origin}"
            ),
            format!("imp-hook create -g '{other}' -e blessing -m json -u {url}"),
            format!("imp-device assign -g '{other}' --input rows.ndjson"),
            format!("imp-device update -d {} -n '{}'", self.mac, self.device),
            format!("imp-auth key create -s '{note}' --pwd {password}"),
            format!(
                "imp-auth login -q --user {user}@example.com --pwd {password} --as {fixture} -e $ENDPOINT --patience 1s"
            ),
        ]
    }

    /// Commands that look at them.
    fn looking(&self, garden: &mut Garden) -> Vec<String> {
        let Typed { mac, product, other, device, column, tag, fixture, serial, .. } = self;
        let address = garden.address();
        vec![
            format!("imp-product list --fields 'id,name,{column}'"),
            format!("imp-dg list -p '{product}' -z csv"),
            format!("imp-build list --tag {tag}"),
            "imp-hook list".to_owned(),
            format!(
                "imp-device info -d '{device}' -d {serial} -d '{address}' --column '{column}=mac'"
            ),
            format!("imp-device list --dg '{other}' --name '{tag}*'"),
            format!("imp-device info --input list.csv --column '{fixture}=device'"),
            format!(
                "imp-device wait --where 'name={device}' --where agent_id={serial} --timeout 0s -d {mac} --any"
            ),
            format!("imp-device diff --expected list.csv -g '{other}'"),
            format!("imp-log get -d '{device}'"),
            format!("imp-product export -p '{product}' > account.ndjson"),
            format!("imp-auth account info {}", self.user),
        ]
    }
}

#[test]
fn nothing_that_is_typed_is_in_a_recording_with_pseudonyms() {
    for seed in 1..=4 {
        let sim = Sim::start(&["--devices", "3"]);
        let mut dir = Dir::signed_in(&sim);
        dir.set("IMP_RECORD", "bug.ndjson");
        dir.set("IMP_PSEUDONYMS", "1");
        dir.set("ENDPOINT", &sim.entry.endpoint);
        let mut garden = Garden::new(seed);
        let protected = garden.word();
        sim.groups([protected.as_str()]);
        dir.set("IMP_PROTECT", &protected);
        let mac = sim.field("mac_address")[0].clone();
        let typed = Typed::new(&mut garden, mac);
        typed.write_files(&mut garden, &dir);
        let commands = [typed.making(&mut garden), typed.looking(&mut garden)].concat();
        for command in commands {
            dir.sh(&format!("{{ {command}; }} >> out 2>&1; true")).quiet();
        }
        assert_none(&garden, &dir, seed);
        let runs = lines(&dir, "recorded_end").len();
        let out = dir.read("out");
        assert!(runs >= 20, "{runs} commands ran: {out}");
        let created = out.matches("\"outcome\":\"created\"").count();
        let deployed = out.matches("\"type\":\"deployment\"").count();
        assert!(created >= 3 && deployed >= 1, "{created} {deployed}: {out}");
        assert!(lines(&dir, "exchange").len() > 20 && lines(&dir, "recorded_row").len() >= 3);
    }
}

/// An answer with something planted in every place that a service has.
fn answers(garden: &mut Garden) -> [String; 4] {
    let [title, word, other] = [(); 3].map(|()| garden.word());
    let mut attributes = json!({"name": garden.text(), "imp_type": garden.word(), "swversion": garden.text(),
        "created_at": garden.text(), "state": garden.word(), "mac_address": garden.address(),
        "agent_id": garden.word(), "ip_address": garden.word(), "event": garden.word(), "code": garden.word(),
        "rssi": -60, "title": garden.text(), "message": garden.text(), "device_online": true,
        "agent_url": format!("https://agent.electricimp.com/{word}"), "url": format!("https://{other}.electricimp.com/x")});
    attributes[garden.word()] =
        json!({garden.word(): garden.number().parse::<u64>().expect("a number")});
    let [id, own] = [(); 2].map(|()| garden.word());
    let data = json!([{"type": "device", "id": id, "attributes": attributes,
        "relationships": {garden.word(): {"data": {"type": garden.word(), "id": own}}}},
        {"type": garden.word(), "id": garden.address(), "attributes": {}}]);
    let list = json!({"data": data, "links": {"first": format!("/v5/devices?page[{}]=1", garden.word())}, "meta": {garden.word(): garden.text()}});
    let error = json!({"errors": [{"status": garden.word(), "code": garden.word(), "title": title,
        "detail": garden.text(), "meta": [garden.text()], "id": garden.number(), garden.word(): 1}]});
    let answer = |status: &str, kind: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let (kind, reset) = (garden.word(), garden.word());
    [
        answer("200 OK", &format!("application/json; x={kind}"), &list.to_string()),
        answer(
            "404 Not Found",
            &format!("{kind}\r\nretry-after: {reset}\r\nx-ratelimit-reset: {reset}"),
            &error.to_string(),
        ),
        answer("400 Bad Request", "text/html", &format!("<html>{}</html>", garden.text())),
        answer("200 OK", "application/json", &json!([garden.text(), garden.word()]).to_string()),
    ]
}

#[test]
fn nothing_that_a_service_answers_is_in_a_recording_with_pseudonyms() {
    for seed in 1..=8 {
        let mut garden = Garden::new(seed);
        let all = answers(&mut garden);
        let next = std::sync::atomic::AtomicUsize::new(0);
        let server = Server::start(move |_| {
            all[next.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % all.len()].clone()
        });
        let mut dir = Dir::signed_in_at(&format!("{}/v5", server.origin()));
        dir.set("IMP_RECORD", "bug.ndjson");
        dir.set("IMP_PSEUDONYMS", "1");
        for command in [
            "imp-device list",
            "imp-product list",
            "imp-device info -d 40000c2a69050d62",
            "imp-hook list",
        ] {
            dir.sh(&format!("{command} --patience 0s > out 2>&1; true")).quiet();
        }
        assert_none(&garden, &dir, seed);
        let exchanges = lines(&dir, "exchange");
        let statuses: BTreeSet<u64> =
            exchanges.iter().filter_map(|it| it["status"].as_u64()).collect();
        assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [200, 400, 404], "{exchanges:?}");
    }
}

#[test]
fn the_names_of_what_our_tools_print_and_read_stay() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    let mut names = BTreeSet::new();
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
    for entry in std::fs::read_dir(schemas).expect("the schemas").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("a file");
        let Ok(schema) = serde_json::from_str::<Value>(&text) else { continue };
        let fields = schema["properties"].as_object().expect("fields");
        names.extend(fields.keys().cloned());
    }
    assert!(names.len() > 130, "{names:?}");
    let row: serde_json::Map<String, Value> =
        names.iter().map(|name| (name.clone(), Value::from(true))).collect();
    dir.write("rows.ndjson", Value::from(row).to_string());
    dir.sh("imp-device info --input rows.ndjson --record bug.ndjson --pseudonyms").code(1);
    let rows = lines(&dir, "recorded_row");
    let kept: BTreeSet<String> =
        rows[0]["row"].as_object().expect("a row").keys().cloned().collect();
    assert_eq!(kept, names);
}
