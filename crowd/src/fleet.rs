//! All processes of the bot.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::bot_process::{BotProcess, BotSettings};

/// The processes, by number.
#[derive(Debug)]
pub struct Fleet {
    /// Each process.
    pub processes: Vec<BotProcess>,
}

impl Fleet {
    /// Starts a process for each of the settings, with a log of its own in the folder.
    ///
    /// # Errors
    /// When the program can't be started.
    pub fn start(settings: Vec<BotSettings>, logs: &Path) -> anyhow::Result<Self> {
        let mut processes = Vec::new();
        for (number, settings) in settings.into_iter().enumerate() {
            let program = settings.program.display().to_string();
            let process = BotProcess::start(settings, logs.join(format!("bot-{number}.log")))
                .with_context(|| format!("the bot's program {program} can't be started"))?;
            processes.push(process);
        }
        Ok(Self { processes })
    }

    /// Starts again what ended by itself; answers what is to be told of that.
    ///
    /// # Errors
    /// When the program can't be started.
    pub fn look_after(&mut self) -> anyhow::Result<Vec<String>> {
        let mut ended = Vec::new();
        for (number, process) in self.processes.iter_mut().enumerate() {
            if let Some(status) = process.has_ended() {
                ended.push(format!("process {number} ended by itself: {status}"));
                process.start_again()?;
            }
        }
        Ok(ended)
    }

    /// The logs that tell of a panic, with the line.
    pub fn panics(&self) -> Vec<String> {
        let read = |process: &BotProcess| {
            let log = std::fs::read_to_string(process.log()).ok()?;
            let line = log.lines().find(|line| line.contains("panicked"))?;
            Some(format!("{}: {line}", process.log().display()))
        };
        self.processes.iter().filter_map(read).collect()
    }
}

/// Where the bot's program is: what was given, or the `stepkeep` beside this program or one folder up, where cargo puts it
/// beside tests.
///
/// # Errors
/// When there is none, with how to build it.
pub fn find_program(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(given) = given {
        anyhow::ensure!(given.is_file(), "there is no program {}", given.display());
        return Ok(given.canonicalize()?);
    }
    let own = std::env::current_exe()?;
    let folders = own.ancestors().skip(1).take(2);
    let found = folders
        .map(|folder| folder.join("stepkeep"))
        .find(|program| program.is_file());
    found.with_context(|| {
        let release = if cfg!(debug_assertions) { "" } else { " --release" };
        format!(
            "the bot's program is not beside {}: build it with `cargo build -p stepkeep --all-features{release}`, or \
             name it with --bot",
            own.display()
        )
    })
}
