//! The guide, section by section in its order.

use serde_json::json;

use super::{Factory, LEFT, id};

#[test]
fn the_guide_section_by_section() {
    let factory = Factory::new();
    product_creation(&factory);
    production_testing_groups(&factory);
    production_groups(&factory);
    let fixture = fixtures(&factory);
    duts(&factory, &fixture);
    production_devices(&factory);
    unblessing(&factory);
    logging(&factory, &fixture);
    deployments(&factory);
    new_version_for_all(&factory);
    new_version_for_some(&factory);
    webhooks(&factory, &fixture);
    cleaning_up(&factory);
}

fn product_creation(factory: &Factory) {
    factory.quiet("imp-product create --name MyProduct --descr 'My product'");
    let products = factory.sim.all("products");
    let product = products.iter().find(|product| product["name"] == "MyProduct").expect("created");
    assert_eq!(product["description"], "My product");
}

fn production_testing_groups(factory: &Factory) {
    factory.quiet(
        "imp-dg create --name MyPreProductionDG --dg-type pre-production --product MyProduct \
            --descr 'Pre-production Device Group for application'",
    );
    let group = factory.group("MyPreProductionDG");
    assert_eq!(group["type"], "pre_production_devicegroup");
    assert_eq!(group["attributes"]["description"], "Pre-production Device Group for application");
    assert_eq!(group["attributes"]["load_code_after_blessing"], true);
    factory.dir.write("factory.device.nut", "server.log(\"fixture\");\n");
    factory.dir.write("factory.agent.nut", "// nothing to do\n");
    factory.quiet(
        "imp-dg create --dg-type pre-factory --product MyProduct --name MyPreFactoryDG \
            --descr 'Development Fixture Firmware' --dut MyPreDUTDG --create-dut \
            --target MyPreProductionDG --create-target",
    );
    factory.quiet(
        "imp-build deploy --dg MyPreFactoryDG --device-file factory.device.nut \
            --agent-file factory.agent.nut",
    );
    let fixtures = factory.group("MyPreFactoryDG");
    assert_eq!(fixtures["type"], "pre_factoryfixture_devicegroup");
    assert_eq!(factory.group("MyPreDUTDG")["type"], "pre_dut_devicegroup");
    let relations = &fixtures["relationships"];
    assert_eq!(id(&relations["production_target"]), factory.group_id("MyPreProductionDG"));
    assert_eq!(id(&relations["dut_target"]), factory.group_id("MyPreDUTDG"));
    let build = factory.build(&factory.current("MyPreFactoryDG"));
    assert_eq!(build["device_code"], "server.log(\"fixture\");\n");
    assert_eq!(build["agent_code"], "// nothing to do\n");
    factory.quiet("imp-dg update --dg MyPreProductionDG --load-code-after-blessing false");
    let group = factory.group("MyPreProductionDG");
    assert_eq!(group["attributes"]["load_code_after_blessing"], false);
}

fn production_groups(factory: &Factory) {
    factory.quiet("imp-dg create --name MyProductionDG --dg-type production --product MyProduct");
    factory.quiet("imp-dg create --name MyDUTDG --dg-type dut --product MyProduct");
    factory.quiet(
        "imp-dg create --name MyFactoryDG --dg-type factory --product MyProduct \
            --dut MyDUTDG --target MyProductionDG",
    );
    let fixtures = factory.group("MyFactoryDG");
    assert_eq!(fixtures["type"], "factoryfixture_devicegroup");
    let relations = &fixtures["relationships"];
    assert_eq!(id(&relations["production_target"]), factory.group_id("MyProductionDG"));
    assert_eq!(id(&relations["dut_target"]), factory.group_id("MyDUTDG"));
}

/// A fixture is connected with the app, as any device, and then assigned; gives its id.
fn fixtures(factory: &Factory) -> String {
    let added = factory.dir.sh("imp-sim add --imp-type imp005 --count 3").ok().records();
    let [by_id, by_mac, by_name] = [0, 1, 2].map(|number| id(&added[number]));
    let mac = added[1]["mac_address"].as_str().expect("a MAC address");
    let name = added[2]["name"].as_str().expect("a name");
    factory.quiet(&format!("imp-device assign --device {by_id} --dg MyFactoryDG"));
    factory.quiet(&format!("imp-device assign --device {mac} --dg MyFactoryDG"));
    factory.quiet(&format!("imp-device assign --device {name} --dg MyPreFactoryDG"));
    let members = factory.sim.members(&factory.group_id("MyFactoryDG"));
    assert_eq!(members, [by_id.clone(), by_mac].into());
    assert_eq!(factory.place(&by_name), Some(factory.group_id("MyPreFactoryDG")));
    by_id
}

/// Nobody assigns them: factory BlinkUp and blessing do.
fn duts(factory: &Factory, fixture: &str) {
    factory.sim.reset();
    let steps = format!("imp-sim line --fixture {fixture} --duts 10 --fail 10%");
    let steps = factory.dir.sh(&steps).ok().records();
    let in_group = |event: &str, group: &str| {
        let group = factory.group_id(group);
        let is_it = |step: &&serde_json::Value| {
            step["event"] == event && step["devicegroup_id"] == group.as_str()
        };
        steps.iter().filter(is_it).count()
    };
    assert_eq!(in_group("enrolled", "MyDUTDG"), 10);
    assert_eq!(in_group("blessed", "MyProductionDG"), 9);
    assert_eq!(factory.devices_of("MyDUTDG").len(), 1);
    assert_eq!(factory.devices_of("MyProductionDG").len(), 9);
    factory.dir.sh("imp-sim line --fixture MyPreFactoryDG --duts 4").ok();
    assert_eq!(factory.devices_of("MyPreProductionDG").len(), 4);
    assert_eq!(factory.sim.counts().writes, 0);
}

fn production_devices(factory: &Factory) {
    // By hand a new device does not get there.
    let new = factory.dir.sh("imp-sim add").ok().field("id").remove(0);
    let script = format!("imp-device assign --device {new} --dg MyProductionDG --failed failed");
    factory.dir.sh(&script).code(1).no_stdout();
    assert_eq!(factory.dir.failed("failed").len(), 1);
    assert_eq!(factory.place(&new), None);
    let listed = factory.quiet("imp-device list --dg MyProductionDG").field("id");
    let listed: std::collections::BTreeSet<_> = listed.into_iter().collect();
    assert_eq!(listed, factory.sim.members(&factory.group_id("MyProductionDG")));
    // Between groups of the same type and product they move by hand.
    factory.quiet("imp-dg create --name MyOtherDG --dg-type production --product MyProduct");
    let script = "imp-device list --dg MyProductionDG | head -4 | imp-device assign --dg MyOtherDG";
    factory.quiet(script).outcomes("assigned", 4);
    assert_eq!(factory.devices_of("MyOtherDG").len(), 4);
    assert_eq!(factory.devices_of("MyProductionDG").len(), 5);
    // But not from the test zone into production.
    let script = "imp-device list --dg MyPreProductionDG | imp-device assign --dg MyProductionDG";
    factory.dir.sh(script).code(1).no_stdout();
    assert_eq!(factory.devices_of("MyPreProductionDG").len(), 4);
    factory.quiet("imp-dg reassign --from MyOtherDG --to MyProductionDG");
    assert_eq!(factory.devices_of("MyProductionDG").len(), 9);
}

fn unblessing(factory: &Factory) {
    let device = id(&factory.devices_of("MyProductionDG")[0]);
    let unassign = format!("imp-device unassign --device {device} --confirmed");
    factory.dir.sh(&format!("{unassign} --unbond wrong")).code(1).no_stdout();
    assert_eq!(factory.place(&device), Some(factory.group_id("MyProductionDG")));
    factory.dir.write("key.txt", &factory.sim.entry.unbond_key);
    factory.quiet(&format!("{unassign} --unbond-file key.txt"));
    assert_eq!(factory.place(&device), None);
    factory.quiet("imp-dg create --name MyDevDG --product MyProduct");
    factory.quiet(&format!("imp-device assign --device {device} --dg MyDevDG"));
    assert_eq!(factory.place(&device), Some(factory.group_id("MyDevDG")));
}

fn logging(factory: &Factory, fixture: &str) {
    factory.dir.sh(&format!("imp-sim log {fixture} 'a DUT is here'")).ok();
    let log = factory.quiet(&format!("imp-log get --device {fixture}")).records();
    assert_eq!(log[0]["msg"], "a DUT is here");
    let all = factory.sim.all("logs");
    let stored = all.iter().filter(|line| line["device_id"] == fixture);
    assert_eq!(log.len(), stored.count());
    let device = id(&factory.devices_of("MyProductionDG")[0]);
    let script = format!("imp-log get --device {device} --failed failed");
    factory.dir.sh(&script).code(1).no_stdout();
    assert_eq!(factory.dir.failed("failed")[0].error.kind, "refused");
}

fn deployments(factory: &Factory) {
    let tested = [
        ("MyDevDG", "MyAppRC1", "MyProductionDG"),
        ("MyPreFactoryDG", "MyFixtureFirmwareRC1", "MyFactoryDG"),
        ("MyPreDUTDG", "MyDUTFirmwareRC1", "MyDUTDG"),
    ];
    for (from, tag, to) in tested {
        deploy(factory, from, tag);
        factory.quiet(&format!("imp-build copy --build {tag} --dg {to}")).outcomes("created", 1);
        let copy = factory.build(&factory.current(to));
        assert_eq!(copy["device_code"], format!("server.log(\"{tag}\");"));
        assert_eq!((&copy["tags"], &copy["description"]), (&json!([]), &json!("")));
    }
    // With the attributes.
    factory.quiet("imp-build copy --build MyDUTFirmwareRC1 --dg MyDUTDG --all");
    let copy = factory.build(&factory.current("MyDUTDG"));
    assert_eq!(copy["tags"], json!(["MyDUTFirmwareRC1"]));
    assert_eq!(copy["description"], "of MyPreDUTDG");
}

/// Deploys code that tells its own tag.
fn deploy(factory: &Factory, group: &str, tag: &str) {
    factory.dir.write("new.nut", format!("server.log(\"{tag}\");"));
    let deploy = format!("imp-build deploy --dg {group} --device-file new.nut --tag {tag}");
    factory.quiet(&format!("{deploy} --descr 'of {group}'"));
}

fn new_version_for_all(factory: &Factory) {
    deploy(factory, "MyDevDG", "MyRC2");
    let before = factory.current("MyProductionDG");
    factory.quiet("imp-build copy --build MyRC2 --dg MyProductionDG");
    let current = factory.current("MyProductionDG");
    assert_ne!(before, current);
    // A copy alone changes nothing on the devices.
    let devices = factory.devices_of("MyProductionDG");
    assert!(devices.iter().all(|device| device["deployment_id"] != current.as_str()));
    factory.sim.reset();
    factory.quiet("imp-dg restart --dg MyProductionDG");
    factory.all_run_current("MyProductionDG", 8);
    assert_eq!(factory.build(&current)["device_code"], "server.log(\"MyRC2\");");
    assert_eq!(factory.sim.restarts(), 8);
}

fn new_version_for_some(factory: &Factory) {
    deploy(factory, "MyDevDG", "MyRC3");
    factory.quiet("imp-dg create --name MyCanaryDG --dg-type production --product MyProduct");
    factory.quiet("imp-build copy --build MyRC3 --dg MyCanaryDG");
    let script =
        "imp-device list --dg MyProductionDG | head -3 | imp-device assign --dg MyCanaryDG";
    factory.quiet(script).outcomes("assigned", 3);
    factory.all_run_current("MyCanaryDG", 3);
    factory.all_run_current("MyProductionDG", 5);
    let code = |group: &str| factory.build(&factory.current(group))["device_code"].clone();
    assert_eq!(code("MyCanaryDG"), "server.log(\"MyRC3\");");
    assert_eq!(code("MyProductionDG"), "server.log(\"MyRC2\");");
}

fn webhooks(factory: &Factory, fixture: &str) {
    let (listener, url) = factory.listen();
    let group = factory.group_id("MyProductionDG");
    for (event, mime) in [("blessing", "json"), ("blinkup", "urlencoded"), ("deployment", "json")] {
        let create = "imp-hook create --dg MyProductionDG";
        factory
            .quiet(&format!("{create} --url {url}{event}.{group} --event {event} --mime {mime}"));
    }
    let hooks = factory.sim.all("webhooks");
    assert_eq!(hooks.len(), 3);
    factory.sim.reset();
    let made = format!("imp-sim line --fixture {fixture} --duts 2");
    factory.dir.sh(&made).ok();
    factory.dir.sh("imp-sim activate --dg MyProductionDG").ok();
    factory.quiet("imp-build copy --build MyRC3 --dg MyProductionDG");
    let events = factory.heard(listener, 2 + 7 + 1);
    let number = |event: &str| events.iter().filter(|one| one["event"] == event).count();
    assert_eq!((number("blessing"), number("blinkup"), number("deployment")), (2, 7, 1));
    assert!(events.iter().all(|event| event["devicegroup_id"] == group.as_str()));
}

fn cleaning_up(factory: &Factory) {
    let builds = |group: &str| {
        let group = factory.group_id(group);
        let builds = factory.sim.all("deployments");
        builds.into_iter().filter(|build| build["devicegroup_id"] == group.as_str()).count()
    };
    let cleaned = factory.quiet("imp-build cleanup --confirmed").outcomes("deleted", 1);
    assert_eq!(cleaned.field("id"), [LEFT]);
    assert!(factory.sim.all("deployments").iter().all(|build| build["id"] != LEFT));
    // The minimum protects itself and what is newer.
    factory.dir.sh("imp-dg builds --dg MyDevDG --remove --confirmed").ok().no_stdout();
    assert_eq!(builds("MyDevDG"), 3);
    factory.quiet("imp-dg update --dg MyDevDG --min-supported-deployment MyRC3");
    factory.dir.sh("imp-dg builds --dg MyDevDG --remove --confirmed").ok().outcomes("deleted", 2);
    assert_eq!(builds("MyDevDG"), 1);
    factory.quiet("imp-dg reassign --from MyCanaryDG --to MyProductionDG");
    let delete = factory.dir.sh("imp-dg delete --dg MyCanaryDG --confirmed").ok();
    delete.says("to delete 1 device group: delete 1 deployment");
    assert!(!factory.has_group("MyCanaryDG"));
    factory.quiet("imp-hook list --event deployment | imp-hook delete --confirmed");
    assert_eq!(factory.sim.all("webhooks").len(), 2);
    let delete = "imp-product delete --product MyProduct --builds --force --confirmed";
    let before = factory.sim.all("devicegroups");
    factory.dir.sh(delete).code(1).no_stdout();
    assert_eq!(factory.sim.all("devicegroups"), before);
    factory.dir.sh(&format!("{delete} --unbond-file key.txt")).ok();
    assert!(!factory.sim.all("products").iter().any(|product| product["name"] == "MyProduct"));
    assert_eq!(factory.sim.all("deployments").len(), 0);
    assert_eq!(factory.sim.all("webhooks").len(), 0);
    assert!(factory.sim.field("devicegroup_id").iter().all(String::is_empty));
}
