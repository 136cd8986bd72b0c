//! Commands of the user: each runs in a process group of its own, so that what it has started ends with it.
//!
//! Careful about the terminal: Ctrl-C does not reach another group than ours, so that the signal is passed on; and a
//! command of another group that reads from the terminal is stopped by the system, which is told instead of awaited.
//! And about what has ended and was left to init, which may take its time to notice: that is waited for no longer.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use api::send::clock;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};

use crate::exit::Exit;
use crate::terminal::signals;

/// How often it is looked whether all processes have ended that were told to.
const LOOK: Duration = Duration::from_millis(10);

/// So many times, before they are killed.
const LOOKS: u32 = 200;

/// A command under way.
pub struct ProcessGroup {
    child: Child,
    id: Pid,
}

/// How a command is.
#[derive(Debug)]
pub enum State {
    /// Under way.
    Runs,
    /// At its end.
    Ended(ExitStatus),
    /// Stopped by the system, because it wanted to read from the terminal, or by somebody.
    Stopped,
}

impl ProcessGroup {
    /// Starts a command.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let id = Pid::from_child(&child);
        Ok(ProcessGroup { child, id })
    }

    /// How it is now.
    ///
    /// # Errors
    /// When that cannot be known.
    pub fn state(&mut self) -> io::Result<State> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(State::Ended(status));
        }
        // One that has ended since is no child any more to who does not ask for those.
        let kinds = WaitIdOptions::EXITED | WaitIdOptions::STOPPED;
        let options = kinds | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(self.id), options)? {
            None => Ok(State::Runs),
            Some(status) if status.stopped() => Ok(State::Stopped),
            Some(_) => self.child.wait().map(State::Ended),
        }
    }

    /// Ends all of its processes that are left, with the signal that has stopped this run if there is one; kills those
    /// that do not end. So many of them are `keepers`, which take no other signal and are waited for by nobody.
    pub fn end(mut self, keepers: usize) {
        let signal = match signals::exit() {
            Exit::Interrupted => Signal::INT,
            Exit::HungUp => Signal::HUP,
            _ => Signal::TERM,
        };
        let _gone = kill_process_group(self.id, signal);
        // What is stopped takes no signal until it goes on.
        let _gone = kill_process_group(self.id, Signal::CONT);
        let mut is_told = signal == Signal::TERM;
        for _ in 0..LOOKS {
            let has_ended = self.child.try_wait().is_ok_and(|status| status.is_some());
            if has_ended && running(self.id) <= keepers {
                break;
            }
            if has_ended && !is_told {
                // What a shell starts in the background takes no notice of Ctrl-C.
                is_told = true;
                let _gone = kill_process_group(self.id, Signal::TERM);
            }
            clock::wait(LOOK);
        }
        let _gone = kill_process_group(self.id, Signal::KILL);
        let _has_ended = self.child.wait();
    }
}

/// How many processes of a group are there that have not ended.
fn running(group: Pid) -> usize {
    if test_kill_process_group(group).is_err() {
        return 0;
    }
    // Where nothing is told of processes all of them may run.
    let Ok(processes) = fs::read_dir("/proc") else { return usize::MAX };
    let runs = |process: &fs::DirEntry| {
        let is_process = process.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit);
        let stat = fs::read_to_string(process.path().join("stat")).ok().filter(|_| is_process);
        let state = stat.and_then(|stat| state_and_group(&stat));
        state.is_some_and(|(state, of)| of == group.as_raw_pid() && !matches!(state, 'Z' | 'X'))
    };
    processes.flatten().filter(runs).count()
}

/// The state and the group of a process, by what stands behind its name in `/proc/ID/stat`.
fn state_and_group(stat: &str) -> Option<(char, i32)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(1)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_and_was_not_waited_for_does_not_run() {
        assert_eq!(state_and_group("7 (a) b) Z 1 42 42 0"), Some(('Z', 42)));
        let mut group = ProcessGroup::start(&mut Command::new("true")).expect("it starts");
        // As one that init has not waited for: it has ended, and its group is still there.
        while running(group.id) > 0 {
            clock::wait(LOOK);
        }
        assert!(test_kill_process_group(group.id).is_ok());
        assert!(matches!(group.state(), Ok(State::Ended(_))));
        let mut group = ProcessGroup::start(Command::new("sleep").arg("1000")).expect("it starts");
        assert!(running(group.id) == 1 && matches!(group.state(), Ok(State::Runs)));
        group.end(0);
    }

    #[test]
    fn one_that_ends_while_it_is_looked_at_has_ended() {
        for _ in 0..200 {
            let mut group = ProcessGroup::start(&mut Command::new("true")).expect("it starts");
            let status = loop {
                match group.state().expect("it is known") {
                    State::Ended(status) => break status,
                    State::Runs => {}
                    State::Stopped => panic!("nobody stops it"),
                }
            };
            assert!(status.success());
        }
    }
}
