//! Traces: what a turn did and how long each part of it took, sent to a collector by OpenTelemetry's protocol (feature `otlp`).
//!
//! A turn is one span, with a span below it for each operation of the store, for the sending of its replies and for each request to
//! Telegram. An outside call that it asked for goes on when the turn has long ended, so it is a trace of its own, with a link
//! to its turn. Spans carry names, ids, outcomes and durations, never what people wrote.

#[cfg(not(feature = "otlp"))]
use {crate::config::LogSettings, url::Url};

#[cfg(feature = "otlp")]
mod otlp;
#[cfg(feature = "otlp")]
pub use otlp::{TracesError, exported_to};

/// The traces under way.
#[derive(Debug)]
#[must_use = "traces that aren't ended lose the last seconds"]
pub struct Traces {
    #[cfg(feature = "otlp")]
    provider: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

impl Traces {
    /// None are sent anywhere.
    pub const fn none() -> Self {
        Self {
            #[cfg(feature = "otlp")]
            provider: None,
        }
    }

    /// Sends what is left, for some seconds at most.
    #[cfg_attr(
        not(feature = "otlp"),
        expect(clippy::unused_async, reason = "without traces nothing is left to send")
    )]
    pub async fn end(self) {
        #[cfg(feature = "otlp")]
        if let Some(provider) = self.provider {
            otlp::end(provider).await;
        }
    }
}

#[cfg(feature = "otlp")]
pub(crate) use otlp::init;

/// This program was built without.
#[cfg(not(feature = "otlp"))]
pub(crate) fn init(_: &LogSettings, _: &Url) -> anyhow::Result<Traces> {
    anyhow::bail!("this program was built without traces: `cargo build --features otlp` brings them")
}
