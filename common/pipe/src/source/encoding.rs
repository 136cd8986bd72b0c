//! Text that is not UTF-8, read as what the user says it is.
//!
//! What cannot be decoded ends the source with an error: nothing is replaced by a question mark.

use std::io::{self, Read};
use std::str::FromStr;

use encoding_rs::{Decoder, DecoderResult};

/// An encoding of `--encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

impl FromStr for Encoding {
    type Err = String;

    fn from_str(name: &str) -> Result<Encoding, String> {
        encoding_rs::Encoding::for_label(name.as_bytes()).map(Encoding).ok_or_else(|| {
            "no encoding is called so; for example utf-8, latin1, windows-1252, utf-16".to_owned()
        })
    }
}

impl Encoding {
    /// The bytes of `reader` as UTF-8. A byte order mark beats the encoding.
    pub(super) fn decode(self, reader: Box<dyn Read + Send>) -> impl Read + Send {
        Decoded {
            reader,
            name: self.0.name(),
            decoder: self.0.new_decoder(),
            text: Vec::new(),
            given: 0,
            ended: false,
        }
    }
}

struct Decoded {
    reader: Box<dyn Read + Send>,
    name: &'static str,
    decoder: Decoder,
    /// What is decoded, of which so many bytes have been given.
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Decoded {
    /// Decodes what comes next; a character may need more than that.
    fn fill(&mut self) -> io::Result<()> {
        let mut bytes = [0; 8 << 10];
        let count = self.reader.read(&mut bytes)?;
        self.ended = count == 0;
        let room = self.decoder.max_utf8_buffer_length_without_replacement(count);
        self.text.resize(room.unwrap_or(count * 3 + 16), 0);
        let (result, _, written) = self.decoder.decode_to_utf8_without_replacement(
            &bytes[..count],
            &mut self.text,
            self.ended,
        );
        self.text.truncate(written);
        self.given = 0;
        match result {
            DecoderResult::InputEmpty => Ok(()),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("there are bytes that are not {}; --encoding says it is", self.name),
            )),
        }
    }
}

impl Read for Decoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            self.fill()?;
        }
        let count = (&self.text[self.given..]).read(buffer)?;
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(name: &str, bytes: &'static [u8]) -> io::Result<String> {
        let encoding: Encoding = name.parse().expect("an encoding");
        let mut text = String::new();
        encoding.decode(Box::new(bytes)).read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn text_of_spreadsheets_is_read_as_it_was_meant() {
        assert_eq!(decoded("latin1", b"B\xfcro 7").unwrap(), "B\u{fc}ro 7");
        assert_eq!(
            decoded("windows-1252", b"\x80 \x84x\x93").unwrap(),
            "\u{20ac} \u{201e}x\u{201c}"
        );
        assert_eq!(decoded("utf-16", b"\xff\xfei\0d\0").unwrap(), "id");
        assert_eq!(decoded("utf-16", b"\xfe\xff\0i\0d").unwrap(), "id", "the mark counts");
        assert!(decoded("utf-16", b"i\0\0\xd8x\0").is_err(), "half a character");
        assert!("klingon".parse::<Encoding>().is_err());
    }
}
