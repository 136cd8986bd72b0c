//! Completion: what the shells offer, and what that costs the service and who is typing.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tests::{DEVELOPMENT, Dir, Sim, schema_of, wait};

/// What is offered, by the way that fish asks.
fn offered(dir: &Dir, words: &str) -> Vec<String> {
    let lines = dir.sh(&format!("imp complete fish -- {words}")).quiet().lines();
    let values = lines.iter().skip(1).map(|line| line.split('\t').next().unwrap_or_default());
    values.map(str::to_owned).collect()
}

fn names_of(sim: &Sim, names: &[&str]) {
    let product = sim.product("Ovens");
    names.iter().for_each(|name| {
        sim.group(&product, DEVELOPMENT, name);
    });
    sim.reset();
}

fn is_here(dir: &Dir, shell: &str) {
    let found = dir.sh(&format!("command -v {shell}")).exit_code() == Some(0);
    assert!(found, "{shell} is not installed, and its completion cannot be tried");
}

#[test]
fn bash_completes_what_is_typed_at_a_terminal() {
    let sim = Sim::start(&["--devices", "3"]);
    names_of(&sim, &["Bench", "it's {1} \"x\" $HOME", "Shipped"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-dg list; imp-device list").ok();
    dir.write("a file.csv", "id\n");
    let mac = &sim.field("mac_address")[1];
    let device = format!("imp-device info {}\t -z minimal > mac", &mac[..mac.len() - 1]);
    dir.converse(
        "env PS1=ready: bash --norc --noprofile -i",
        &[
            ("ready:", ". <(imp completion bash); set +o histexpand"),
            ("ready:", "imp-dg inf\tBen\t-z minimal > verb"),
            ("ready:", "imp dg info it\t-z minimal > quoted"),
            ("ready:", "imp dg info \"it\t-z minimal > double"),
            ("ready:", "imp-dg info --dg=Sh\t-z mini\t> option"),
            ("ready:", &device),
            ("ready:", "imp-device assign --dg Bench --dry-run --inp\ta\\ f\t> file"),
            ("ready:", "imp hel\tdev\tass\t > help"),
            ("ready:", "exit"),
        ],
    );
    let groups = dir.sh("imp-dg list").records();
    let id = |name: &str| {
        let group = groups.iter().find(|group| group["name"] == name).expect("it is there");
        format!("{}\n", group["id"].as_str().expect("an id"))
    };
    assert_eq!(dir.read("verb"), id("Bench"));
    let odd = id("it's {1} \"x\" $HOME");
    assert_eq!([dir.read("quoted"), dir.read("double")], [odd.clone(), odd]);
    assert_eq!(dir.read("option"), id("Shipped"));
    assert_eq!(dir.read("mac").trim(), sim.field("id")[1]);
    assert_eq!(dir.read("file"), "");
    assert!(dir.read("help").contains("Usage: imp-device assign"));
}

#[test]
fn zsh_completes_what_is_typed_at_a_terminal() {
    let sim = Sim::start(&[]);
    names_of(&sim, &["Bench", "it's {1}"]);
    let mut dir = Dir::signed_in(&sim);
    is_here(&dir, "zsh");
    dir.sh("imp-dg list").ok();
    dir.set("TERM", "dumb");
    dir.converse(
        "env PS1=ready: zsh -f -i",
        &[
            ("ready:", "autoload -U compinit; compinit -u -D; . <(imp completion zsh)"),
            ("ready:", "imp-dg inf\tBen\t-z mini\t> verb"),
            ("ready:", "imp dg info it\t-z minimal > quoted"),
            ("ready:", "imp dg info --dg=Be\t-z minimal > option"),
            ("ready:", "exit"),
        ],
    );
    let ids = |names: &[&str]| -> Vec<String> {
        let groups = dir.sh("imp-dg list").records();
        let named =
            |name: &str| groups.iter().find(|group| group["name"] == name).expect("it is there");
        names
            .iter()
            .map(|name| format!("{}\n", named(name)["id"].as_str().expect("an id")))
            .collect()
    };
    let found = ["verb", "quoted", "option"].map(|name| dir.read(name));
    assert_eq!(found.to_vec(), ids(&["Bench", "it's {1}", "Bench"]));
}

#[test]
fn fish_completes_and_tells_what_things_are() {
    let sim = Sim::start(&[]);
    names_of(&sim, &["Bench", "it's {1}"]);
    let dir = Dir::signed_in(&sim);
    is_here(&dir, "fish");
    dir.sh("imp-dg list").ok();
    dir.write("a.csv", "id\n");
    dir.sh("imp completion fish > imp.fish").quiet();
    let completed = |line: &str| {
        dir.sh(&format!("fish --no-config -c 'source imp.fish; complete -C \"{line}\"'"))
            .ok()
            .lines()
    };
    assert_eq!(completed("imp-dg info B"), ["Bench\tdevelopment"]);
    assert_eq!(completed("imp dg info --dg it"), ["it's {1}\tdevelopment"]);
    assert_eq!(
        completed("imp-dg rest"),
        ["restart\tRestart all devices of device groups, with one request a group"]
    );
    assert_eq!(completed("imp-device assign --input a."), ["a.csv"]);
    assert!(completed("imp doc")[0].starts_with("doctor\t"));
}

#[test]
fn verbs_options_and_values_are_offered_for_every_tool() {
    let dir = Dir::new();
    for (typed, expected) in [
        ("imp-device list --dg-type pre", "pre-factory pre-dut pre-production"),
        ("imp device list --online-s", "--online-since"),
        ("imp-auth key cr", "create"),
        ("imp sim serve --produ", "--production"),
        ("imp complet", "completion"),
        ("imp completion \"\"", "bash zsh fish"),
        ("imp help de", "device"),
        ("imp help device assi", "assign"),
        ("imp nonsense \"\"", ""),
        ("imp-device list -z mi", "minimal"),
    ] {
        assert_eq!(offered(&dir, typed).join(" "), expected, "{typed}");
    }
    assert_eq!(
        dir.sh("imp complete fish -- imp-device assign --input x").quiet().lines(),
        ["files"]
    );
    assert_eq!(dir.sh("imp complete fish -- imp-other x").quiet().lines(), ["files"]);
}

#[test]
fn names_are_asked_for_once_with_a_token_that_is_there() {
    let sim = Sim::start(&["--devices", "150"]);
    names_of(&sim, &["Bench", "Burn-in"]);
    let dir = Dir::signed_in(&sim);
    wait::until(wait::LIMIT, || offered(&dir, "imp-dg info B").len() == 2);
    assert_eq!(offered(&dir, "imp-dg info B"), ["Bench", "Burn-in"]);
    assert_eq!(sim.counts().total, sim.counts().kind("GET /devicegroups"));
    let asked = sim.counts().total;
    assert!(asked <= 1, "{asked}");
    // What is offered may be old; what a verb does is not.
    let id = dir.sh("imp-dg info Bench").ok().field("id").remove(0);
    assert_eq!(sim.api("DELETE", &format!("/devicegroups/{id}"), &json!(null)).status, 204);
    assert_eq!(offered(&dir, "imp-dg info Ben"), ["Bench"]);
    dir.sh("imp-dg info Bench").code(1).says("Bench");
    dir.sh("imp-dg list").ok();
    assert_eq!(offered(&dir, "imp-dg info B"), ["Burn-in"]);
}

#[test]
fn nobody_is_signed_in_and_nothing_is_said() {
    let sim = Sim::start(&[]);
    names_of(&sim, &["Bench"]);
    // By the environment: there is no token yet.
    assert!(offered(&Dir::with_login_key(&sim), "imp-dg info B").is_empty());
    let expired = |end: &str| {
        let dir = Dir::new();
        let sign_in = json!({"endpoint": sim.entry.endpoint, "accessToken": "t", "expiresAt": end,
            "loginKey": sim.entry.login_key});
        dir.write(".impt.auth", sign_in.to_string());
        dir
    };
    assert!(offered(&expired("2020-01-01T00:00:00.000Z"), "imp-dg info B").is_empty());
    assert_eq!(sim.counts().total, 0);
    // A token that the service refuses is not made anew, and not tried again at once.
    let dir = expired("2999-01-01T00:00:00.000Z");
    for _ in 0..3 {
        assert!(offered(&dir, "imp-dg info B").is_empty());
    }
    assert!(sim.counts().total <= 1 && sim.counts().kind("POST /auth/token") == 0);
    let dir = Dir::new();
    assert!(offered(&dir, "imp-dg info B").is_empty());
    dir.write(".impt.auth", "broken");
    assert!(offered(&dir, "imp-dg info B").is_empty());
}

#[test]
fn a_torn_sign_in_file_keeps_nobody_waiting() {
    let dir = Dir::new();
    dir.write("torn.auth", "{\"endpoint\": \"https://api.elec");
    dir.sh("mkdir -p ~/.config/imp-tools/accounts; cp torn.auth ~/.impt.auth").quiet();
    dir.sh("cp torn.auth ~/.config/imp-tools/accounts/lab.auth").quiet();
    for typed in ["B", "--account lab B", "--auth-file torn.auth B"] {
        let time = |_| {
            let (time, names) = wait::timed(|| offered(&dir, &format!("imp-dg info {typed}")));
            assert!(names.is_empty());
            time
        };
        // Who waits for the file to become whole waits half a second each time.
        let shortest = (0..5).map(time).min().expect("five times");
        assert!(shortest < Duration::from_millis(450), "{typed}: {shortest:?}");
    }
    assert_eq!(offered(&dir, "imp-dg inf"), ["info"]);
}

#[test]
fn accounts_and_runs_are_offered_by_name() {
    let sim = Sim::start(&["--devices", "3"]);
    sim.groups(["Bench"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("mkdir -p ~/.config/imp-tools/accounts; cd ~/.config/imp-tools/accounts; touch lab.auth line-3.auth");
    for typed in
        ["imp-auth use l", "imp auth use l", "imp-auth login --as=l", "imp-dg list --account l"]
    {
        let names = offered(&dir, typed);
        let names: Vec<&str> = names.iter().map(|name| name.trim_start_matches("--as=")).collect();
        assert_eq!(names, ["lab", "line-3"], "{typed}");
    }
    assert_eq!(offered(&dir, "imp-dg create --name l"), [""; 0]);

    assert!(offered(&dir, "imp-change show 2").is_empty());
    dir.sh("imp-device list | imp-device assign --dg Bench; imp-dg update --dg Bench --descr x")
        .ok();
    let runs = dir.sh("imp-change list").quiet().field("run");
    assert_eq!(runs.len(), 2);
    for verb in ["show", "undo", "resume", "forget"] {
        let mut names = offered(&dir, &format!("imp-change {verb} \"\""));
        assert_eq!(names.pop().as_deref(), Some("last"));
        assert!(names[0].contains("-update-") && names[1].contains("-assign-"), "{names:?}");
        names.sort();
        assert_eq!(names, {
            let mut runs = runs.clone();
            runs.sort();
            runs
        });
    }
    assert_eq!(offered(&dir, "imp-change undo la"), ["last"]);
}

/// An account in which every list has something.
fn one_of_each() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "2", "--production", "2"]);
    let [bench] = sim.groups(["Bench"]);
    sim.put(&bench, &sim.field("id")[..1]);
    let dir = Dir::signed_in(&sim);
    dir.write("code", "server.log(1)\n");
    dir.sh("imp-build deploy --dg Bench --agent-file code").ok();
    dir.sh("imp-hook create --dg Bench --url https://example.com/ --event blessing").ok();
    dir.sh("imp-dg update --dg Bench --descr x").ok();
    (sim, dir)
}

#[test]
fn fields_are_those_that_the_records_have() {
    let (_sim, dir) = one_of_each();
    for verb in [
        "imp-device list",
        "imp-dg list",
        "imp-product list",
        "imp-build list",
        "imp-hook list",
        "imp-auth list",
        "imp-auth info",
        "imp-auth account list",
        "imp-auth key list",
        "imp-change list",
        "imp-change show last",
        "imp commands",
        "imp doctor",
    ] {
        let fields = offered(&dir, &format!("{verb} --fields \"\""));
        assert!(fields.len() >= 4, "{verb}: {fields:?}");
        // A field that no record can have is an error.
        let run = dir.sh(&format!("{verb} --fields {}", fields.join(",")));
        assert!(!run.stderr().contains("--fields"), "{verb}{run}");
        assert!(!run.stdout().is_empty(), "{verb}{run}");
    }
    for (typed, expected) in [
        ("--fields na", "name"),
        ("--fields id,na", "id,name"),
        ("--fields name,id,na", ""),
        ("--fields=id,mac", "--fields=id,mac_address"),
        ("--sort na", "name"),
        ("--sort=-na", "--sort=-name"),
        ("--owner m", "me"),
    ] {
        assert_eq!(
            offered(&dir, &format!("imp-device list {typed}")).join(" "),
            expected,
            "{typed}"
        );
    }
    assert_eq!(offered(&dir, "imp-device assign --fields outc"), ["outcome"]);
    assert_eq!(offered(&dir, "imp-device assign --encoding win"), ["windows-1252"]);
    assert_eq!(offered(&dir, "imp-device list --imp-type imp004"), ["imp004m"]);
    assert_eq!(
        offered(&dir, "imp-sim run --variant batch-cap-"),
        ["batch-cap-status=400", "batch-cap-status=413"]
    );
}

#[test]
fn fields_of_runs_sign_ins_and_changes_are_those_of_their_schemas() {
    let (_sim, dir) = one_of_each();
    let of_schema = |tool: &str, name: &str, left_out: &[&str]| -> BTreeSet<String> {
        let properties = &schema_of(tool)["$defs"][name]["properties"];
        let fields = properties.as_object().expect("fields").keys();
        fields.filter(|field| !left_out.contains(&field.as_str())).cloned().collect()
    };
    let of_verbs = |verbs: &[&str]| -> BTreeSet<String> {
        verbs.iter().flat_map(|verb| offered(&dir, &format!("{verb} --fields \"\""))).collect()
    };
    assert_eq!(of_verbs(&["imp-change list"]), of_schema("imp-change", "run", &["type"]));
    // Those of a logout are gone with the sign-in.
    let of_logout = ["type", "refresh_token_deleted", "outcome"];
    let sign_in = of_schema("imp-auth", "sign_in", &of_logout);
    assert_eq!(of_verbs(&["imp-auth info", "imp-auth list"]), sign_in);
    let of_change = of_schema("imp-change", "change", &[]);
    assert!(of_verbs(&["imp-change show last"]).is_subset(&of_change));
}

#[test]
fn a_slow_service_keeps_nobody_waiting() {
    let sim = Sim::start(&["--latency", "20s"]);
    let dir = Dir::signed_in_at(&sim.entry.endpoint);
    let (time, names) = wait::timed(|| offered(&dir, "imp-dg info B"));
    assert!(names.is_empty() && time < Duration::from_secs(10), "{time:?}");
}

#[test]
fn names_are_told_apart_by_account_and_readable_by_nobody_else() {
    use std::os::unix::fs::PermissionsExt;
    let (one, other) = (Sim::start(&[]), Sim::start(&["--latency", "20s"]));
    names_of(&one, &["Bench"]);
    let dir = Dir::signed_in(&one);
    dir.sh("imp-dg list").ok();
    let end = "2999-01-01T00:00:00.000Z";
    let sign_in = json!({"endpoint": other.entry.endpoint, "accessToken": "t", "expiresAt": end});
    dir.write("other.auth", sign_in.to_string());
    assert_eq!(offered(&dir, "imp-dg info B"), ["Bench"]);
    assert!(offered(&dir, "imp-dg info --auth-file other.auth B").is_empty());
    let accounts = dir.home().join(".config/imp-tools/accounts");
    std::fs::create_dir_all(&accounts).expect("a fresh home");
    std::fs::write(accounts.join("other.auth"), sign_in.to_string()).expect("the file");
    assert_eq!(offered(&dir, "imp-dg info --account o"), ["other"]);
    assert!(offered(&dir, "imp-dg info --account other B").is_empty());
    let files: Vec<PathBuf> = std::fs::read_dir(dir.home().join("cache/imp-tools/names"))
        .expect("the names")
        .map(|entry| entry.expect("a file").path())
        .collect();
    assert!(!files.is_empty());
    for file in files {
        let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
        let text = std::fs::read_to_string(&file).expect("text");
        assert!(!text.contains(&one.entry.login_key), "{text}");
    }
}
