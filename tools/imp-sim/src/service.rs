//! From options to a running service, and `imp-sim serve`, which is no more than that.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::clock::Clock;
use crate::console;
use crate::faults::Faults;
use crate::load_files::LoadFiles;
use crate::options::ServiceOptions;
use crate::server::{self, Service, tls};
use crate::sim::{Settings, Sim};
use crate::state::State;
use crate::state::load::{Record, load, main_account};
use crate::state::population::{Population, populate};
use crate::state_file;
use crate::variants::Variants;

/// How often it is looked whether something has become due.
const LOOKS: Duration = Duration::from_millis(100);

/// A service that is listening.
pub struct Running {
    /// The simulator.
    pub sim: Arc<Sim>,
    /// How to reach and enter it.
    pub entry: Entry,
}

/// The line that `imp-sim serve` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Base address of the API.
    pub endpoint: String,
    /// Base address of the control.
    pub control: String,
    /// Username of the main account.
    pub user: String,
    /// Its password.
    pub password: String,
    /// One of its login keys.
    pub login_key: String,
    /// The one-time password, where sign-in needs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otp: Option<String>,
    /// The unblessing key.
    pub unbond_key: String,
    /// The certificate authority's file, with https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// Serves until SIGINT or SIGTERM.
pub async fn serve(options: &ServiceOptions, listen: SocketAddr) -> anyhow::Result<u8> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let running = start(options, listen).await?;
    console::line(serde_json::to_string(&running.entry)?)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    finish(&running, options)?;
    Ok(0)
}

/// Starts to listen.
pub async fn start(options: &ServiceOptions, listen: SocketAddr) -> anyhow::Result<Running> {
    if !listen.ip().is_loopback() {
        bail!("{listen} is not an address of this machine alone; use 127.0.0.1 or [::1]");
    }
    let sim = Arc::new(simulator(options, Clock::start())?);
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let encryption = options.tls.as_deref().map(tls::prepare).transpose()?;
    let (acceptor, ca_file) = encryption.unzip();
    // With https the control keeps plain http, on a port of its own.
    let mut control = format!("http://{address}");
    if acceptor.is_some() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        control = format!("http://{}", listener.local_addr()?);
        let origin = control.clone();
        let service = Service { sim: sim.clone(), origin, api: false, control: true, tls: None };
        tokio::spawn(server::listen(listener, service));
    }
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    let origin = format!("{scheme}://{address}");
    let plain = acceptor.is_none();
    let service = Service {
        sim: sim.clone(),
        origin: origin.clone(),
        api: true,
        control: plain,
        tls: acceptor,
    };
    tokio::spawn(server::listen(listener, service));
    let entry = entry(&sim.state(), &origin, &control, ca_file)?;
    let effects = sim.clone();
    tokio::spawn(async move { keep_up(&effects).await });
    if let Some(path) = options.state.clone() {
        let sim = sim.clone();
        tokio::spawn(async move { state_file::keep_saving(&sim, &path).await });
    }
    Ok(Running { sim, entry })
}

/// Lets what is due happen also when nobody asks anything: readers of log streams are told.
async fn keep_up(sim: &Sim) {
    loop {
        sim.clock.wait(LOOKS).await;
        drop(sim.state());
    }
}

/// Saves the state for the last time.
pub fn finish(running: &Running, options: &ServiceOptions) -> anyhow::Result<()> {
    options.state.as_deref().map_or(Ok(()), |path| state_file::save(&running.sim, path))
}

/// A service that nobody can reach yet.
pub fn simulator(options: &ServiceOptions, clock: Clock) -> anyhow::Result<Sim> {
    let variants = Variants::from_options(&options.variant).map_err(anyhow::Error::msg)?;
    let mut faults = Faults::new(options.seed);
    for rule in &options.fault {
        faults.add(rule).map_err(anyhow::Error::msg)?;
    }
    let settings = Settings { latency: options.latency, token_life: options.token_life, variants };
    let clock = clock.at_speed(options.speed);
    let mut state = initial_state(options)?;
    for rule in &options.effect {
        state.add_effect(rule, clock.now()).map_err(anyhow::Error::msg)?;
    }
    Ok(Sim::new(clock, settings, state, options.rate_limit.0, faults))
}

/// The state file, if there is one already; else what the other options ask for.
fn initial_state(options: &ServiceOptions) -> anyhow::Result<State> {
    if let Some(state) = options.state.as_deref().map(state_file::read).transpose()?.flatten() {
        return Ok(state);
    }
    let files = LoadFiles::open(&options.load)?;
    let records =
        files.records(|record| !record.is_device()).collect::<anyhow::Result<Vec<_>>>()?;
    let population = Population {
        seed: options.seed,
        devices: options.devices,
        production: options.production,
        example: options.example,
        unblessing_key: options.unbond_key.clone(),
        role: options.role,
        one_time_password: options.otp.clone(),
        main: main_account(&records).map_err(anyhow::Error::msg)?,
    };
    let mut state = populate(&population);
    load(&mut state, records, files.records(Record::is_device))?;
    Ok(state)
}

/// How to enter it.
pub fn entry(
    state: &State,
    origin: &str,
    control: &str,
    ca_file: Option<PathBuf>,
) -> anyhow::Result<Entry> {
    let account = state.accounts.values().next().context("there is no account")?;
    let login_key = state.login_keys_of(account.id).next().map(|key| key.id.clone());
    Ok(Entry {
        endpoint: format!("{origin}/v5"),
        control: format!("{control}/control"),
        user: account.username.clone(),
        password: account.password.clone(),
        login_key: login_key.unwrap_or_default(),
        otp: account.one_time_password.clone(),
        unbond_key: account.unblessing_key.clone(),
        ca_file,
    })
}
