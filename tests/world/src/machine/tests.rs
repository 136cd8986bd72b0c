use super::*;

fn ids(machine: &Machine) -> String {
    let devices = machine.devices();
    let ids = devices.iter().filter_map(|device| device["id"].as_str());
    ids.map(|id| format!("{id}\n")).collect()
}

fn in_bench(machine: &Machine) -> u64 {
    let groups = machine.lines("devicegroups");
    let bench = groups.iter().find(|group| group["name"] == "Bench").unwrap();
    bench["devices"].as_u64().unwrap()
}

#[test]
fn twenty_devices_are_assigned_in_a_world() {
    let machine = Machine::new(1, &["--devices", "20"], Duration::from_millis(30));
    let made =
        machine.run(&Command::new("imp-dg create --product P --name Bench --create-product"));
    assert_eq!(made.exit, Some(0), "{made:?}");
    let command = Command::new("imp-device assign --dg Bench").reading(&ids(&machine));
    let ended = machine.run(&command);
    assert_eq!((ended.exit, ended.stdout.lines().count()), (Some(0), 20), "{ended:?}");
    assert_eq!(in_bench(&machine), 20);
}

#[test]
fn a_storm_of_two_hours_takes_no_time() {
    let machine = Machine::new(2, &["--devices", "30"], Duration::from_millis(30));
    machine.run(&Command::new("imp-dg create --product P --name Bench --create-product"));
    let begin = machine.elapsed();
    let (world, end) = (machine.service(), begin + Duration::from_secs(2 * 3600));
    machine.accidents(Some(Box::new(move |_, request| {
        let is_refused = request.method == "POST" && world.elapsed() < end;
        is_refused.then(|| Reply::Answer {
            status: 429,
            headers: vec![("retry-after".to_owned(), "20".to_owned())],
            body: Vec::new(),
            after: Duration::ZERO,
        })
    })));
    let ids = ids(&machine);
    let ended =
        machine.run(&Command::new("imp-device assign --dg Bench --patience 3h").reading(&ids));
    assert_eq!((ended.exit, ended.stdout.lines().count()), (Some(0), 30), "{ended:?}");
    let took = machine.elapsed() - begin;
    assert!((7200..7260).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn a_seed_decides_everything() {
    let requests = |seed| {
        let machine = Machine::new(seed, &["--devices", "200"], Duration::from_millis(30));
        machine.run(&Command::new("imp-dg create --product P --name Bench --create-product"));
        let ids = ids(&machine);
        machine.simulator().control("POST", "faults", "* /** 503 chance=30%").unwrap();
        let command = Command::new("imp-device assign --dg Bench --batch 3").reading(&ids);
        let ended = machine.run(&command);
        (ended.stdout, machine.simulator().control("GET", "requests", "").unwrap())
    };
    assert_eq!(requests(7), requests(7));
    assert_ne!(requests(7), requests(8));
}

#[test]
fn what_is_killed_does_nothing_more_and_is_resumed() {
    let machine = Machine::new(3, &["--devices", "40"], Duration::from_millis(30));
    machine.run(&Command::new("imp-dg create --product P --name Bench --create-product"));
    let ids = ids(&machine);
    machine.kill_at(Some(8));
    let command = Command::new("imp-device assign --dg Bench --batch 5 --jobs 2").reading(&ids);
    let killed = machine.run(&command);
    assert_eq!((killed.exit, killed.mistakes.len()), (None, 0), "{killed:?}");
    let before = in_bench(&machine);
    assert!(before < 40);
    machine.kill_at(None);
    let listed = machine.run(&Command::new("imp-change list --interrupted"));
    assert_eq!(listed.stdout.lines().count(), 1, "{listed:?}");
    let resumed = machine.run(&Command::new("imp-change resume last"));
    assert_eq!(resumed.exit, Some(0), "{resumed:?}");
    assert_eq!(in_bench(&machine), 40);
}
