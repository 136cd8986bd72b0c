//! The gate of a wave: any command line, which reads the wave's records on its stdin and says by its exit code
//! whether the next wave may begin.
//!
//! Careful about what it inherits. Its stdin is a file without a name, so that it need not read it; its stdout, on
//! which most print the devices, is shown only to who wants to know more, and on stderr, since stdout is for events; it
//! works as the account that the rollout works as; and it is no part of the run that is resumed. What it starts ends
//! with it, and it ends with the rollout, whatever ends that.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use api::send::clock;
use cli::Session;
use cli::terminal::process_group::{ProcessGroup, State};
use model::Record;

/// How often it is looked whether it has ended.
const LOOKS: Duration = Duration::from_millis(20);

/// Runs the gate, its first argument, with its stdout shown if there is a second, and ends it when nobody holds the other end of the pipe any more that comes as
/// stdout: after kill -9 as well. The gate itself is a shell of its own, so that its `wait` does not wait for that.
/// Who writes to a terminal that stops what is not in front (stty tostop) is no gate that asks.
const SCRIPT: &str = "trap '' TTOU
exec 3<&1
[ -n \"$2\" ] && exec >&2 || exec >/dev/null
{
    trap '' HUP INT TERM
    read -r _
    kill -s TERM -- -$$
    kill -s CONT -- -$$
    sleep 2
    kill -s KILL -- -$$
} <&3 3<&- 2>/dev/null &
exec sh -c \"$1\" 3<&-";

/// What waits for our end there, whatever signal the gate is sent: another one may end us first.
const KEEPERS: usize = 1;

/// What a gate says.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Passed,
    /// Do not, for this reason.
    Failed(String),
    /// It was not awaited, because a signal came.
    Stopped,
}

/// The records of a wave, as they become known.
pub struct Records {
    file: BufWriter<File>,
}

impl Records {
    /// None yet.
    pub fn new() -> io::Result<Records> {
        let file = tempfile::tempfile().map(BufWriter::new)?;
        Ok(Records { file })
    }

    /// Adds one.
    pub fn add(&mut self, record: &Record) -> io::Result<()> {
        let mut line = String::new();
        record.write_json(&mut line);
        line.push('\n');
        self.file.write_all(line.as_bytes())
    }

    /// Asks the gate about them.
    pub fn ask(&mut self, session: &Session, gate: &str) -> io::Result<(Verdict, Asked)> {
        self.file.flush()?;
        let mut stdin = self.file.get_ref().try_clone()?;
        stdin.rewind()?;
        let mut command = Command::new("sh");
        let account = &session.common;
        if let Some(file) = &account.auth_file {
            command.env("IMP_AUTH_FILE", file).env_remove("IMP_ACCOUNT");
        } else if let Some(name) = &account.account {
            command.env("IMP_ACCOUNT", name).env_remove("IMP_AUTH_FILE");
        }
        // The writing end is ours alone, and closed when we end.
        let (reader, writer) = io::pipe()?;
        command
            .args(["-c", SCRIPT, "sh", gate])
            .args(session.common.verbose.then_some("shown"))
            .stdin(Stdio::from(stdin))
            .stdout(Stdio::from(reader))
            .env_remove("IMP_RESUME")
            .env_remove("IMP_RESUME_FAILED");
        let mut group = ProcessGroup::start(&mut command)?;
        let verdict = await_verdict(session, &mut group);
        let asked = Asked { group, _writer: writer };
        match verdict {
            Ok(verdict) => Ok((verdict, asked)),
            Err(error) => {
                asked.end();
                Err(error)
            }
        }
    }
}

/// A gate that has said something, or is not awaited; what it has started may be there still.
pub struct Asked {
    group: ProcessGroup,
    /// What the gate takes for our end when it is closed.
    _writer: io::PipeWriter,
}

impl Asked {
    /// Ends what is left of it.
    pub fn end(self) {
        self.group.end(KEEPERS);
    }
}

fn await_verdict(session: &Session, group: &mut ProcessGroup) -> io::Result<Verdict> {
    loop {
        let state = group.state()?;
        if session.is_stopped() {
            return Ok(Verdict::Stopped);
        }
        match state {
            State::Ended(status) if status.success() => return Ok(Verdict::Passed),
            State::Ended(status) => {
                return Ok(Verdict::Failed(format!("the gate ended with {status}")));
            }
            State::Stopped => {
                let reason = "the gate was stopped; it cannot ask at the terminal";
                return Ok(Verdict::Failed(reason.to_owned()));
            }
            State::Runs => _ = clock::wait_unless(&session.stop, LOOKS),
        }
    }
}
