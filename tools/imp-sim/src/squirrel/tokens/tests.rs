//! What is a token, and where none is.

use super::*;

fn kinds(source: &str) -> Vec<Kind> {
    tokens(source).unwrap().into_iter().map(|token| token.kind).collect()
}

#[test]
fn comments_of_all_three_kinds_are_no_tokens() {
    let source = "a // \"\n# ' {\n/* \" \n } */ b";
    let names = [Kind::Name("a".to_owned()), Kind::Name("b".to_owned())];
    assert_eq!(kinds(source), names);
    let last = tokens(source).unwrap().pop().unwrap();
    assert_eq!((last.row, last.column), (4, 7));
}

#[test]
fn strings_have_escapes_and_verbatim_ones_have_lines() {
    assert_eq!(kinds(r#""a\n\x41\"é""#), [Kind::Text("a\nA\"é".to_owned())]);
    assert_eq!(kinds("@\"C:\\x\n\"\"q\"\"\""), [Kind::Text("C:\\x\n\"q\"".to_owned())]);
    assert_eq!(kinds("'A'"), [Kind::Integer(65)]);
}

#[test]
fn numbers_are_told_from_members() {
    let dot = Kind::Sign(".");
    assert_eq!(kinds("0xff 1.5 2e3"), [Kind::Integer(255), Kind::Float(1.5), Kind::Float(2000.0)]);
    assert_eq!(kinds("5.x"), [Kind::Integer(5), dot, Kind::Name("x".to_owned())]);
}

#[test]
fn what_does_not_end_is_remarked_where_it_begins() {
    for (source, row, column) in [
        ("x = \"abc;\ny = 1", 1, 5),
        ("x = \"abc", 1, 5),
        ("\n  @\"abc\n\n", 2, 3),
        ("a\n /* b\n", 2, 2),
        ("é = 1", 1, 1),
        ("a\n\tb $", 2, 4),
        ("\"a\\q\"", 1, 3),
        ("''", 1, 1),
        ("\"a\\", 1, 1),
    ] {
        let remark = tokens(source).unwrap_err();
        assert_eq!((remark.row, remark.column), (row, column), "{source}: {remark:?}");
    }
}
