//! The demo as a process of its own, the way a newcomer starts it.

use std::path::Path;
use std::process::Stdio;

use stepkeep_test_servers::{Guard, new_store_url};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// `stepkeep demo` in a folder that outlives it.
pub(crate) struct Demo {
    folder: TempDir,
    store: String,
    process: Running,
}

struct Running {
    child: Child,
    url: String,
    /// Ends it when the tests are killed; `None` when it has ended.
    guard: Option<Guard>,
    // Held open: what the process says once nobody reads it would end it.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Demo {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = new_store_url(folder.path()).await;
        let process = Running::start(folder.path(), &store).await;
        Self {
            folder,
            store,
            process,
        }
    }

    /// The page, as this person.
    pub(crate) fn page_of(&self, person: i64) -> String {
        format!("{}/?person={person}", self.process.url)
    }

    /// Ends the process with `kill -9`, and starts the next one on the same files.
    pub(crate) async fn kill_and_start_again(&mut self) {
        self.process.guard = None;
        self.process.child.kill().await.unwrap();
        self.process = Running::start(self.folder.path(), &self.store).await;
    }

    /// Ends the process the way Ctrl-C does, and waits for it to say goodbye.
    pub(crate) async fn stop(mut self) {
        let id = self.process.child.id().unwrap().to_string();
        let asked = Command::new("kill").args(["-INT", &id]).status().await.unwrap();
        assert!(asked.success());
        self.process.guard = None;
        let ended = self.process.child.wait().await.unwrap();
        assert!(ended.success(), "{ended}");
    }
}

impl Running {
    async fn start(folder: &Path, store: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_stepkeep"))
            .args(["demo", "--listen", "127.0.0.1:0", "--store", store])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let guard = Guard::over(child.id().unwrap(), None).unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = loop {
            let line = output.next_line().await.unwrap().unwrap();
            if let Some((url, _)) = line.trim().split_once("/?person=") {
                break url.to_owned();
            }
        };
        Self {
            child,
            url,
            guard: Some(guard),
            _output: output,
        }
    }
}
