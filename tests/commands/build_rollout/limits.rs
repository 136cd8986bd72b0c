//! What keeps a rollout from going on: too many changes, what is protected, too many devices that went offline.

use serde_json::json;

use super::{Line, events};

#[test]
fn each_group_that_would_change_counts_once() {
    let line = Line::new(&[]);
    let rollout = |groups: &str, most: &str| {
        line.dir.sh(&format!("imp-build rollout -b new --dg {groups} --max-changes {most}"))
    };
    rollout("A,B,C", "2").code(2).no_stdout().says("3 of 3 would be changed");
    assert_eq!(line.sim.counts().writes, 0);
    rollout("A,A,B", "2").ok();
    // As for deploy --if-changed those count that change.
    rollout("A,B,C", "1").ok();
    assert_eq!((line.have_it(), line.builds()), ([true; 3], [2; 3]));
}

#[test]
fn what_is_protected_since_is_seen_where_it_goes_on() {
    let line = Line::new(&[]);
    line.rollout("--gate 'test -e go'").code(6);
    line.dir.write("go", "");
    for protected in ["C", "Ovens"] {
        let resumed = line.dir.sh(&format!("IMP_PROTECT={protected} imp-change resume last"));
        resumed.code(1).says("nothing more was begun").says("is protected now");
        assert_eq!((line.have_it(), line.builds()), ([true, false, false], [2, 1, 1]));
    }
    // A group of which the rollout is done may be.
    let run = line.dir.sh("imp-change resume last -- --soak 0s").ok();
    assert_eq!(events(&run).last().unwrap(), "done null - 60 60");
    assert_eq!((line.have_it(), line.builds()), ([true; 3], [2; 3]));
}

#[test]
fn devices_that_were_offline_before_do_not_count() {
    let line = Line::new(&[]);
    let ids = line.sim.members(&line.groups[0]);
    let [first, second] = [0, 1].map(|place| ids.iter().nth(place).expect("a device").clone());
    let offline =
        |id: &str| line.sim.control("POST", "offline", &json!({"devices": [id]}).to_string());
    offline(&first);
    let rollout = "imp-build rollout -b new --dg A,B --max-unavailable 0 --gate 'test -e go'";
    line.dir.sh(rollout).code(6).says("the gate ended with");
    // Also where it goes on.
    line.dir.write("go", "");
    offline(&second);
    line.dir.sh("imp-change resume last").code(6).says("1 device");
    line.sim.control("POST", "online", &json!({"devices": [second]}).to_string());
    let run = line.dir.sh("imp-change resume last").ok();
    assert_eq!(events(&run).last().unwrap(), "done null - 30 30");
}
