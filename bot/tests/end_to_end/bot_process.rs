//! The bot, as a process of its own.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use stepkeep_test_servers::{Guard, free_port, new_store_url};
use tempfile::TempDir;

use crate::town::{API_KEY, TOKEN};

/// How much of the log is shown when a test fails.
const SHOWN_LINES: usize = 80;

/// The running bot, with its store and its log in a folder of their own. Both outlive the process.
#[derive(Debug)]
pub(crate) struct BotProcess {
    folder: TempDir,
    places: Places,
    child: Child,
    /// Ends the process with the tests, should they be killed.
    guard: Option<Guard>,
}

/// Where the process finds what it talks to.
#[derive(Debug, Clone)]
struct Places {
    telegram: String,
    shipping: String,
    store: String,
    /// Settings beyond these.
    settings: Vec<(&'static str, String)>,
}

impl BotProcess {
    /// Starts a bot on a new store, of the kind that the tests are run for.
    pub(crate) async fn start(sandbox: &str) -> Self {
        Self::start_with(sandbox, Vec::new()).await
    }

    /// The same with settings of its own, as environment variables.
    pub(crate) async fn start_with(sandbox: &str, settings: Vec<(&'static str, String)>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let places = Places {
            telegram: sandbox.to_owned(),
            shipping: format!("{sandbox}/shipping"),
            store: new_store_url(folder.path()).await,
            settings,
        };
        Self::start_at(folder, places)
    }

    /// Starts another process of the same bot, on the same store, that gets its updates elsewhere.
    pub(crate) fn start_another(&self, telegram: &str) -> Self {
        self.start_another_with(telegram, self.places.settings.clone())
    }

    /// The same with settings of its own.
    pub(crate) fn start_another_with(&self, telegram: &str, settings: Vec<(&'static str, String)>) -> Self {
        let places = Places {
            telegram: telegram.to_owned(),
            settings,
            ..self.places.clone()
        };
        Self::start_at(TempDir::new().expect("a folder"), places)
    }

    fn start_at(folder: TempDir, places: Places) -> Self {
        let child = spawn(&folder, &places);
        let guard = Some(guard_of(&child));
        Self {
            folder,
            places,
            child,
            guard,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        let is_alive = self.child.try_wait().expect("a child").is_none();
        if !is_alive {
            self.guard = None;
        }
        is_alive
    }

    /// Ends the process as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.guard = None;
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
    }

    /// Starts it again, on the same store.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(&self.folder, &self.places);
        self.guard = Some(guard_of(&self.child));
    }

    /// Asks the process to end; answers its exit code.
    pub(crate) async fn stop(&mut self) -> Option<i32> {
        self.signal("-TERM");
        self.guard = None;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// Lets it stand still, until [`wake_up`](Self::wake_up).
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(crate) fn wake_up(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .expect("a kill");
        assert!(sent.success());
    }

    /// What all processes logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(log_path(&self.folder)).expect("a log")
    }

    /// Fails if a process panicked.
    pub(crate) fn has_not_panicked(&self) {
        let log = self.log();
        let panic = log.lines().find(|line| line.contains("panicked"));
        assert_eq!(panic, None, "the bot panicked");
    }
}

impl Drop for BotProcess {
    fn drop(&mut self) {
        self.guard = None;
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking()
            && let Ok(log) = fs::read_to_string(log_path(&self.folder))
        {
            let lines: Vec<&str> = log.lines().collect();
            let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            eprintln!("the end of the bot's log:\n{}", shown.join("\n"));
            // The whole of it is kept: a test that fails once in a while can't be run again.
            if let Ok(kept) = tempfile::Builder::new()
                .prefix("stepkeep-")
                .suffix(".log")
                .tempfile()
                && fs::write(kept.path(), &log).is_ok()
                && let Ok((_, path)) = kept.keep()
            {
                eprintln!("the whole of it: {}", path.display());
            }
        }
    }
}

/// The settings of a bot that listens for Telegram's calls, and the port where it does.
pub(crate) fn webhook_settings(public: Option<u16>) -> (Vec<(&'static str, String)>, u16) {
    let port = free_port();
    let settings = vec![
        ("STEPKEEP_DELIVERY", "webhook".to_owned()),
        ("STEPKEEP_WEBHOOK_LISTEN", format!("127.0.0.1:{port}")),
        (
            "STEPKEEP_WEBHOOK_URL",
            format!("http://127.0.0.1:{}/hook", public.unwrap_or(port)),
        ),
    ];
    (settings, port)
}

fn guard_of(child: &Child) -> Guard {
    Guard::over(child.id(), None).expect("a guard")
}

fn log_path(folder: &TempDir) -> PathBuf {
    folder.path().join("bot.log")
}

fn spawn(folder: &TempDir, places: &Places) -> Child {
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log_path(folder))
        .expect("a log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepkeep"));
    for (name, _) in std::env::vars_os() {
        // A developer's own settings, and proxies between this process and the sandbox, are no part of a test.
        let name_text = name.to_string_lossy();
        if name_text.starts_with("STEPKEEP_") || name_text.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(&name);
        }
    }
    command
        .arg("run")
        .current_dir(folder.path())
        .env("STEPKEEP_TELEGRAM_TOKEN", TOKEN)
        .env("STEPKEEP_TELEGRAM_API_URL", &places.telegram)
        .env("STEPKEEP_STORE", &places.store)
        .env("STEPKEEP_SHIPPING_API_URL", &places.shipping)
        .env("STEPKEEP_SHIPPING_API_KEY", API_KEY)
        .env("STEPKEEP_WELCOME_CREDIT", "1000.00")
        .env("STEPKEEP_LOG", "info,stepkeep=debug")
        .env("STEPKEEP_STATUS_LISTEN", "off")
        .env("NO_COLOR", "1")
        .envs(places.settings.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("the bot's binary")
}
