//! `imp-sim run`: a service for one command, which finds itself signed in.

mod example;
mod shell;

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context, bail};
use rustix::process;
use serde_json::json;
use tokio::process::Child;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::changes::{ChangesFile, are_same_file};
use crate::console;
use crate::options::ServiceOptions;
use crate::service::{self, Running};
use crate::state_file;

/// Runs the command and gives its exit code, 128 and the number of the signal that ended it, or
/// what shells give for a command that is not there (127) or cannot be started (126). What was done,
/// however it ended, is left in `changes`.
pub async fn run(
    options: &ServiceOptions,
    changes: Option<&Path>,
    command: &[OsString],
) -> anyhow::Result<u8> {
    if let Some(changes) = changes {
        is_read_by_nobody(changes, options)?;
    }
    let running = service::start(options, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    if let Some(file) = changes.map(ChangesFile::open).transpose()? {
        running.sim.note_changes(file);
    }
    // Before the command starts: from then on no signal may end us and leave it behind. Not earlier: files may be pipes,
    // which are waited for.
    let mut signals = Signals::catch()?;
    let code = run_command(options, &running, command, &mut signals).await?;
    let written = finish_changes(&running);
    let saved = service::finish(&running, options);
    if let (Err(_), Err(error)) = (&written, &saved) {
        console::message(format_args!("{error:#}"));
    }
    written.and(saved).map(|()| code)
}

/// Refuses to write changes to a file that is an input.
fn is_read_by_nobody(changes: &Path, options: &ServiceOptions) -> anyhow::Result<()> {
    let load = options.load.iter().map(|file| ("--load", file));
    let state = options.state.iter().map(|file| ("--state", file));
    match load.chain(state).find(|(_, file)| are_same_file(changes, file)) {
        None => Ok(()),
        Some((option, file)) => bail!(
            "--changes {} is the file of {option} {}, which it would replace: give another name; nothing was done",
            changes.display(),
            file.display()
        ),
    }
}

/// Sees to it that what was changed has been written, if it was noted.
fn finish_changes(running: &Running) -> anyhow::Result<()> {
    let Some(mut changes) = running.sim.changes() else { return Ok(()) };
    changes.finish()?.iter().for_each(console::message);
    Ok(())
}

/// Gives its exit code.
async fn run_command(
    options: &ServiceOptions,
    running: &Running,
    command: &[OsString],
    signals: &mut Signals,
) -> anyhow::Result<u8> {
    let directory = tempfile::Builder::new().prefix("imp-sim-").tempdir()?;
    let auth_file = directory.path().join(".impt.auth");
    write_auth_file(running, &auth_file)?;
    let (program, arguments) = command.split_first().context("no command")?;
    let variables = variables(running, auth_file.as_os_str())?;
    let mut child = tokio::process::Command::new(where_it_is(program)?);
    // The sign-in is the one below; an account of the user's own must not come in between.
    child.args(arguments).env_remove("IMP_ACCOUNT");
    child.envs(variables.iter().map(|(name, value)| (name, value)));
    let files =
        if options.example { put_files(running, directory.path(), &mut child)? } else { &[][..] };
    if let Some(name) = shell::name(command).filter(|_| console::is_conversation()) {
        shell::mark_prompt(name, &mut child, directory.path())?;
        let environment = shell::write_environment(&variables, directory.path())?;
        let kept_in = options.state.as_deref();
        let greeting = shell::greeting(&running.sim.state(), &environment, files, kept_in);
        console::message(greeting);
    }
    match child.spawn() {
        Ok(child) => {
            running.sim.changes().iter_mut().for_each(|changes| changes.begin());
            Ok(exit_code(wait(child, signals).await?))
        }
        Err(error) => Ok(not_started(program, &error)),
    }
}

/// Says why the command cannot be started, and gives the exit code of that.
pub(crate) fn not_started(program: &OsStr, error: &std::io::Error) -> u8 {
    console::message(format_args!("cannot start {}: {error}", program.display()));
    if error.kind() == ErrorKind::NotFound { 127 } else { 126 }
}

/// The command may run in another directory; a name without a slash is searched for, and stays.
pub(crate) fn where_it_is(program: &OsStr) -> std::io::Result<PathBuf> {
    let path = Path::new(program);
    if path.components().count() > 1 { std::path::absolute(path) } else { Ok(path.to_owned()) }
}

/// What the command finds in its environment.
fn variables(
    running: &Running,
    auth_file: &OsStr,
) -> anyhow::Result<Vec<(&'static str, OsString)>> {
    let entry = &running.entry;
    let mut variables = vec![
        ("IMP_AUTH_FILE", auth_file.to_owned()),
        ("IMPT_ENDPOINT", (&entry.endpoint).into()),
        ("IMPT_LOGINKEY", (&entry.login_key).into()),
        ("IMP_SIM_CONTROL", (&entry.control).into()),
        ("IMP_SIM_USER", (&entry.user).into()),
        ("IMP_SIM_PASSWORD", (&entry.password).into()),
    ];
    if let Some(ca_file) = &entry.ca_file {
        variables.push(("SSL_CERT_FILE", std::path::absolute(ca_file)?.into()));
    }
    Ok(variables)
}

/// Lets the command run where the files of the example are; gives their names.
fn put_files(
    running: &Running,
    directory: &Path,
    child: &mut tokio::process::Command,
) -> anyhow::Result<&'static [&'static str]> {
    let directory = directory.join("example");
    std::fs::create_dir(&directory)?;
    example::write(&running.sim.state(), &running.entry.unbond_key, &directory)?;
    child.current_dir(&directory);
    Ok(&example::NAMES)
}

/// The file of somebody who has signed in, in the form of the maker's command line.
fn write_auth_file(running: &Running, path: &Path) -> anyhow::Result<()> {
    let sim = &running.sim;
    let now = sim.clock.now();
    let mut state = sim.state();
    let account = *state.accounts.keys().next().context("there is no account")?;
    let issued = state.issue_access(account, None, now, sim.settings.token_life);
    let content = json!({
        "endpoint": running.entry.endpoint,
        "accessToken": issued.token,
        "expiresAt": issued.expires_at,
        "refreshToken": state.issue_refresh(account, now),
    });
    state_file::replace(path, content.to_string().as_bytes())
}

/// The signals that would end us.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From now on none of them does.
    pub(crate) fn catch() -> std::io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }
}

/// Waits for the command, and passes signals on to it.
pub(crate) async fn wait(mut child: Child, signals: &mut Signals) -> anyhow::Result<ExitStatus> {
    loop {
        let passed_on = tokio::select! {
            status = child.wait() => return Ok(status?),
            // Ctrl-C on a terminal reaches the command without us.
            _ = signals.interrupt.recv() => (!in_foreground()).then_some(process::Signal::INT),
            _ = signals.terminate.recv() => Some(process::Signal::TERM),
        };
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(process::Pid::from_raw);
        if let Some((id, signal)) = id.zip(passed_on) {
            let _ = process::kill_process(id, signal);
        }
    }
}

/// Whether we belong to the process group that the terminal sends its signals to.
fn in_foreground() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else {
        return false;
    };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == process::getpgrp())
}

/// That of the command, or 128 and the number of the signal that ended it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
