//! The command `stepkeep-sandbox`.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use stepkeep_sandbox::{Config, Part, Sandbox};
use tracing_subscriber::EnvFilter;

/// A local Telegram with a web chat, and stand-ins for the other APIs that a bot calls.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "RUST_LOG=stepkeep_sandbox=debug shows each call of a bot on standard error."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until Ctrl-C.
    Serve {
        /// Where to listen; port 0 takes a free one.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
        /// Serve these parts only: telegram, shipping, generation.
        #[arg(long, value_name = "PARTS", value_delimiter = ',')]
        only: Vec<Part>,
        /// Keep people, chats, updates and shipments in this file, and go on with what it says.
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let Command::Serve { listen, only, state } = Cli::parse().command;
    let mut config = Config {
        listen,
        state,
        ..Config::default()
    };
    if !only.is_empty() {
        config.parts = only.into_iter().collect();
    }
    serve(config).await
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let parts = config.parts.clone();
    let sandbox = Sandbox::bind(config).await?;
    if let Some(put_aside) = sandbox.put_aside() {
        eprintln!("{put_aside}");
    }
    announce(sandbox.address(), &parts);
    sandbox.serve(stop_signal()?).await.context("the listener failed")
}

/// Says on standard output what is where.
fn announce(address: SocketAddr, parts: &BTreeSet<Part>) {
    if parts.contains(&Part::Telegram) {
        println!("web chat      http://{address}/");
        println!(
            "Bot API       http://{address}/bot<token>/<method>   (any token of the shape 123456:secret)"
        );
        println!("people's side http://{address}/sim/");
    }
    if parts.contains(&Part::Shipping) {
        println!("shipping API  http://{address}/shipping/");
    }
    if parts.contains(&Part::Generation) {
        println!("generation    http://{address}/generation/");
    }
}

/// Done when the process is asked to end, by Ctrl-C or by the system.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .context("cannot listen for SIGTERM")?;
    Ok(async move {
        let interrupt = tokio::signal::ctrl_c();
        #[cfg(unix)]
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = interrupt.await;
    })
}
