//! What is a token, and where none is.

use super::*;

fn kinds(source: &str) -> Vec<Kind<'_>> {
    tokens(source).unwrap().into_iter().map(|token| token.kind).collect()
}

fn text(text: &str) -> Kind<'_> {
    Kind::Literal(Value::Text(text.to_owned()))
}

#[test]
fn comments_of_all_three_kinds_are_no_tokens() {
    let source = "a // \"\n# ' {\n/* \" \n } */ b";
    assert_eq!(kinds(source), [Kind::Name("a"), Kind::Name("b")]);
    let last = tokens(source).unwrap().pop().unwrap();
    let place = Remark::new(source, last.at, "");
    assert_eq!((place.row, place.column), (4, 7));
}

#[test]
fn strings_have_escapes_and_verbatim_ones_have_lines() {
    assert_eq!(kinds(r#""a\n\x41\"é""#), [text("a\nA\"é")]);
    assert_eq!(kinds("@\"C:\\x\n\"\"q\"\"\""), [text("C:\\x\n\"q\"")]);
    assert_eq!(kinds("'A'"), [Kind::Literal(Value::Integer(65))]);
}

#[test]
fn numbers_are_told_from_members() {
    let numbers = [Value::Integer(255), Value::Float(1.5), Value::Float(2000.0)];
    assert_eq!(kinds("0xff 1.5 2e3"), numbers.map(Kind::Literal));
    let member = [Kind::Literal(Value::Integer(5)), Kind::Sign("."), Kind::Name("x")];
    assert_eq!(kinds("5.x"), member);
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
