//! What sees to it that a process doesn't outlive the one that started it.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Kills a process when this one is gone, however that ends: even by `kill -9`. Dropped, it lets the process live; that is
/// to be done before the process is waited for, since its number may be somebody else's afterwards.
#[derive(Debug)]
pub struct Guard(Child);

impl Guard {
    /// Watches over the process of this number. With a folder, that goes as well.
    ///
    /// # Errors
    /// The guard, a process too, can't be started.
    pub fn over(process: u32, folder: Option<&Path>) -> io::Result<Self> {
        // The guard's input ends with this process, however that ends.
        let guard = Command::new("sh")
            .args(["-c", r#"read -r _; kill -9 "$1"; sleep 0.1; rm -rf "$2""#, "sh"])
            .arg(process.to_string())
            .arg(folder.unwrap_or_else(|| Path::new("")))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self(guard))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
