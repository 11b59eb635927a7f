//! Messages to the admins about what only they can decide, beside any conversation.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepkeep_core::{BotId, Message, SessionKey, SessionStore, UserId};

use crate::flows::{language_of_session, settling};
use crate::ledger::{Charge, OperatorNotices};
use crate::localization::{Language, Localizer};
use crate::telegram::Sender;
use crate::telegram::outgoing::Destination;

/// Writes to the admins. A message that can't be sent is only logged: what it tells is in the log and in `/unclear` too.
/// Clones write to the same.
#[derive(Clone, Debug)]
pub struct AdminMessages {
    sender: Arc<Sender>,
    localizer: Arc<Localizer>,
    sessions: Arc<dyn SessionStore>,
    bot: BotId,
    admins: Arc<BTreeSet<UserId>>,
}

impl AdminMessages {
    /// Writes to these admins of `bot` as each of their `sessions` says in which language.
    pub fn new(
        sender: Arc<Sender>,
        localizer: Arc<Localizer>,
        sessions: Arc<dyn SessionStore>,
        bot: BotId,
        admins: BTreeSet<UserId>,
    ) -> Self {
        Self {
            sender,
            localizer,
            sessions,
            bot,
            admins: Arc::new(admins),
        }
    }

    async fn tell_all(&self, text: impl Fn(Language) -> String) {
        for admin in self.admins.iter() {
            let key = SessionKey::private(self.bot, *admin);
            let language = match self.sessions.get(&key).await {
                Ok(Some(session)) => language_of_session(&session, Language::default()),
                _ => Language::default(),
            };
            let destination = Destination::of(&key);
            for request in destination.send_message(&Message::text(text(language))) {
                if let Err(error) = self.sender.tell(Some(destination.chat()), &request).await {
                    tracing::warn!(%error, admin = admin.0, "an admin could not be told");
                }
            }
        }
    }
}

impl OperatorNotices for AdminMessages {
    fn is_unclear(&self, user: UserId, charge: &Charge) {
        if self.admins.is_empty() {
            return;
        }
        let (messages, charge) = (self.clone(), charge.clone());
        tokio::spawn(async move {
            let text = |language| settling::notice(&messages.localizer, language, user, &charge);
            messages.tell_all(text).await;
        });
    }
}
