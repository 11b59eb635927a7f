//! Why there is no answer.

use std::sync::Arc;
use std::time::Duration;

/// Why a cache has no answer. All who waited for one load get the same error.
///
/// An expired value that may still be served is an answer: this is only for when there is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError<E> {
    /// The source failed.
    #[error("the source failed: {0}")]
    Failed(Arc<E>),
    /// The source did not answer in time.
    #[error("the source did not answer within {} ms", after.as_millis())]
    TimedOut {
        /// The deadline.
        after: Duration,
    },
    /// The source panicked, which is a defect of it. The next one to ask makes it load again.
    #[error("the source panicked: {message}")]
    Panicked {
        /// What it said.
        message: Arc<str>,
    },
    /// The load was broken off because the runtime shuts down.
    #[error("the load was broken off: the runtime shuts down")]
    Interrupted,
}

impl<E> CacheError<E> {
    /// What a panic left behind.
    pub(super) fn of_panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self::Panicked {
            message: text.unwrap_or("it said nothing").into(),
        }
    }

    /// A stable word for why: `failed`, `timed_out`, `panicked` or `interrupted`.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::TimedOut { .. } => "timed_out",
            Self::Panicked { .. } => "panicked",
            Self::Interrupted => "interrupted",
        }
    }

    /// What the source said, if it said something.
    pub fn failure(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::TimedOut { .. } | Self::Panicked { .. } | Self::Interrupted => None,
        }
    }
}

// Derived, it would ask for `E: Clone`.
impl<E> Clone for CacheError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::TimedOut { after } => Self::TimedOut { after: *after },
            Self::Panicked { message } => Self::Panicked {
                message: Arc::clone(message),
            },
            Self::Interrupted => Self::Interrupted,
        }
    }
}
