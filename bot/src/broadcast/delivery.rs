//! One message to one person, tried once.

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::UserId;
use teloxide_core::payloads::SendMessage;
use teloxide_core::types::ChatId;
use tokio_util::sync::CancellationToken;

use super::job::Fate;
use super::pace::Pace;
use crate::telegram::{Sender, TelegramError, TelegramErrorKind};

/// The pause after trouble on the way to Telegram, or on its side: so long all wait, lest an outage use up the whole list.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);

/// The pause when Telegram doesn't know the bot's token.
const WITHOUT_TOKEN: Duration = Duration::from_secs(30);

/// Sends behind everybody's replies, at an even pace.
#[derive(Debug)]
pub(super) struct Delivery {
    sender: Arc<Sender>,
    pace: Pace,
}

/// What a failed try means.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// It is over.
    Over(Fate),
    /// Surely nothing was sent: the same again after this pause, which is everybody's.
    Again(Duration),
    /// It may have been sent; and the others wait for so long.
    Unclear(Duration),
}

impl Delivery {
    pub(super) fn new(sender: Arc<Sender>, rate: u32) -> Self {
        Self {
            sender,
            pace: Pace::per_second(rate),
        }
    }

    /// Sends a text to a person. Once `halt` is cancelled nothing more is begun; what is under way is waited for.
    pub(super) async fn send(&self, user: UserId, text: &str, halt: &CancellationToken) -> Fate {
        let chat = ChatId(user.0);
        let request = SendMessage::new(chat, text);
        loop {
            let turn = halt.run_until_cancelled(self.pace.turn()).await;
            if turn.is_none() || halt.is_cancelled() {
                return Fate::Unsent;
            }
            let Err(error) = self.sender.send_behind_others(chat, &request).await else {
                return Fate::Sent;
            };
            match meaning(&error) {
                Meaning::Over(fate) => {
                    tracing::debug!(user_id = user.0, %error, "a broadcast does not reach a person");
                    return fate;
                }
                Meaning::Again(pause) => {
                    tracing::debug!(user_id = user.0, %error, ?pause, "a broadcast waits");
                    self.pace.pause(pause);
                }
                Meaning::Unclear(pause) => {
                    tracing::warn!(user_id = user.0, %error, "it is unclear whether a broadcast reached a person");
                    self.pace.pause(pause);
                    return Fate::Unclear;
                }
            }
        }
    }
}

fn meaning(error: &TelegramError) -> Meaning {
    match error.kind() {
        TelegramErrorKind::RetryAfter(pause) => Meaning::Again(*pause),
        TelegramErrorKind::Unauthorized => Meaning::Again(WITHOUT_TOKEN),
        TelegramErrorKind::ChatGone(_) => Meaning::Over(Fate::Blocked),
        _ if error.never_left() => Meaning::Again(AFTER_TROUBLE),
        _ if error.is_transient() => Meaning::Unclear(AFTER_TROUBLE),
        TelegramErrorKind::Malformed(_) => Meaning::Over(Fate::Unclear),
        _ => Meaning::Over(Fate::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::Method;

    #[test]
    fn what_may_have_been_sent_is_not_tried_again() {
        use TelegramErrorKind as Kind;
        let meaning = |kind| meaning(&TelegramError::new(Method::new("sendMessage"), kind));
        let minute = Duration::from_mins(1);
        assert_eq!(meaning(Kind::RetryAfter(minute)), Meaning::Again(minute));
        for kind in [Kind::Server(502), Kind::Network, Kind::Timeout] {
            assert_eq!(meaning(kind), Meaning::Unclear(AFTER_TROUBLE));
        }
        assert_eq!(
            meaning(Kind::ChatGone(String::new())),
            Meaning::Over(Fate::Blocked)
        );
        assert_eq!(
            meaning(Kind::BadRequest(String::new())),
            Meaning::Over(Fate::Failed)
        );
    }
}
