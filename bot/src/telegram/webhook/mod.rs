//! The webhook: Telegram calls us with each update, and is answered 200 only when the update was committed and answered.
//!
//! - [`WebhookServer`] takes the calls. Each carries the [`WebhookSecret`], which is compared before anything of the body is
//!   read. An update that can't be handled now is answered 503 with `Retry-After`, and Telegram sends it again; the
//!   marks in the session see to it that nothing is applied twice.
//! - [`set_webhook`] tells Telegram where to call. Any number of processes may do so at once: they say the same.
//! - Nothing here ever deletes a webhook or drops updates that wait unless an operator says so
//!   ([`delete_webhook`], [`DropPending`]): a process that stops may have siblings.
//!
//! The reasons are in `docs/src/decisions/0009-webhook.md`.

mod answer;
mod counts;
mod intake;
mod put_aside;
mod registration;
mod secret;
mod server;

pub use counts::WebhookCounts;
pub use put_aside::{PutAside, PutAsideError};
pub(crate) use registration::webhook_glance;
pub use registration::{
    DropPending, WantedWebhook, WebhookStatus, delete_webhook, set_webhook, webhook_status,
};
pub use secret::{InvalidSecret, WebhookSecret};
pub use server::{WebhookServer, WebhookServerConfig};

/// The header in which Telegram sends the secret.
pub const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";
