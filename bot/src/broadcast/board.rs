//! What the admin sees of a broadcast while it goes on, and at its end.

use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{Button, Message, SessionKey};
use tokio::sync::watch;
use tokio::time::sleep;

use super::job::Job;
use super::record::Broadcasts;
use super::{SHOW_ACTION, STOP_ACTION};
use crate::localization::Localizer;
use crate::telegram::Sender;
use crate::telegram::incoming::message_id;
use crate::telegram::outgoing::Destination;

/// How often the message is brought up to date.
const EVERY: Duration = Duration::from_secs(5);

/// Shows broadcasts to their admins.
#[derive(Debug)]
pub(super) struct Boards {
    pub(super) broadcasts: Broadcasts,
    pub(super) sender: Arc<Sender>,
    pub(super) localizer: Arc<Localizer>,
}

impl Boards {
    /// Brings the admin's message up to date, again and again.
    pub(super) async fn keep(&self, job: watch::Receiver<Job>) {
        loop {
            sleep(EVERY).await;
            let seen = job.borrow().clone();
            self.show(&seen).await;
        }
    }

    /// Brings the admin's message up to date. A courtesy: when it fails, nothing is lost.
    pub(super) async fn show(&self, job: &Job) {
        let Some(board) = &job.board else { return };
        let Some(target) = message_id(board.message) else {
            return;
        };
        let mut message = Message::text(self.text(job));
        if !job.is_over()
            && let Some(row) = self.buttons(&board.key, job).await
        {
            message.buttons.push(row);
        }
        let destination = Destination::of(&board.key);
        let request = destination.edit_message(target, &message);
        if let Err(error) = self.sender.send_behind_others(destination.chat(), &request).await {
            tracing::debug!(%error, "how far a broadcast is could not be shown");
        }
    }

    /// Tells the admin that it is over, in a message of its own, which rings.
    pub(super) async fn tell_of_the_end(&self, job: &Job) {
        let key = match &job.board {
            Some(board) => board.key.clone(),
            None => SessionKey::private(self.broadcasts.bot(), job.order.by),
        };
        let destination = Destination::of(&key);
        for request in destination.send_message(&Message::text(self.text(job))) {
            if let Err(error) = self.sender.send(Some(destination.chat()), &request).await {
                tracing::warn!(%error, "the end of a broadcast could not be told");
            }
        }
    }

    fn text(&self, job: &Job) -> String {
        let now = self.broadcasts.now();
        self.localizer.broadcast(job.order.language, &job.view(), now)
    }

    /// The buttons, for as long as the admin's dialogue offers them: others would only answer that they are out of date.
    async fn buttons(&self, key: &SessionKey, job: &Job) -> Option<Vec<Button>> {
        let session = self.broadcasts.store().get(key).await.ok()??;
        let menu = session.turn().menu.as_ref()?;
        let button = |label: &str, action: &str| {
            Some(Button {
                text: self.localizer.plain(job.order.language, label),
                action: menu.data(key, action)?,
            })
        };
        Some(vec![
            button("button-stop", STOP_ACTION)?,
            button("button-refresh", SHOW_ACTION)?,
        ])
    }
}
