//! A server as a process that never outlives the one that started it.

use std::fs::{self, OpenOptions};
use std::io;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::guard::Guard;

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server's process, and the folder that outlives its restarts.
#[derive(Debug)]
pub struct ServerProcess {
    program: PathBuf,
    arguments: Vec<String>,
    port: u16,
    folder: TempDir,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    server: Child,
    guard: Guard,
}

impl ServerProcess {
    /// Starts a program in a new folder and waits until something listens on the port. `{folder}` in an argument becomes
    /// the folder's path.
    pub fn start(program: PathBuf, port: u16, arguments: impl IntoIterator<Item = String>) -> Self {
        Self::start_with_file(program, port, arguments, None)
    }

    /// The same, with a file in the folder: its name, and what is in it.
    pub fn start_with_file(
        program: PathBuf,
        port: u16,
        arguments: impl IntoIterator<Item = String>,
        file: Option<(&str, String)>,
    ) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("stepkeep-server-")
            .tempdir()
            .unwrap_or_else(|error| panic!("no folder for a server: {error}"));
        if let Some((name, content)) = file {
            fs::write(folder.path().join(name), content)
                .unwrap_or_else(|error| panic!("no file {name} for a server: {error}"));
        }
        let path = folder.path().display().to_string();
        let arguments = arguments
            .into_iter()
            .map(|argument| argument.replace("{folder}", &path))
            .collect();
        let mut process = Self {
            program,
            arguments,
            port,
            folder,
            running: None,
        };
        process.start_again();
        process
    }

    /// Starts it again, on the same port and folder, and waits until it listens.
    pub fn start_again(&mut self) {
        self.start_without_waiting();
        self.wait_until_it_listens();
    }

    /// Starts it again, and doesn't wait.
    pub fn start_without_waiting(&mut self) {
        assert!(self.running.is_none(), "{} runs already", self.program.display());
        let running = self
            .spawn()
            .unwrap_or_else(|error| panic!("{} can't be started: {error}", self.program.display()));
        self.running = Some(running);
    }

    fn spawn(&self) -> io::Result<Running> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path())?;
        let server = Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C is for the tests; the guard ends the server after them.
            .process_group(0)
            .spawn()?;
        let guard = Guard::with_folder(server.id(), self.folder.path())?;
        Ok(Running { server, guard })
    }

    fn wait_until_it_listens(&mut self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.running.as_mut().map(|running| running.server.try_wait());
            if let Some(Ok(Some(status))) = ended {
                panic!("{} ended with {status}:\n{}", self.program.display(), self.log());
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{} doesn't listen:\n{}",
                self.program.display(),
                self.log()
            );
            wait_a_moment();
        }
    }

    /// Ends it as a power cut would: `kill -9`.
    pub fn kill(&mut self) {
        self.end("-KILL");
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) {
        self.end("-TERM");
    }

    fn end(&mut self, signal: &str) {
        if let Some(mut server) = self.take_unguarded() {
            self.send(signal, server.id());
            let _ = server.wait();
        }
    }

    /// The server that runs, without its guard: once the server has ended, its number may be somebody else's.
    fn take_unguarded(&mut self) -> Option<Child> {
        let Running { server, guard } = self.running.take()?;
        drop(guard);
        Some(server)
    }

    /// Lets it stand still, as a machine that swaps or a virtual one that is moved would, until
    /// [`ServerProcess::wake_up`].
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn wake_up(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        if let Some(running) = &self.running {
            self.send(signal, running.server.id());
        }
    }

    fn send(&self, signal: &str, process: u32) {
        let sent = Command::new("kill").args([signal, &process.to_string()]).status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "{} could not be sent {signal}",
            self.program.display()
        );
    }

    /// Whether it was started and not ended by this handle.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if let Some(mut server) = self.take_unguarded() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "servers are started outside of any async task"
)]
pub(crate) fn wait_a_moment() {
    std::thread::sleep(Duration::from_millis(5));
}
