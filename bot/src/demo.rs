//! `stepkeep demo`: the sandbox and a bot that talks to it, in one process and without any account.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use stepkeep_sandbox::{Config, Sandbox, SandboxHandle, StartError};

use crate::cli::DemoArgs;
use crate::config::{Settings, StatusListen, StoreBackend, StoreUrl};
use crate::status::StatusServer;
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
    let environment: Vec<_> = environment.into_iter().collect();
    let settings_at = |sandbox: &str| {
        let fixed = [
            ("telegram_token", TOKEN.to_owned()),
            ("telegram_api_url", sandbox.to_owned()),
            ("shipping_api_url", format!("{sandbox}/shipping")),
            ("shipping_api_key", "demo".to_owned()),
            ("kie_api_url", format!("{sandbox}/generation")),
            ("kie_api_key", "demo".to_owned()),
            ("kie_upload_url", format!("{sandbox}/generation")),
            ("welcome_credit", "1000.00".to_owned()),
            ("stars_packages", "50=1.00, 250=5.50, 1000=23.00".to_owned()),
            ("support_contact", "there is nobody, this is a demo".to_owned()),
            ("terms", "nothing costs anything, this is a demo".to_owned()),
        ];
        let sources = arguments.sources(environment.iter().cloned());
        Settings::load(&sources.with_fixed("the demo", fixed))
    };
    // Twice: the store says where the sandbox keeps its state, and the sandbox says where the bot finds it.
    let settings = settings_at(&format!("http://{}", arguments.listen))?;
    let traces = logging::init_with_traces(&settings.log, settings.otlp_endpoint.as_ref())?;
    let sandbox = start_sandbox(arguments.listen, state_file(&settings.store)).await?;
    let mut settings = settings_at(sandbox.url().trim_end_matches('/'))?;
    if let StatusListen::Default(address) = settings.status.listen {
        settings.status.listen = StatusListen::OrAnotherPort(address);
    }
    let stop = shutdown::on_signals()?;
    say(&greeting(&sandbox, arguments.listen, &settings));
    let ended = Box::pin(run::run_and_tell(&settings, &stop, tell_of_dashboard)).await;
    sandbox.stop().await;
    traces.end().await;
    say("\nStopped. The order is kept: `stepkeep demo` goes on where it was.");
    ended
}

/// Where the sandbox keeps its chats, so that they go on with the sessions: beside their file, or in the working directory
/// when a server has them; nowhere if they end with the process.
fn state_file(store: &StoreUrl) -> Option<PathBuf> {
    match (store.file(), store.backend()) {
        (Some(file), _) => Some(file.with_extension("sandbox.json")),
        (None, StoreBackend::Memory) => None,
        (None, _) => Some("stepkeep-demo.sandbox.json".into()),
    }
}

/// Starts the sandbox where it was asked for, or on another port when that one is busy.
async fn start_sandbox(listen: SocketAddr, state: Option<PathBuf>) -> anyhow::Result<SandboxHandle> {
    let at = |listen| {
        Sandbox::start(Config {
            listen,
            state: state.clone(),
            ..Config::default()
        })
    };
    match at(listen).await {
        Err(StartError::AddressInUse(_)) => at(SocketAddr::new(listen.ip(), 0)).await,
        started => started,
    }
    .context("the sandbox could not be started")
}

/// What the person at the terminal reads first.
fn greeting(sandbox: &SandboxHandle, wanted: SocketAddr, settings: &Settings) -> String {
    let url = sandbox.url();
    let url = url.trim_end_matches('/');
    let port = sandbox.address().port();
    let busy = if wanted.port() != 0 && wanted.port() != port {
        format!(
            "Port {} is busy, so this demo took port {port}.\n\n",
            wanted.port()
        )
    } else {
        String::new()
    };
    format!(
        "{busy}\
Stepkeep's demo is ready. Open the chat in a browser:

    {url}/?person=1001   as Anna, in English
    {url}/?person=1002   as Борис, in Russian

Things to try:
  - Press Start, then New order, and answer: names, addresses, 78701, \"1 lb 4 oz\".
  - Answer wrongly: \"Californa\", a ZIP code of another state, a photo.
  - Kill this process in the middle, start it again, and go on where you were.
  - Press Create with AI, and have a picture made, or a video. A prompt with \"Content Policy\" in it fails.
  - Press Balance, top it up with Stars (everybody has as many as they like), and try to pay an invoice twice.
  - Send to the city \"Nowhere\", or to somebody named \"No Funds\", and see what happens.

Sessions are kept in {}. Ctrl-C ends the demo.
",
        settings.store
    )
}

/// What an operator would open.
fn tell_of_dashboard(server: &StatusServer) {
    if let Some(link) = server.link() {
        say(&format!(
            "The operator's dashboard, by a link that works once (the log has the next one):\n\n    {link}\n"
        ));
    }
}

/// Prints for the person at the terminal. Who closes it doesn't want to read on, and the demo goes on without.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
