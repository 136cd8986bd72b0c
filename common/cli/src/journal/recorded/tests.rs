//! Journals of a few lines, whole and damaged.

use super::*;

#[test]
fn a_line_that_was_cut_off_is_no_line_and_what_was_under_way_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.ndjson");
    let lines = [
        r#"{"type":"run","run":"x","command":["imp-device","restart"],"directory":"/w","account":null}"#,
        r#"{"type":"row","row":1,"source":"in:1","input":{}}"#,
        r#"{"type":"row","row":2,"source":"in:2","input":{}}"#,
        r#"{"type":"row","row":3,"source":"in:3","input":{}}"#,
        r#"{"type":"row","row":4,"source":"in:4","input":{}}"#,
        r#"{"type":"read","rows":4}"#,
        r#"{"type":"started","rows":[1],"thing":{"names":["d"],"wanted":"w"}}"#,
        r#"{"type":"started","rows":[2,3]}"#,
        r#"{"type":"change","row":1,"source":"in:1","thing":{"names":["d"],"wanted":"w"}}"#,
        r#"{"type":"failed","row":2,"error":{"kind":"refused"}}"#,
    ];
    let whole = format!("{}\n", lines.join("\n"));
    std::fs::write(&path, format!("{whole}{{\"type\":\"change\",\"row\":3")).unwrap();
    let recorded = Recorded::read(&path).unwrap();
    let states = [1, 2, 3, 4].map(|row| recorded.state(row));
    let expected = [RowState::Done, RowState::Failed, RowState::UnderWay, RowState::Open];
    assert_eq!(states, expected);
    assert_eq!((recorded.to_do(false), recorded.to_do(true)), (vec![3, 4], vec![2, 3, 4]));
    assert_eq!(
        (recorded.length, recorded.was_read, recorded.exit),
        (whole.len() as u64, true, None)
    );
    assert_eq!(recorded.things().next().map(|(row, _, source)| (row, source)), Some((1, "in:1")));
    assert_eq!(header(&path).unwrap().command, ["imp-device", "restart"]);
}

#[test]
fn what_the_end_of_a_run_came_before_is_still_to_be_done() {
    let mut recorded = Recorded::default();
    let mut take = |text: &str| recorded.take(Some(serde_json::from_str(text).unwrap()));
    for row in 1..=3 {
        take(&format!(r#"{{"type":"row","row":{row}}}"#));
    }
    take(r#"{"type":"started","rows":[1,2]}"#);
    take(r#"{"type":"failed","row":1,"error":{"kind":"not_attempted"}}"#);
    take(r#"{"type":"failed","row":2,"error":{"kind":"unknown_outcome"}}"#);
    take(r#"{"type":"end","exit":143,"at":"now"}"#);
    assert_eq!((recorded.to_do(false), recorded.exit), (vec![1, 3], Some(143)));
    assert!(recorded.is_under_way(2) && !recorded.is_under_way(1));
    assert!(!recorded.is_left());
}

#[test]
fn what_may_have_been_done_is_known_until_it_is_told_what_became_of_it() {
    let mut recorded = Recorded::default();
    let mut take = |text: &str| recorded.take(Some(serde_json::from_str(text).unwrap()));
    let planned = |row: u64| {
        format!(
            r#"{{"type":"started","rows":[{row}],"outcome":"updated","changes":[{{"type":"change","kind":"product","id":"p{row}","before":{{"name":"a"}},"after":{{"name":"b"}}}}]}}"#
        )
    };
    (1..=4).for_each(|row| take(&planned(row)));
    take(r#"{"type":"change","row":1,"outcome":"updated"}"#);
    take(r#"{"type":"failed","row":2,"error":{"kind":"refused"}}"#);
    take(r#"{"type":"failed","row":3,"error":{"kind":"unknown_outcome"}}"#);
    let perhaps: Vec<_> = recorded.perhaps_done().map(|(row, effect)| (row, effect.id)).collect();
    assert_eq!(perhaps, [(3, "p3".to_owned()), (4, "p4".to_owned())]);
    assert_eq!(recorded.perhaps_more(), 1, "row 3; row 4 is under way");
    let mut take = |text: &str| recorded.take(Some(serde_json::from_str(text).unwrap()));
    take(r#"{"type":"change","row":3,"outcome":"updated"}"#);
    assert_eq!(recorded.perhaps_more(), 0);
}

#[test]
fn a_run_that_says_so_is_not_finished_though_all_of_its_rows_are_done() {
    let mut recorded = Recorded::default();
    let mut left = |text: &str| {
        recorded.take(Some(serde_json::from_str(text).unwrap()));
        recorded.is_left()
    };
    assert!(left(r#"{"type":"row","row":1}"#));
    assert!(left(r#"{"type":"change","row":1}"#));
    assert!(left(r#"{"type":"end","exit":6,"at":"now","unfinished":true}"#));
    assert!(left(r#"{"type":"resumed"}"#));
    assert!(!left(r#"{"type":"end","exit":0,"at":"now"}"#));
}

#[test]
fn of_a_run_that_was_undone_only_what_may_have_been_done_is_taken_up() {
    let mut recorded = Recorded::default();
    let mut take = |text: &str| recorded.take(Some(serde_json::from_str(text).unwrap()));
    for row in 1..=4 {
        take(&format!(r#"{{"type":"row","row":{row}}}"#));
    }
    take(r#"{"type":"read","rows":4}"#);
    take(r#"{"type":"started","rows":[1,2,3]}"#);
    take(r#"{"type":"failed","row":1,"error":{"kind":"refused"}}"#);
    take(r#"{"type":"failed","row":2,"error":{"kind":"unknown_outcome"}}"#);
    take(r#"{"type":"step","of_row":3,"beside":["w"]}"#);
    assert_eq!((recorded.to_do(false), recorded.to_do(true)), (vec![3, 4], vec![1, 2, 3, 4]));
    recorded.take(Some(serde_json::from_str(r#"{"type":"forgotten","undone":true}"#).unwrap()));
    assert_eq!((recorded.to_do(false), recorded.to_do(true)), (vec![3], vec![2, 3]));
    assert!(!recorded.has_steps, "webhooks that were there before are no waves");
}
