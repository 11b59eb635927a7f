use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// What a call is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Telegram may forget the update.
    Taken,
    /// Telegram shall send it again, in so many seconds.
    Later(u32),
    /// The process stops. It mostly has a sibling, or a successor in a moment, so Telegram shall send the update again soon,
    /// over another connection.
    Stopping,
    /// The call is none of Telegram's.
    Refused(StatusCode),
}

/// The pause while the process stops, in seconds.
const WHILE_STOPPING: u32 = 1;

/// The pauses for what was given back, in seconds.
const PAUSES: std::ops::RangeInclusive<u32> = 1..=5;

impl Answer {
    /// Later, by chance a little sooner or later: what failed together need not come again together.
    pub(super) fn later() -> Self {
        Self::Later(rand::random_range(PAUSES))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Taken => StatusCode::OK.into_response(),
            Self::Refused(status) => status.into_response(),
            Self::Later(seconds) => put_off(seconds),
            Self::Stopping => {
                let mut response = put_off(WHILE_STOPPING);
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
                response
            }
        }
    }
}

fn put_off(seconds: u32) -> Response {
    let retry_after = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
    (StatusCode::SERVICE_UNAVAILABLE, retry_after).into_response()
}

/// How long the body of a call may take to arrive. Telegram sends it in one go.
pub(super) const BODY_DEADLINE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_is_a_few_seconds_away_and_not_always_the_same() {
        let pauses: std::collections::HashSet<_> = (0..1_000)
            .map(|_| match Answer::later() {
                Answer::Later(seconds) => seconds,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(pauses.iter().all(|pause| PAUSES.contains(pause)));
        assert!(pauses.len() > 1);
    }

    #[test]
    fn only_what_may_come_again_says_when() {
        let header = |answer: Answer| answer.into_response().headers().get(header::RETRY_AFTER).cloned();
        assert_eq!(header(Answer::Later(3)).unwrap(), "3");
        assert_eq!(header(Answer::Stopping).unwrap(), "1");
        assert_eq!(header(Answer::Taken), None);
        assert_eq!(header(Answer::Refused(StatusCode::UNAUTHORIZED)), None);
    }
}
