//! The two signals that end a process: SIGINT (Ctrl-C) and SIGTERM.
//!
//! The first asks for an orderly end. Whoever sends a second one has waited long enough: the process exits at once, which loses
//! nothing, since what was acknowledged is stored.

use std::io;

use futures::StreamExt;
use futures::stream::{self, Stream};
use tokio_util::sync::CancellationToken;

/// A request to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, or Ctrl-C in a terminal.
    Interrupt,
    /// SIGTERM, as service managers send it.
    Terminate,
}

impl Signal {
    /// The exit code of a process that ends by this signal: 128 and its number.
    pub const fn exit_code(self) -> i32 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Listens to the process's signals from now on, in a task of the current runtime. The first cancels the token; a second exits
/// the process with [`Signal::exit_code`].
///
/// # Errors
///
/// If the operating system refuses to deliver the signals.
///
/// # Panics
///
/// Outside of a tokio runtime.
pub fn on_signals() -> io::Result<CancellationToken> {
    let signals = signals()?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        if let Some(second) = heed(signals, &cancelled).await {
            tracing::warn!(signal = ?second, "second signal: exiting at once");
            std::process::exit(second.exit_code());
        }
    });
    Ok(token)
}

/// Cancels at the first signal, and answers the second.
async fn heed(signals: impl Stream<Item = Signal>, token: &CancellationToken) -> Option<Signal> {
    let mut signals = std::pin::pin!(signals);
    let first = signals.next().await?;
    tracing::info!(signal = ?first, "ending; a second signal ends at once");
    token.cancel();
    signals.next().await
}

#[cfg(unix)]
fn signals() -> io::Result<impl Stream<Item = Signal> + Send> {
    use tokio::signal::unix::{SignalKind, signal};

    let interrupts = arrivals(signal(SignalKind::interrupt())?, Signal::Interrupt);
    let terminations = arrivals(signal(SignalKind::terminate())?, Signal::Terminate);
    Ok(stream::select(interrupts, terminations))
}

#[cfg(unix)]
fn arrivals(source: tokio::signal::unix::Signal, signal: Signal) -> impl Stream<Item = Signal> + Send {
    stream::unfold(source, move |mut source| async move {
        source.recv().await.map(|()| (signal, source))
    })
}

#[cfg(not(unix))]
fn signals() -> io::Result<impl Stream<Item = Signal> + Send> {
    Ok(stream::unfold((), |()| async {
        tokio::signal::ctrl_c()
            .await
            .ok()
            .map(|()| (Signal::Interrupt, ()))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_signal_asks_and_the_second_insists() {
        let token = CancellationToken::new();
        let signals = stream::iter([Signal::Interrupt, Signal::Terminate]);
        assert_eq!(heed(signals, &token).await, Some(Signal::Terminate));
        assert!(token.is_cancelled());
    }

    #[tokio::test]
    async fn without_a_signal_nothing_is_cancelled() {
        let token = CancellationToken::new();
        assert_eq!(heed(stream::empty(), &token).await, None);
        assert!(!token.is_cancelled());
    }

    #[tokio::test]
    async fn one_signal_is_no_reason_to_exit_at_once() {
        let token = CancellationToken::new();
        assert_eq!(heed(stream::iter([Signal::Terminate]), &token).await, None);
        assert!(token.is_cancelled());
    }
}
