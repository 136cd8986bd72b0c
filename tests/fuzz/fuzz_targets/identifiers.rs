//! Identifiers: an address that was read is read the same again, what is shown steers no terminal, and
//! nothing leaves its segment of a path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::identifier::{Shape, is_uuid, shape};
use model::mac::{MacReading, mac, mac_or_other};
use model::text::{bare, cut, one_line, quoted};
use model::{Record, ResourceKind};
use pipe::Row;

fuzz_target!(|text: &str| {
    for reading in [mac(text), mac_or_other(text)] {
        if let MacReading::Address(address) = reading {
            assert_eq!(shape(&address), Shape::Mac);
            assert_eq!(mac(&address), MacReading::Address(address));
        }
    }
    let _either = is_uuid(text);
    for shown in [one_line(text), quoted(text)] {
        assert!(!shown.contains(|character: char| character.is_control()), "{shown:?}");
    }
    assert!(text.starts_with(cut(text, 7)) && cut(text, 7).len() <= 7);
    assert!(text.contains(bare(text)));
    let segment = api::segment(text);
    assert!(!segment.contains(['/', '?', '#', ' ']) && !matches!(&*segment, "." | ".."));
    let decoded = percent_encoding::percent_decode_str(&segment).decode_utf8();
    assert_eq!(decoded.as_deref(), Ok(text));
    let record = Record::read(text).unwrap_or_default();
    let rows = [Row::bare(text, "in:1"), Row { record, source: "in:1".to_owned() }];
    for (row, kind) in rows.iter().flat_map(|row| ResourceKind::ALL.map(|kind| (row, kind))) {
        let _one_or_the_other = row.misfit(kind);
        let _as_reference = row.as_reference_to(kind).identifier(kind, &["name"]);
        let Ok(identifier) = row.identifier(kind, &[]) else { continue };
        assert!(!identifier.text.is_empty(), "{row:?}");
        // Of two pairs of quotes one is taken for spelling.
        let is_quoted = bare(&identifier.text) != identifier.text;
        if !is_quoted && let Ok(again) = Row::bare(&identifier.text, "in:1").identifier(kind, &[]) {
            assert_eq!(again.text.to_lowercase(), identifier.text.to_lowercase());
        }
    }
});
