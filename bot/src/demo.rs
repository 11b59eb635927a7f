//! `stepkeep demo`: the sandbox and a bot that talks to it, in one process and without any account.

use std::ffi::OsString;
use std::net::SocketAddr;

use anyhow::Context;
use stepkeep_sandbox::{Config, Sandbox, SandboxHandle, StartError};

use crate::cli::DemoArgs;
use crate::config::Settings;
use crate::{logging, run, shutdown};

/// The demo's bot. Any well-formed token is a bot of the sandbox; this one opens nothing anywhere else.
const TOKEN: &str = "1000000:stepkeep-demo-bot-of-the-local-sandbox";

/// Runs the sandbox and the bot until a signal ends both.
///
/// # Errors
/// When the settings are wrong, the address can't be listened at, or the store can't be opened.
pub async fn demo(
    arguments: &DemoArgs,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> anyhow::Result<()> {
    let sandbox = start_sandbox(arguments.listen).await?;
    let url = sandbox.url();
    let fixed = [
        ("telegram_token", TOKEN.to_owned()),
        ("telegram_api_url", url.clone()),
        (
            "shipping_api_url",
            format!("{}/shipping", url.trim_end_matches('/')),
        ),
        ("shipping_api_key", "demo".to_owned()),
    ];
    let settings = Settings::load(&arguments.sources(environment).with_fixed("the demo", fixed))?;
    logging::init(&settings.log)?;
    let stop = shutdown::on_signals()?;
    greet(&sandbox, arguments.listen, &settings);
    let ended = Box::pin(run::run(&settings, &stop)).await;
    sandbox.stop().await;
    println!("\nStopped. The order is kept: `stepkeep demo` goes on where it was.");
    ended
}

/// Starts the sandbox where it was asked for, or on another port when that one is busy.
async fn start_sandbox(listen: SocketAddr) -> anyhow::Result<SandboxHandle> {
    let at = |listen| {
        Sandbox::start(Config {
            listen,
            ..Config::default()
        })
    };
    match at(listen).await {
        Err(StartError::AddressInUse(_)) => at(SocketAddr::new(listen.ip(), 0)).await,
        started => started,
    }
    .context("the sandbox could not be started")
}

fn greet(sandbox: &SandboxHandle, wanted: SocketAddr, settings: &Settings) {
    let url = sandbox.url();
    let url = url.trim_end_matches('/');
    let port = sandbox.address().port();
    if wanted.port() != 0 && wanted.port() != port {
        println!("Port {} is busy, so this demo took port {port}.\n", wanted.port());
    }
    println!("Stepkeep's demo is ready. Open the chat in a browser:\n");
    println!("    {url}/?person=1001   as Anna, in English");
    println!("    {url}/?person=1002   as Борис, in Russian\n");
    println!("Things to try:");
    println!("  - Press Start, then New order, and answer: names, addresses, 78701, \"1 lb 4 oz\".");
    println!("  - Answer wrongly: \"Californa\", a ZIP code of another state, a photo.");
    println!("  - Kill this process in the middle, start it again, and go on where you were.");
    println!("  - Send to the city \"Nowhere\", or to somebody named \"No Funds\", and see what happens.\n");
    println!("Sessions are kept in {}. Ctrl-C ends the demo.\n", settings.store);
}
