//! Reads a page of a list as the service writes it: each byte is looked at once.
//!
//! Careful to take only what it reads as `page` does, which is asked again about anything else: escapes, spaces,
//! values in values, parts in another order.

use model::Record;
use model::record::{Builder, Plain};

use super::page::Page;

/// About what the fields of a record and their text need.
const ROOM: (usize, usize) = (28, 1024);

/// The page in a text; `None` where that is for the reader of JSON to say.
pub(super) fn read(text: &str) -> Option<Page> {
    let mut plain = Plain::new(text);
    let (mut data, mut links) = (None, None);
    plain.object(|plain, name| match name {
        "data" => once(&mut data, records(plain)?),
        "links" => once(&mut links, plain.value()?),
        _ => plain.value().map(|_| ()),
    })?;
    let links = links.map(serde_json::from_str).transpose().ok()?.unwrap_or_default();
    if !plain.is_over() {
        return None;
    }
    Some(Page { data: data?, links })
}

/// Of what comes twice the other reader knows which counts.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn records(plain: &mut Plain<'_>) -> Option<Vec<Record>> {
    let mut records = Vec::with_capacity(100);
    plain.list(|plain| {
        records.push(record(plain)?);
        Some(())
    })?;
    Some(records)
}

/// The record of a resource, whose parts come in the order in which the record has them.
fn record(plain: &mut Plain<'_>) -> Option<Record> {
    let mut record = Builder::with_room_for(ROOM.0, ROOM.1);
    // The number of the part that came last.
    let mut last = 0;
    plain.object(|plain, name| {
        let part = match name {
            "type" => 1,
            "id" => 2,
            "attributes" => 3,
            "relationships" => 4,
            _ => return plain.value().map(|_| ()),
        };
        // Without relationships before attributes, and without attributes before what they must not hide.
        if part != last + 1 && (part, last) != (4, 2) {
            return None;
        }
        last = part;
        match part {
            1 | 2 => record.take_simple((name, ""), plain.simple()?),
            3 => record.take_members(plain),
            _ => plain.object(|plain, name| relate(&mut record, name, plain)),
        }
    })?;
    // What is no resource has neither attributes nor relationships.
    (last > 2).then(|| record.finish())
}

/// Adds a relationship of the usual kind.
fn relate(record: &mut Builder, name: &str, plain: &mut Plain<'_>) -> Option<()> {
    if plain.passes_null() {
        return Some(());
    }
    let (mut id, mut kind) = (None, None);
    plain.object(|plain, part| match part {
        "id" => once(&mut id, plain.simple()?),
        "type" => once(&mut kind, plain.simple()?),
        _ => None,
    })?;
    record.take_simple((name, "_id"), id.unwrap_or("null"))?;
    record.take_simple((name, "_type"), kind.unwrap_or("null"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = concat!(
        r#"{"meta":[1,{"x":null}],"data":[{"type":"device","id":"23","links":{"self":"x"},"#,
        r#""attributes":{"name":null,"online":false,"rssi":-40,"owner":"é"},"#,
        r#""relationships":{"owner":{"type":"account","id":"a"},"group":null,"maker":{"id":"m"}}},"#,
        r#"{"type":"device","id":"24","attributes":{}},"#,
        r#"{"type":"x","id":"25","relationships":{}}],"links":{"next":"n"}}"#,
    );

    /// What is read of a text, to the letter.
    fn told(page: &Page) -> (Vec<String>, String) {
        (page.data.iter().map(Record::to_string).collect(), page.links.to_string())
    }

    #[test]
    fn a_plain_page_is_read_as_any_page() {
        let page = read(PAGE).expect("a plain page");
        assert_eq!(told(&page), told(&Page::read_json(PAGE, None).expect("a page")));
        let first = page.data[0].to_string();
        let expected = r#"{"type":"device","id":"23","name":null,"online":false,"rssi":-40,"owner":"é","owner_id":"a","owner_type":"account","maker_id":"m","maker_type":null}"#;
        assert_eq!(first, expected);
        assert_eq!(page.data[0], Record::read(expected).expect("a record"));
        assert_eq!(page.links["next"], "n");
    }

    #[test]
    fn what_is_taken_of_another_text_is_what_the_other_reader_takes() {
        let (mut taken, mut left) = (0, 0);
        let parts = ["\"", "\\", "{", "}", "[", "]", ",", ":", " ", "1", "null", "\"id\":0,"];
        for (place, _) in PAGE.char_indices() {
            let cut = &PAGE[..place];
            assert!(read(cut).is_none(), "{cut}");
            let rest = &PAGE[place..];
            let shorter =
                rest.char_indices().skip(1).map(|(end, _)| format!("{cut}{}", &rest[end..]));
            let longer = parts.iter().map(|part| format!("{cut}{part}{rest}"));
            for text in shorter.chain(longer) {
                let Some(page) = read(&text) else {
                    left += 1;
                    continue;
                };
                let other = Page::read_json(&text, None).map(|page| told(&page));
                assert_eq!(told(&page), other.expect(&text), "{text}");
                taken += 1;
            }
        }
        assert!(taken > 1000 && left > 1000, "{taken}, {left}");
    }

    #[test]
    fn what_is_written_otherwise_is_left_to_the_other_reader() {
        for (part, other) in [
            (r#""rssi":-40"#, r#""rssi":4e1"#),
            (r#""rssi":-40"#, r#""name":1"#),
            (r#""rssi":-40"#, r#""id":"hidden""#),
            (r#""rssi":-40"#, r#""owner_id":"hidden""#),
            (r#""rssi":-40"#, r#""rssi":[1]"#),
            (r#""rssi":-40"#, r#""rssi": -40"#),
            (r#"{"id":"m"}"#, r#"{"data":{"id":"m"}}"#),
            (r#"{"id":"m"}"#, r#"[{"id":"m"}]"#),
            (r#""type":"device","id":"24""#, r#""id":"24","type":"device""#),
            (r#""type":"device","id":"24""#, r#""type":"device""#),
            (r#","attributes":{}"#, ""),
        ] {
            let text = PAGE.replacen(part, other, 1);
            assert!(text != PAGE && read(&text).is_none(), "{text}");
        }
    }
}
