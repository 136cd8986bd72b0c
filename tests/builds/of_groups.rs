//! `imp-dg builds` and the groups that it is given; the minimum that `imp-dg update` sets.

use tests::Dir;

use super::super::{aged, loaded_id};

#[test]
fn a_group_that_only_gets_a_minimum_is_printed_as_a_group() {
    let (_files, sim) = aged([false, false, false, false]);
    let dir = Dir::signed_in(&sim);
    let whole = dir.sh("imp-dg info --dg Aged").quiet().record();
    for (options, marks) in [("--dry-run", 2), ("", 1)] {
        let script = format!("imp-dg update --dg Aged -m {} {options}", loaded_id(2));
        let record = dir.sh(&script).ok().outcomes("updated", 1).record();
        for name in ["id", "type", "name", "product_id"] {
            assert_eq!(record[name], whole[name], "{script}");
        }
        let added = record.as_object().expect("an object").len();
        assert!(added >= whole.as_object().expect("an object").len() + marks, "{record}");
    }
    let record = dir.sh("imp-dg info --dg Aged").quiet().record();
    assert_eq!(record["min_supported_deployment_id"], loaded_id(2));
}
