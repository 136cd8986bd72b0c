//! A shift: two fixtures, 500 devices under test, rejects, webhooks; then a new version of the
//! application, for some devices first.

use std::collections::BTreeSet;

use super::{Factory, id};

const DUTS: usize = 500;
/// 2 % of 250 on each of two fixtures.
const REJECTS: usize = 10;
const CANARIES: usize = 100;

#[test]
fn a_shift_and_a_new_version() {
    let factory = Factory::new();
    set_up(&factory);
    let (listener, url) = factory.listen();
    factory.quiet(&format!("imp-hook create --dg Prod --url {url}blessing --event blessing"));
    work(&factory);
    let good = DUTS - REJECTS;
    let events = factory.heard(listener, good);
    let blessed: BTreeSet<String> = events.iter().map(device).collect();
    assert_eq!(blessed.len(), good, "each device once");
    assert_eq!(blessed, factory.sim.members(&factory.group_id("Prod")));
    assert_eq!(factory.devices_of("DUTs").len(), REJECTS);
    // What was acknowledged is what was kept.
    assert_eq!(factory.dir.read_lines("events.journal"), events);
    factory.all_run_current("Prod", good);
    canaries_first(&factory, good);
    then_all(&factory, good);
}

/// A product, its groups, the first version of all code, and two fixtures.
fn set_up(factory: &Factory) {
    for tag in ["v1", "v2"] {
        factory.dir.write(&format!("{tag}.nut"), format!("server.log(\"{tag}\");"));
    }
    factory.quiet("imp-product create --name Ovens");
    factory.quiet(
        "imp-dg create --dg-type factory --product Ovens --name Fixtures \
            --dut DUTs --create-dut --target Prod --create-target",
    );
    factory.quiet("imp-dg create --product Ovens --name Dev");
    factory.quiet("imp-build deploy --dg Dev --device-file v1.nut --tag v1");
    factory.quiet("imp-build copy --build v1 --dg Prod");
    factory.quiet(
        "imp-sim add --imp-type imp005 --count 2 > fixtures && \
            imp-device assign --dg Fixtures --input fixtures",
    );
    assert_eq!(factory.devices_of("Fixtures").len(), 2);
}

/// Both lines at the same time.
fn work(factory: &Factory) {
    let fixtures: Vec<String> = factory.devices_of("Fixtures").iter().map(id).collect();
    let line = |fixture: &String| {
        let line = format!("imp-sim line --fixture {fixture} --duts {} --fail 2%", DUTS / 2);
        factory.dir.spawn(&line)
    };
    let lines: Vec<_> = fixtures.iter().map(line).collect();
    for line in lines {
        line.wait().ok().says("250 devices: 245 blessed, 5 rejected");
    }
}

/// The device that a blessing event is about.
fn device(event: &serde_json::Value) -> String {
    event["device_id"].as_str().unwrap_or_else(|| panic!("no device: {event}")).to_owned()
}

fn canaries_first(factory: &Factory, good: usize) {
    let first = factory.current("Prod");
    factory.quiet("imp-build deploy --dg Dev --device-file v2.nut --tag v2");
    factory.quiet("imp-dg create --product Ovens --dg-type production --name Canary");
    factory.sim.reset();
    factory
        .quiet("imp-device list --dg Prod | head -100 | imp-device assign --dg Canary")
        .outcomes("assigned", CANARIES);
    assert_eq!(factory.sim.restarts(), 100, "moved devices alone");
    factory.quiet("imp-build copy --build v2 --dg Canary");
    factory.quiet("imp-dg restart --dg Canary");
    factory.all_run_current("Canary", CANARIES);
    let code = &factory.build(&factory.current("Canary"))["device_code"];
    assert_eq!(code, "server.log(\"v2\");");
    factory.all_run_current("Prod", good - CANARIES);
    assert_eq!(factory.current("Prod"), first);
}

fn then_all(factory: &Factory, good: usize) {
    factory.sim.reset();
    factory.quiet("imp-build copy --build v2 --dg Prod");
    factory.quiet("imp-dg restart --dg Prod");
    let rest = u64::try_from(good - CANARIES).expect("a small number");
    assert_eq!(factory.sim.restarts(), rest, "each of the others once");
    factory.all_run_current("Prod", good - CANARIES);
    let code = &factory.build(&factory.current("Prod"))["device_code"];
    assert_eq!(code, "server.log(\"v2\");");
    factory.quiet("imp-dg reassign --from Canary --to Prod");
    factory.all_run_current("Prod", good);
    assert_eq!(factory.devices_of("Canary").len(), 0);
}
