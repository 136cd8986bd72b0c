//! How a row names its device, in eight bytes: ids and MAC addresses are numbers, any other text stands in one text
//! that all rows share.

use std::fmt::Write;

/// What names a device: its text, as small as it can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named<'a> {
    /// 16 hex digits, whatever their case.
    Id(u64),
    /// A MAC address with colons, whatever its case.
    Mac(u64),
    /// An agent id or a name.
    Text(&'a str),
}

impl<'a> Named<'a> {
    /// Reads a text.
    pub fn of(text: &'a str) -> Named<'a> {
        let bytes = text.as_bytes();
        match bytes.len() {
            16 => hex(bytes, |_| false).map(Named::Id),
            17 => hex(bytes, |place| place % 3 == 2).map(Named::Mac),
            _ => None,
        }
        .unwrap_or(Named::Text(text))
    }

    /// Appends the text, ids and MAC addresses in the usual spelling.
    pub fn write(self, out: &mut String) {
        match self {
            Named::Id(id) => write_id(id, out),
            Named::Mac(mac) => {
                let mut digits = String::with_capacity(16);
                write_id(mac, &mut digits);
                for octet in 2..8 {
                    if octet > 2 {
                        out.push(':');
                    }
                    out.push_str(&digits[2 * octet..2 * octet + 2]);
                }
            }
            Named::Text(text) => out.push_str(text),
        }
    }

    /// The text, ids and MAC addresses in the usual spelling.
    pub fn text(self) -> String {
        let mut text = String::with_capacity(17);
        self.write(&mut text);
        text
    }
}

/// Rows, sorted by what names their devices, those alike in their own order.
#[derive(Debug)]
pub(super) struct Sorted {
    pub ids: Vec<u32>,
    pub macs: Vec<u32>,
    pub texts: Vec<u32>,
}

impl Sorted {
    /// Sorts rows by what `named` gives for them.
    pub fn new<'a>(rows: impl Iterator<Item = u32>, named: impl Fn(u32) -> Named<'a>) -> Sorted {
        let (mut ids, mut macs, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            match named(row) {
                Named::Id(_) => ids.push(row),
                Named::Mac(_) => macs.push(row),
                Named::Text(_) => texts.push(row),
            }
        }
        let number = |row: &u32| match named(*row) {
            Named::Id(number) | Named::Mac(number) => (number, *row),
            Named::Text(_) => (0, *row),
        };
        ids.sort_unstable_by_key(number);
        macs.sort_unstable_by_key(number);
        texts.sort_unstable_by(|one, other| {
            named(*one).cmp(&named(*other)).then_with(|| one.cmp(other))
        });
        Sorted { ids, macs, texts }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &[u32]> {
        [&*self.ids, &self.macs, &self.texts].into_iter()
    }
}

/// Appends the id with this number.
pub(super) fn write_id(id: u64, out: &mut String) {
    // Writing to memory cannot fail.
    let _written = write!(out, "{id:016x}");
}

/// The number in hex, with colons in these places.
fn hex(bytes: &[u8], is_colon: impl Fn(usize) -> bool) -> Option<u64> {
    let mut number = 0;
    for (place, byte) in bytes.iter().enumerate() {
        if is_colon(place) {
            if *byte != b':' {
                return None;
            }
            continue;
        }
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return None,
        };
        number = number << 4 | u64::from(digit);
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::identifier::{Shape, shape};

    #[test]
    fn a_text_is_read_as_the_shape_that_it_has_and_written_as_usual() {
        for (text, named) in [
            ("40000c2a69000001", Named::Id(0x4000_0c2a_6900_0001)),
            ("ffffffffffffffff", Named::Id(u64::MAX)),
            ("0000000000000000", Named::Id(0)),
            ("0c:2a:69:00:00:01", Named::Mac(0x0c2a_6900_0001)),
            ("-jXp_9QaLm2Z", Named::Text("-jXp_9QaLm2Z")),
            ("0c:2a:69:00:00:0", Named::Text("0c:2a:69:00:00:0")),
            ("0c-2a-69-00-00-01", Named::Text("0c-2a-69-00-00-01")),
            ("ééééééé!!", Named::Text("ééééééé!!")),
            ("Küche", Named::Text("Küche")),
            ("", Named::Text("")),
        ] {
            assert_eq!((Named::of(text), named.text().as_str()), (named, text));
            let is_text = !matches!(shape(text), Shape::Id | Shape::Mac);
            assert_eq!(matches!(named, Named::Text(_)), is_text, "{text}");
        }
        assert_eq!(Named::of("0C:2A:69:00:00:0F"), Named::of("0c:2a:69:00:00:0f"));
        assert_eq!(Named::of("40000C2A690000AF"), Named::of("40000c2a690000af"));
    }
}
