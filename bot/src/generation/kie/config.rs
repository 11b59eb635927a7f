//! How a client is set up.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::pace::Pace;
use super::retry::RetryPolicy;
use crate::observation::Observers;

/// How to reach the API.
///
/// The debug form leaves out the key.
#[derive(Debug, Clone)]
pub struct KieConfig {
    /// The address of the API.
    pub base_url: Url,
    /// The address of the host that takes files. It gets the key too.
    pub upload_url: Url,
    /// The key, sent as a bearer's token.
    pub api_key: SecretString,
    /// What the client calls itself.
    pub user_agent: String,
    /// How long calls may take.
    pub deadlines: Deadlines,
    /// How often, and after which pauses, calls are sent again.
    pub retry: RetryPolicy,
    /// How fast calls may follow each other.
    pub pace: Pace,
    /// Who is told of the requests.
    pub observers: Observers,
}

impl KieConfig {
    /// The address of KIE.
    pub const DEFAULT_BASE_URL: &str = "https://api.kie.ai";

    /// The address of the host that takes files for KIE.
    pub const DEFAULT_UPLOAD_URL: &str = "https://kieai.redpandaai.co";

    /// The usual settings for the API at `base_url` with `api_key`. Files go to KIE's own host, unless
    /// [`upload_url`](Self::upload_url) is set to another.
    pub fn new(base_url: Url, api_key: SecretString) -> Self {
        Self {
            base_url,
            upload_url: uploads_of_kie(),
            api_key,
            user_agent: concat!("stepkeep/", env!("CARGO_PKG_VERSION")).to_owned(),
            deadlines: Deadlines::default(),
            retry: RetryPolicy::default(),
            pace: Pace::default(),
            observers: Observers::default(),
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "the address is a constant, and every test of the client reads it"
)]
fn uploads_of_kie() -> Url {
    Url::parse(KieConfig::DEFAULT_UPLOAD_URL).expect("an address")
}

/// How long calls may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Until there is a connection.
    pub connect: Duration,
    /// One attempt of a read, the answer included.
    pub request: Duration,
    /// Creating a task, the answer included. Long, since afterwards it is unclear whether the task exists.
    pub create: Duration,
    /// One attempt to hand in a file, or to get one.
    pub transfer: Duration,
    /// A read with all its attempts and pauses, and with the wait for its turn. Not for files.
    pub call: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(20),
            create: Duration::from_mins(1),
            transfer: Duration::from_mins(2),
            call: Duration::from_mins(1),
        }
    }
}

/// Why a client can't be made of its settings. Its text holds neither key nor address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KieConfigError {
    /// The address isn't a plain web address.
    #[error("the KIE API's address must be http:// or https://, without user, password, query or fragment")]
    Address,
    /// The address for files isn't a plain web address.
    #[error(
        "the address for KIE's uploads must be http:// or https://, without user, password, query or fragment"
    )]
    UploadAddress,
    /// The key can't be sent.
    #[error("the KIE API's key is empty, or has characters that no header can carry")]
    Key,
    /// The HTTP client can't be set up.
    #[error("the HTTP client can't be set up")]
    Http(#[source] reqwest::Error),
}
