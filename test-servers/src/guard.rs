//! What ends a process together with the one that started it.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Kills a process when the one that made this is gone, however that ended: even by `kill -9`.
///
/// Dropped, it guards no more. Drop it before the process is waited for: after that, its number may be somebody else's.
#[derive(Debug)]
pub struct Guard {
    shell: Child,
}

impl Guard {
    /// Guards the process with this number.
    ///
    /// # Errors
    /// When no `sh` can be started.
    pub fn of(process: u32) -> io::Result<Self> {
        Self::start(process, None)
    }

    /// The same, and the folder goes with the process.
    ///
    /// # Errors
    /// When no `sh` can be started.
    pub fn with_folder(process: u32, folder: &Path) -> io::Result<Self> {
        Self::start(process, Some(folder))
    }

    fn start(process: u32, folder: Option<&Path>) -> io::Result<Self> {
        let script = r#"read -r _; kill -9 "$1"; sleep 0.1; if [ -n "$2" ]; then rm -rf "$2"; fi"#;
        // The shell's input ends with this process, however that ends.
        let shell = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(process.to_string())
            .arg(folder.unwrap_or(Path::new("")))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { shell })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
