//! The section about builds.

use super::{Job, set, text};

/// Builds with the tags v1 and on, in a group.
fn deploy(job: &Job, group: &str, number: usize) {
    for version in 1..=number {
        job.dir.write("code.nut", format!("server.log(\"v{version}\");\n"));
        let tag = format!("--device-file code.nut --tag v{version}");
        job.dir.sh(&format!("imp-build deploy --dg {group} {tag}")).quiet();
    }
}

#[test]
fn try_a_new_version() {
    let mut job = Job::of("Try a new version on fifty devices, and go back");
    deploy(&job, "Bench", 2);
    job.dir.sh("imp-build copy --build v1 --dg Shipped && imp-dg restart --dg Shipped").ok();
    let running = |job: &Job, group: &str| {
        let devices = job.devices(Some(group));
        let online = devices.into_iter().filter(|device| device["device_online"] == true);
        set(online.map(|device| text(&device, "deployment_id")))
    };
    let old = running(&job, "Shipped");
    let shipped = set(job.field(Some("Shipped"), "id"));
    job.sim.reset();
    job.type_next();
    assert_eq!((job.number("Canary"), job.number("Shipped")), (50, 200));
    assert!(running(&job, "Canary").is_disjoint(&old));
    assert_eq!(job.sim.restarts(), 50);
    job.type_next();
    assert_eq!(set(job.field(Some("Shipped"), "id")), shipped);
    assert_eq!((running(&job, "Shipped"), job.sim.restarts()), (old, 100));
    assert!(job.sim.all("devicegroups").iter().all(|group| group["name"] != "Canary"));
}

#[test]
fn delete_builds_older_than_the_last_five() {
    let mut job = Job::of("Delete builds older than the last five");
    let others = job.sim.all("deployments").len();
    deploy(&job, "Bench", 8);
    deploy(&job, "Burn-in", 4);
    job.dir
        .sh("imp-build update --build $(imp-build list --tag v2 --dg Bench -z minimal) -f")
        .quiet();
    let builds = |job: &Job| job.sim.all("deployments").len() - others;
    assert_eq!(builds(&job), 12);
    job.dir.sh("imp-build list --dg Bench --tag v8 -z minimal > newest").quiet();
    job.dir.sh("imp-dg update --dg Bench --min-supported-deployment $(cat newest)").quiet();
    job.type_next();
    assert_eq!((job.dir.read_lines("old-builds.ndjson").len(), builds(&job)), (2, 12));
    job.type_next();
    // v1 and v3 have gone; v2 is flagged.
    assert_eq!((job.dir.read_lines("deleted.ndjson").len(), builds(&job)), (2, 10));
}
