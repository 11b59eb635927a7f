//! A real browser for tests of the web chat (feature `browser`): headless Chromium behind its `chromedriver`.
//!
//! Each [`Browser`] has a driver on a port of its own and an empty profile, so tests run side by side. Everything the
//! page offers to tests carries a `data-testid`; [`Browser::wait_for`] and [`Browser::wait_for_text`] find by it.
//!
//! ```no_run
//! # async fn test() -> Result<(), stepkeep_sandbox::browser::BrowserError> {
//! use stepkeep_sandbox::browser::Browser;
//!
//! let browser = Browser::start().await?;
//! browser.open("http://127.0.0.1:8090/?person=1001").await?;
//! browser.click("start").await?;
//! browser.wait_for_text("message", "Welcome").await?;
//! browser.screenshot("welcome.png").await?;
//! browser.stop().await
//! # }
//! ```

mod driver;

use std::{error::Error as _, fmt, path::Path, time::Duration};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions},
    elements::Element,
    error::{CmdError, ErrorStatus, NewSessionError},
    key::Key,
    wd::Capabilities,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use thiserror::Error;

use driver::{Cdp, Driver};

/// So long the page may take to show what a test waits for. Generous: a loaded machine must not fail a test.
const PATIENCE: Duration = Duration::from_secs(30);

/// So often the page is looked at while waiting.
const LOOK_EVERY: Duration = Duration::from_millis(50);

const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,800",
];

/// What can go wrong with a browser under test.
///
/// Its `Debug` reads like its `Display`, with the causes: that is what a test that unwraps it prints.
#[derive(Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// There is no `chromedriver` on the `PATH`, or it can't be run.
    #[error(
        "can't run chromedriver; the tests of the web chat need it and Chromium: \
         `apt-get install chromium chromium-driver`"
    )]
    NoDriver(#[source] std::io::Error),
    /// The driver ended, or said nothing of its port, before it was ready.
    #[error("chromedriver did not start; it said: {said}")]
    DriverNotReady {
        /// The driver's output.
        said: String,
    },
    /// The driver could not start Chromium.
    #[error("chromedriver could not start Chromium; is it installed? `apt-get install chromium`")]
    NoSession(#[from] NewSessionError),
    /// The browser refused a command.
    #[error("the browser refused a command")]
    Command(#[from] CmdError),
    /// The page never showed what was waited for.
    #[error("the page did not show {wanted} within {PATIENCE:?}; it shows:\n{page}")]
    NotShown {
        /// What was waited for.
        wanted: String,
        /// The page's text at the end.
        page: String,
    },
    /// A file or process could not be used.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl fmt::Debug for BrowserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// A running browser with one window.
///
/// Dropping it ends it too, with a short blocking call to its driver; [`Browser::stop`] is the way that doesn't block
/// and tells what went wrong.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    // Declared, and so dropped, before the profile that its browser writes to.
    driver: Driver,
    profile: TempDir,
}

impl Browser {
    /// Starts a driver on a free port, and a headless Chromium with an empty profile and a window of 1200 x 800.
    ///
    /// # Errors
    /// [`BrowserError::NoDriver`], [`BrowserError::DriverNotReady`] or [`BrowserError::NoSession`], each saying what
    /// is missing.
    pub async fn start() -> Result<Self, BrowserError> {
        let driver = Driver::start().await?;
        let profile = TempDir::with_prefix("stepkeep-browser-")?;
        let mut arguments: Vec<String> = ARGUMENTS.iter().map(|&argument| argument.to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), json!({ "args": arguments }));
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let client = ClientBuilder::new(connector)
            .capabilities(capabilities)
            .connect(&driver.address())
            .await?;
        Ok(Self {
            client,
            driver,
            profile,
        })
    }

    /// The `WebDriver` client, for whatever has no method here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Opens an address and waits until the page has loaded.
    ///
    /// # Errors
    /// [`BrowserError::Command`] when the address can't be opened.
    pub async fn open(&self, address: &str) -> Result<(), BrowserError> {
        Ok(self.client.goto(address).await?)
    }

    /// The first element with this `data-testid`, as soon as it is visible.
    ///
    /// # Errors
    /// [`BrowserError::NotShown`] when it doesn't appear.
    pub async fn wait_for(&self, test_id: &str) -> Result<Element, BrowserError> {
        self.wait_for_text(test_id, "").await
    }

    /// The last visible element with this `data-testid` whose text contains `text`, as soon as there is one; with an
    /// empty `text` the first visible one.
    ///
    /// # Errors
    /// [`BrowserError::NotShown`] when it doesn't appear.
    pub async fn wait_for_text(&self, test_id: &str, text: &str) -> Result<Element, BrowserError> {
        self.wait(&format!("`{test_id}` with the text {text:?}"), || {
            self.visible(test_id, text)
        })
        .await
    }

    /// Waits until no element with this `data-testid` is visible.
    ///
    /// # Errors
    /// [`BrowserError::NotShown`] when one stays.
    pub async fn wait_until_gone(&self, test_id: &str) -> Result<(), BrowserError> {
        let look = || async move { Ok(self.visible(test_id, "").await?.is_none().then_some(())) };
        self.wait(&format!("the page without `{test_id}`"), look).await
    }

    /// Runs the body of a script function again and again, until what it returns is neither `false` nor `null`.
    ///
    /// # Errors
    /// [`BrowserError::NotShown`] when that doesn't happen, [`BrowserError::Command`] when the script fails.
    pub async fn wait_until(&self, script: &str) -> Result<Value, BrowserError> {
        let look = || async move {
            let value = self.client.execute(script, Vec::new()).await?;
            Ok((!matches!(value, Value::Null | Value::Bool(false))).then_some(value))
        };
        self.wait(&format!("what makes this true: {script}"), look).await
    }

    /// All elements with this `data-testid` that are there now, visible or not, in the page's order.
    ///
    /// # Errors
    /// [`BrowserError::Command`] when the browser doesn't answer.
    pub async fn all(&self, test_id: &str) -> Result<Vec<Element>, BrowserError> {
        let selector = format!("[data-testid=\"{test_id}\"]");
        Ok(self.client.find_all(Locator::Css(&selector)).await?)
    }

    /// Clicks the first visible element with this `data-testid`, as soon as it is there.
    ///
    /// # Errors
    /// [`BrowserError::NotShown`] when it doesn't appear, [`BrowserError::Command`] when it can't be clicked.
    pub async fn click(&self, test_id: &str) -> Result<(), BrowserError> {
        self.click_text(test_id, "").await
    }

    /// Clicks the last visible element with this `data-testid` whose text contains `text`: the newest button of that
    /// name in a chat.
    ///
    /// # Errors
    /// [`BrowserError::NotShown`] when it doesn't appear, [`BrowserError::Command`] when it can't be clicked.
    pub async fn click_text(&self, test_id: &str, text: &str) -> Result<(), BrowserError> {
        let look = || async move {
            let Some(element) = self.visible(test_id, text).await? else {
                return Ok(None);
            };
            match element.click().await {
                Ok(()) => Ok(Some(())),
                Err(error) if moved(&error) => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        self.wait(&format!("a clickable `{test_id}` with the text {text:?}"), look)
            .await
    }

    /// Types into the element with this `data-testid`, key by key; [`fantoccini::key::Key`] has the special keys.
    ///
    /// # Errors
    /// [`BrowserError::NotShown`] when it doesn't appear, [`BrowserError::Command`] when it takes no keys.
    pub async fn type_into(&self, test_id: &str, keys: &str) -> Result<(), BrowserError> {
        Ok(self.wait_for(test_id).await?.send_keys(keys).await?)
    }

    /// Presses keys together, as in Shift and Tab, wherever the focus is.
    ///
    /// # Errors
    /// [`BrowserError::Command`] when the browser refuses.
    pub async fn press(&self, chord: &[Key]) -> Result<(), BrowserError> {
        let down = chord.iter().map(|&key| KeyAction::Down { value: key.into() });
        let up = chord.iter().rev().map(|&key| KeyAction::Up { value: key.into() });
        let keyboard = KeyActions::new("keyboard".to_owned());
        let keys = down.chain(up).fold(keyboard, KeyActions::then);
        Ok(self.client.perform_actions(keys).await?)
    }

    /// Makes the page believe in a screen of this size, in CSS pixels; narrower than any window may be.
    ///
    /// # Errors
    /// [`BrowserError::Command`] when the browser refuses.
    pub async fn resize(&self, width: u32, height: u32) -> Result<(), BrowserError> {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics)
            .await
            .map(drop)
    }

    /// Makes the page believe that the system prefers dark or light colours.
    ///
    /// # Errors
    /// [`BrowserError::Command`] when the browser refuses.
    pub async fn prefer_dark(&self, dark: bool) -> Result<(), BrowserError> {
        let value = if dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.devtools("Emulation.setEmulatedMedia", &media)
            .await
            .map(drop)
    }

    /// Gives a command of Chromium's own `DevTools` protocol, for what `WebDriver` has no word; answers its result.
    ///
    /// # Errors
    /// [`BrowserError::Command`] when the browser refuses.
    pub async fn devtools(&self, command: &str, parameters: &Value) -> Result<Value, BrowserError> {
        Ok(self.client.issue_cmd(Cdp::new(command, parameters)).await?)
    }

    /// Saves what the window shows as a PNG file.
    ///
    /// # Errors
    /// [`BrowserError::Command`] when there is no picture, [`BrowserError::Io`] when it can't be written.
    pub async fn screenshot(&self, file: impl AsRef<Path> + Send) -> Result<(), BrowserError> {
        let picture = self.client.screenshot().await?;
        Ok(std::fs::write(file, picture)?)
    }

    /// Ends the browser and its driver, and removes the profile.
    ///
    /// # Errors
    /// What kept one of them from ending; the others are ended all the same.
    pub async fn stop(self) -> Result<(), BrowserError> {
        let Self {
            client,
            driver,
            profile,
        } = self;
        let closed = client.close().await;
        driver.stop().await?;
        profile.close()?;
        Ok(closed?)
    }

    async fn visible(&self, test_id: &str, text: &str) -> Result<Option<Element>, BrowserError> {
        let mut elements = self.all(test_id).await?;
        if !text.is_empty() {
            elements.reverse();
        }
        for element in elements {
            if shows(&element, text).await? {
                return Ok(Some(element));
            }
        }
        Ok(None)
    }

    async fn wait<T, F>(&self, wanted: &str, look: impl Fn() -> F + Send + Sync) -> Result<T, BrowserError>
    where
        T: Send,
        F: Future<Output = Result<Option<T>, BrowserError>> + Send,
    {
        let until_shown = async {
            loop {
                if let Some(found) = look().await? {
                    return Ok(found);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        match tokio::time::timeout(PATIENCE, until_shown).await {
            Ok(found) => found,
            Err(_) => Err(BrowserError::NotShown {
                wanted: wanted.to_owned(),
                page: self.text().await?,
            }),
        }
    }

    async fn text(&self) -> Result<String, BrowserError> {
        Ok(self.client.find(Locator::Css("body")).await?.text().await?)
    }
}

/// Whether the element is visible with this text; one that the page has just replaced is not.
async fn shows(element: &Element, text: &str) -> Result<bool, BrowserError> {
    let shown = async { Ok(element.is_displayed().await? && element.text().await?.contains(text)) };
    match shown.await {
        Err(error) if moved(&error) => Ok(false),
        shown => Ok(shown?),
    }
}

/// Whether the element was replaced or covered while it was looked at, so that another look is due.
fn moved(error: &CmdError) -> bool {
    let CmdError::Standard(error) = error else {
        return false;
    };
    matches!(
        error.error,
        ErrorStatus::StaleElementReference
            | ErrorStatus::ElementClickIntercepted
            | ErrorStatus::ElementNotInteractable
    )
}

#[cfg(test)]
mod tests {
    use super::BrowserError;

    #[test]
    fn a_missing_driver_says_how_to_get_it() {
        let missing = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        insta::assert_snapshot!(
            format!("{:?}", BrowserError::NoDriver(missing)),
            @"can't run chromedriver; the tests of the web chat need it and Chromium: `apt-get install chromium chromium-driver`: no such file"
        );
    }
}
