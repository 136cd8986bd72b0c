//! `imp-sim serve`.

use std::net::SocketAddr;

use tokio::signal::unix::{SignalKind, signal};

use crate::console;
use crate::options::ServiceOptions;
use crate::service;

/// Serves until SIGINT or SIGTERM.
pub async fn serve(options: &ServiceOptions, listen: SocketAddr) -> anyhow::Result<u8> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let running = service::start(options, listen).await?;
    console::line(serde_json::to_string(&running.entry)?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    service::finish(&running, options)?;
    Ok(0)
}
