//! What the examples of a page find when they are typed: a service, and files beside them.

use serde_json::{Value, json};
use tests::{DEVELOPMENT, Dir, Sim};

/// Where the examples of a page run.
pub struct Scene {
    pub sim: Sim,
    pub dir: Dir,
    /// Put in front of each script: stand-ins for what this machine lacks.
    pub preamble: &'static str,
    /// What is typed at the terminal, if there is one.
    pub typed: Option<&'static str>,
}

/// A login goes to the simulator, and `pass` knows the password.
const LOGIN: &str = r#"
imp-auth() {
    if [ "$1" = login ]; then shift; set -- login --endpoint "$IMPT_ENDPOINT" "$@"; fi
    command imp-auth "$@"
}
pass() { echo me-password; }
"#;

impl Scene {
    /// The scene of the page `name`.
    pub fn of(name: &str) -> Scene {
        match name {
            "imp-auth.1" => somebody_new(),
            "imp-build.1" => {
                let scene = production_line();
                scene.dir.write("oven.device.nut", "DEBUG = 1;\nserver.log(\"on\");\n");
                scene.dir.write("oven.agent.nut", "server.log(\"here\");\n");
                scene
            }
            "imp.1" | "imp-change.1" | "imp-device.1" => production_line(),
            "imp-dg.1" => Scene::with(&["--devices", "100", "--production", "10"], |sim, dir| {
                sim.product("Toasters");
                dir.write("groups.csv", "name;dg_type;descr\nBench;development;\nBurn-in;;48 h\n");
            }),
            "imp-hook.1" => line_with_refused_calls(),
            "imp-log.1" => {
                let scene = production_line();
                let device = &scene.dir.sh("imp-device list --dg Bench --limit 1").field("id")[0];
                scene.dir.sh(&format!("imp-device update -d {device} --name oven-7")).ok();
                scene
            }
            "imp-product.1" => Scene::with(&["--devices", "20", "--production", "10"], |_, dir| {
                dir.write("products.csv", "name,descr\nToasters,\ntest-1,old\n");
            }),
            "imp-records.7" => Scene::with(&["--devices", "100"], |sim, dir| {
                let [a, _] = sim.groups(["A", "B"]);
                let macs = sim.field("mac_address");
                sim.put(&a, &sim.field("id")[..50]);
                let rows = macs[50..60].iter().map(|mac| format!("{mac};B\n"));
                dir.write("devices.csv", format!("MAC Address;DG\n{}", rows.collect::<String>()));
            }),
            "imp-internals.7" | "imp-service.7" => Scene::with(&["--rate-limit", "40"], |_, _| ()),
            "imp-sim.1" => {
                Scene::with(&[], |_, dir| dir.write("my-script.sh", "imp-device list\n"))
            }
            "imp-tools.7" => Scene::with(&["--devices", "200"], |sim, dir| {
                dir.write_column("devices.csv", "MAC address", &sim.field("mac_address")[..90]);
            }),
            "README.md" => production_line(),
            _ => panic!("{name} is new: what do its examples find?"),
        }
    }

    fn with(options: &[&str], prepare: impl FnOnce(&Sim, &Dir)) -> Scene {
        let sim = Sim::start(options);
        let mut dir = Dir::signed_in(&sim);
        dir.set("IMP_SIM_CONTROL", &sim.entry.control);
        dir.set("IMPT_ENDPOINT", &sim.entry.endpoint);
        prepare(&sim, &dir);
        Scene { sim, dir, preamble: "", typed: None }
    }
}

/// Somebody with an account who has not signed in yet.
fn somebody_new() -> Scene {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let me = json!({"type": "account", "username": "me", "email": "me@example.com",
        "id": "00000000-0000-4000-8000-000000000001"});
    std::fs::write(file.path(), format!("{me}\n")).expect("the file can be written");
    let path = file.path().to_str().expect("UTF-8");
    let sim = Sim::start(&["--devices", "10", "--load", path]);
    let mut dir = Dir::new();
    dir.set("IMPT_ENDPOINT", &sim.entry.endpoint);
    dir.write("password", "me-password\n");
    Scene { sim, dir, preamble: LOGIN, typed: Some("me-password\n") }
}

/// The product Ovens: devices on the bench and in the burn-in, and shipped ones.
fn production_line() -> Scene {
    Scene::with(&["--devices", "300", "--production", "250"], |sim, dir| {
        let product = rename(sim, "products", "SimProduct", "Ovens");
        rename(sim, "devicegroups", "SimProduction", "Shipped");
        let bench = sim.group(&product, DEVELOPMENT, "Bench");
        sim.group(&product, DEVELOPMENT, "Burn-in");
        let devices = sim.devices();
        let field = |name: &str, shipped: bool| -> Vec<String> {
            let is_shipped = |device: &&Value| device["devicegroup_id"].is_string() == shipped;
            let text = |device: &Value| device[name].as_str().expect("a text").to_owned();
            devices.iter().filter(is_shipped).map(text).collect()
        };
        sim.put(&bench, &field("id", false)[..100]);
        let macs = field("mac_address", false);
        let mut note = macs[100..140].to_vec();
        for row in [3, 17, 30] {
            // A letter for the digit.
            note[row].replace_range(..1, "o");
        }
        dir.write_column("devices.csv", "mac_address", &note);
        dir.write_column("scans.txt", &macs[140], &macs[141..150]);
        dir.write_column("returns.csv", "MAC", &field("mac_address", true)[..5]);
        let rows = |form: &dyn Fn(usize, &String) -> String| -> String {
            macs[150..160].iter().enumerate().map(|(index, mac)| form(index, mac)).collect()
        };
        let stickers = rows(&|index, mac| format!("{mac},Oven {index:03}\n"));
        dir.write("stickers.csv", format!("mac_address,name\n{stickers}"));
        dir.write("station.log", rows(&|index, mac| format!("{index:02} test of {mac} passed\n")));
        dir.write("key.txt", &sim.entry.unbond_key);
    })
}

/// The same after a night in which a call of a webhook was refused.
fn line_with_refused_calls() -> Scene {
    let scene = production_line();
    let call = json!({"status": 400, "head": "POST /SECRET/a HTTP/1.1", "body": "{"});
    scene.dir.write("refused.ndjson", format!("{call}\n"));
    scene
}

/// Gives a thing that the simulator has made another name.
fn rename(sim: &Sim, what: &str, old: &str, new: &str) -> String {
    let answer = sim.api("GET", &format!("/{what}?page[size]=100"), &Value::Null).json();
    let things = answer["data"].as_array().expect("a list");
    let thing =
        things.iter().find(|thing| thing["attributes"]["name"] == old).expect("it is there");
    let data = json!({"type": thing["type"], "id": thing["id"], "attributes": {"name": new}});
    let id = thing["id"].as_str().expect("an id");
    let answer = sim.api("PATCH", &format!("/{what}/{id}"), &json!({"data": data}));
    assert_eq!(answer.status, 200, "{answer:?}");
    id.to_owned()
}
