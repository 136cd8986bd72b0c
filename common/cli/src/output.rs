//! Records on stdout, in the form that was asked for.
//!
//! A closed pipe is remembered, not reported: what it means depends on the verb.

use model::{Record, ResourceKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use api::resolve::Resolver;
use pipe::{Format, Sink, Wrote};
use rustix::io::Errno;

use crate::args::{Common, OutputFormat};
use crate::command_error::CommandError;
use crate::{terminal::progress, terminal::stdout};

/// The output of a run.
pub struct Output {
    sink: Mutex<Sink>,
    closed: AtomicBool,
    is_table: bool,
    at_terminal: bool,
}

impl Output {
    /// Opens stdout. Tables look up the names of groups and products with `resolver`, if there is one.
    ///
    /// # Errors
    /// Exit 2 when it cannot be.
    pub fn open(common: &Common, resolver: Option<Arc<Resolver>>) -> Result<Self, CommandError> {
        let at_terminal = stdout::is_terminal();
        let format = match common.output {
            Some(OutputFormat::Ndjson | OutputFormat::Debug) => Format::Ndjson,
            Some(OutputFormat::Json) => Format::Json,
            Some(OutputFormat::Csv) => Format::Csv,
            Some(OutputFormat::Table) => Format::Table,
            Some(OutputFormat::Minimal) => Format::Minimal,
            None if at_terminal => Format::Table,
            None => Format::Ndjson,
        };
        let mut sink = Sink::new(format, common.fields.clone(), stdout::writer(), stdout::width());
        if let Some(resolver) = resolver {
            sink.set_names(Box::new(move |kind, id| {
                let kind = if kind == "product" {
                    ResourceKind::Product
                } else {
                    ResourceKind::DeviceGroup
                };
                resolver.name_of(kind, id)
            }));
        }
        Ok(Output {
            sink: Mutex::new(sink),
            closed: AtomicBool::new(false),
            is_table: format == Format::Table,
            at_terminal,
        })
    }

    /// Says what the records will be about, so that CSV has its header even when none comes.
    pub fn expect(&self, target: ResourceKind) {
        let kind = target.types().first().copied().unwrap_or_default();
        self.sink.lock().unwrap_or_else(PoisonError::into_inner).expect_type(kind);
    }

    /// The same for records that are about nothing of the service's own: log entries, events.
    pub fn expect_type(&self, kind: &str) {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner).expect_type(kind);
    }

    /// Says that the records will tell what was done to them, or would have been.
    pub fn expect_marks(&self, dry_run: bool) {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner).expect_marks(dry_run);
    }

    /// Prints a record.
    ///
    /// # Errors
    /// When stdout fails for another reason than that nobody reads it, a full disk for example.
    pub fn print(&self, record: &Record) -> Result<(), CommandError> {
        self.with_sink(|sink| sink.write(record))
    }

    /// Hands on what was printed.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub fn flush(&self) -> Result<(), CommandError> {
        self.with_sink(Sink::flush)
    }

    /// Hands on what was printed, unless a table still collects rows to fit its columns to.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub fn flush_rows(&self) -> Result<(), CommandError> {
        if self.is_table { Ok(()) } else { self.flush() }
    }

    /// Ends the output.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub fn finish(&self) -> Result<(), CommandError> {
        self.with_sink(Sink::finish)
    }

    /// True as long as somebody reads stdout.
    pub fn is_read(&self) -> bool {
        if !self.closed.load(Ordering::Relaxed) && !stdout::is_still_read() {
            self.closed.store(true, Ordering::Relaxed);
        }
        !self.closed.load(Ordering::Relaxed)
    }

    fn with_sink(
        &self,
        act: impl FnOnce(&mut Sink) -> std::io::Result<Wrote>,
    ) -> Result<(), CommandError> {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let act = || act(&mut sink);
        let wrote = if self.at_terminal { progress::beside(act) } else { act() };
        let wrote = match wrote {
            // A terminal that is gone is read as little as a closed pipe.
            Err(error) if self.at_terminal && Errno::from_io_error(&error) == Some(Errno::IO) => {
                Ok(Wrote::Closed)
            }
            wrote => wrote,
        };
        let wrote = wrote
            .map_err(|error| CommandError::usage(format!("cannot write to stdout: {error}")))?;
        if wrote == Wrote::Closed {
            self.closed.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
