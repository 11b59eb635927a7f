//! The `chromedriver` process.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    process::Stdio,
    time::Duration,
};

use axum::http::Method;
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::BrowserError;

const READY_WITHIN: Duration = Duration::from_mins(1);
const END_WITHIN: Duration = Duration::from_secs(10);

/// What the driver says before its port, once it listens.
const READY: &str = "started successfully on port ";

/// A running driver. Dropping it ends it and its browsers.
#[derive(Debug)]
pub(super) struct Driver {
    process: Child,
    port: u16,
    // Held open: a driver whose output nobody takes would fail at its next word.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    pub(super) async fn start() -> Result<Self, BrowserError> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(BrowserError::NoDriver)?;
        let Some(output) = process.stdout.take() else {
            return Err(BrowserError::DriverNotReady {
                said: "nothing, its output is closed".to_owned(),
            });
        };
        let mut output = BufReader::new(output).lines();
        let mut said = String::new();
        let until_ready = async {
            while let Some(line) = output.next_line().await? {
                if let Some(port) = ready_port(&line) {
                    return Ok(Some(port));
                }
                said.push_str(&line);
                said.push('\n');
            }
            Ok::<_, std::io::Error>(None)
        };
        let port = timeout(READY_WITHIN, until_ready).await.unwrap_or(Ok(None))?;
        match port {
            Some(port) => Ok(Self {
                process,
                port,
                _output: output,
            }),
            None => Err(BrowserError::DriverNotReady { said }),
        }
    }

    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) async fn stop(mut self) -> Result<(), BrowserError> {
        let port = self.port;
        // Whether it took the request or not: what counts is that the process ends.
        let _ = tokio::task::spawn_blocking(move || shut_down(port)).await;
        if let Ok(ended) = timeout(END_WITHIN, self.process.wait()).await {
            ended?;
        } else {
            self.process.kill().await?;
        }
        Ok(())
    }
}

impl Drop for Driver {
    /// A test that failed leaves no browser behind: a killed driver would not end its Chromium, an asked one does.
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            let _ = shut_down(self.port);
        }
    }
}

fn ready_port(line: &str) -> Option<u16> {
    let (_, port) = line.split_once(READY)?;
    port.trim_end_matches('.').parse().ok()
}

/// Asks the driver to end its browsers and itself; its answer comes when the browsers have ended.
fn shut_down(port: u16) -> std::io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(END_WITHIN))?;
    stream.set_write_timeout(Some(END_WITHIN))?;
    write!(
        stream,
        "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    )?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// A command of Chromium's own protocol, for what `WebDriver` has no word.
#[derive(Debug)]
pub(super) struct Cdp {
    body: String,
}

impl Cdp {
    pub(super) fn new(command: &str, parameters: &Value) -> Self {
        Self {
            body: json!({"cmd": command, "params": parameters}).to_string(),
        }
    }
}

impl WebDriverCompatibleCommand for Cdp {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::ready_port;

    #[test]
    fn only_the_line_that_says_ready_names_the_port() {
        assert_eq!(ready_port("Starting ChromeDriver 1.2 (abc) on port 0"), None);
        assert_eq!(
            ready_port("ChromeDriver was started successfully on port 42319."),
            Some(42319)
        );
    }
}
