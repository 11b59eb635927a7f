//! The bot, as a process that can be killed, stopped and started again, and never outlives this one.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

/// How long a process may take to end when it is asked to.
const STOP_WITHIN: Duration = Duration::from_secs(25);

/// How a bot is started.
#[derive(Debug, Clone)]
pub struct BotSettings {
    /// The program.
    pub program: PathBuf,
    /// What it gets as environment, beside what every program gets.
    pub environment: Vec<(String, String)>,
}

/// A process of the bot, with its log.
#[derive(Debug)]
pub struct BotProcess {
    settings: BotSettings,
    log: PathBuf,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    bot: Child,
    guard: Child,
}

impl BotProcess {
    /// Starts one that writes its log to this file.
    ///
    /// # Errors
    /// When the program can't be started.
    pub fn start(settings: BotSettings, log: PathBuf) -> io::Result<Self> {
        let mut process = Self {
            settings,
            log,
            running: None,
        };
        process.start_again()?;
        Ok(process)
    }

    /// Starts it again, after it has ended.
    ///
    /// # Errors
    /// When the program can't be started.
    pub fn start_again(&mut self) -> io::Result<()> {
        self.end(Signal::KILL);
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.settings.program);
        for (name, _) in std::env::vars_os() {
            // A developer's own settings, and proxies between this process and the sandbox, are no part of a soak.
            let text = name.to_string_lossy();
            if text.starts_with("STEPKEEP_") || text.to_ascii_lowercase().ends_with("_proxy") {
                command.env_remove(&name);
            }
        }
        let bot = command
            .arg("run")
            .current_dir(self.log.parent().unwrap_or(Path::new(".")))
            .envs(self.settings.environment.iter().cloned())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            // Ctrl-C is for the crowd, which ends it.
            .process_group(0)
            .spawn()?;
        // The guard's input ends with this process, however that ends.
        let guard = Command::new("sh")
            .args(["-c", r#"read -r _; kill -9 "$1""#, "sh"])
            .arg(bot.id().to_string())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        self.running = Some(Running { bot, guard });
        Ok(())
    }

    /// How it ended, when it ended by itself.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        let running = self.running.as_mut()?;
        running.bot.try_wait().ok().flatten()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    /// Asks it to end, and waits for that; answers how it ended, or `None` when it had to be killed.
    pub async fn stop(&mut self) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        let give_up = Instant::now() + STOP_WITHIN;
        while Instant::now() < give_up {
            if let Some(status) = self.has_ended() {
                self.end(Signal::KILL);
                return Some(status);
            }
            sleep(Duration::from_millis(10)).await;
        }
        self.end(Signal::KILL);
        None
    }

    /// Lets it stand still.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn wake_up(&self) {
        self.signal(Signal::CONT);
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    fn signal(&self, signal: Signal) {
        let id = self.running.as_ref().map(|running| running.bot.id());
        let id = id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may have ended, which is looked at elsewhere.
            let _ = kill_process(id, signal);
        }
    }

    fn end(&mut self, signal: Signal) {
        self.signal(signal);
        if let Some(Running { mut bot, mut guard }) = self.running.take() {
            // First the guard: once the bot has been waited for, its number may be somebody else's.
            let _ = guard.kill();
            let _ = guard.wait();
            let _ = bot.kill();
            let _ = bot.wait();
        }
    }
}

impl Drop for BotProcess {
    fn drop(&mut self) {
        self.end(Signal::KILL);
    }
}
