//! From replies to Telegram's requests.

use stepkeep_core::{Invoice, Message, Progress, SessionKey};
use teloxide_core::payloads::{
    EditMessageReplyMarkup, EditMessageText, SendChatAction, SendInvoice, SendMessage,
};
use teloxide_core::types::{
    BusinessConnectionId, ChatAction, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, LabeledPrice,
    MessageId, Recipient, ReplyMarkup, ThreadId,
};

/// The longest text of a message, in UTF-16 code units (Bot API, "sendMessage").
pub const MAX_TEXT_UNITS: usize = 4096;
/// The longest caption, in UTF-16 code units (Bot API, "sendDocument").
pub const MAX_CAPTION_UNITS: usize = 1024;
/// The longest short answer to a tap, in UTF-16 code units (Bot API, "answerCallbackQuery").
pub const MAX_TAP_ANSWER_UNITS: usize = 200;
/// The longest title of an invoice, in UTF-16 code units (Bot API, "sendInvoice").
pub const MAX_INVOICE_TITLE_UNITS: usize = 32;
/// The longest description of an invoice, in UTF-16 code units (Bot API, "sendInvoice").
pub const MAX_INVOICE_DESCRIPTION_UNITS: usize = 255;

/// Where a conversation's replies go.
#[derive(Clone, Debug)]
pub struct Destination {
    chat: ChatId,
    thread: Option<ThreadId>,
    business: Option<BusinessConnectionId>,
}

impl Destination {
    /// Where the replies of this conversation go.
    pub fn of(key: &SessionKey) -> Self {
        let thread = key.thread().and_then(|thread| i32::try_from(thread.0).ok());
        Self {
            chat: ChatId(key.chat().0),
            thread: thread.map(|thread| ThreadId(MessageId(thread))),
            business: key
                .business()
                .map(|business| BusinessConnectionId(business.as_str().to_owned())),
        }
    }

    /// The chat.
    pub fn chat(&self) -> ChatId {
        self.chat
    }

    /// The thread, where the chat has threads.
    pub fn thread(&self) -> Option<ThreadId> {
        self.thread
    }

    /// The business connection, where the conversation goes over one.
    pub fn business(&self) -> Option<&BusinessConnectionId> {
        self.business.as_ref()
    }

    /// The requests that send a message: one, or several when the text is longer than a message may be. The buttons
    /// stand below the last.
    pub fn send_message(&self, message: &Message) -> Vec<SendMessage> {
        let mut parts = split(&message.text, MAX_TEXT_UNITS);
        if parts.is_empty() {
            // Telegram refuses an empty text; a flow that says nothing has a mistake that must not stop the person.
            parts.push("…".to_owned());
        }
        let last = parts.len() - 1;
        let requests = parts.into_iter().enumerate().map(|(index, text)| {
            let mut request = SendMessage::new(self.recipient(), text);
            request.message_thread_id = self.thread;
            request.business_connection_id.clone_from(&self.business);
            request.reply_markup = keyboard(message)
                .filter(|_| index == last)
                .map(ReplyMarkup::InlineKeyboard);
            request
        });
        requests.collect()
    }

    /// The request that puts a message in the place of an earlier one.
    pub fn edit_message(&self, target: MessageId, message: &Message) -> EditMessageText {
        let text = split(&message.text, MAX_TEXT_UNITS)
            .into_iter()
            .next()
            .unwrap_or_else(|| "…".to_owned());
        let mut request = EditMessageText::new(self.recipient(), target, text);
        request.business_connection_id.clone_from(&self.business);
        request.reply_markup = keyboard(message);
        request
    }

    /// The request that takes the buttons away from a message.
    pub fn remove_buttons(&self, target: MessageId) -> EditMessageReplyMarkup {
        let mut request = EditMessageReplyMarkup::new(self.recipient(), target);
        request.business_connection_id.clone_from(&self.business);
        request
    }

    /// The request that shows that something is under way, for five seconds.
    pub fn progress(&self, progress: Progress) -> SendChatAction {
        let action = match progress {
            Progress::Typing => ChatAction::Typing,
            Progress::SendingFile => ChatAction::UploadDocument,
        };
        let mut request = SendChatAction::new(self.recipient(), action);
        request.message_thread_id = self.thread;
        request.business_connection_id.clone_from(&self.business);
        request
    }

    /// The request that sends a bill.
    pub fn invoice(&self, invoice: &Invoice) -> SendInvoice {
        let price = LabeledPrice::new(invoice.title.clone(), invoice.amount);
        let mut request = SendInvoice::new(
            self.recipient(),
            shorten(&invoice.title, MAX_INVOICE_TITLE_UNITS),
            shorten(&invoice.description, MAX_INVOICE_DESCRIPTION_UNITS),
            invoice.payload.clone(),
            invoice.currency.clone(),
            [price],
        );
        // Empty for Stars (Bot API, "sendInvoice").
        request.provider_token = Some(String::new());
        request.message_thread_id = self.thread;
        request
    }

    fn recipient(&self) -> Recipient {
        Recipient::Id(self.chat)
    }
}

/// The buttons of a message; `None` when it has none.
pub fn keyboard(message: &Message) -> Option<InlineKeyboardMarkup> {
    if message.buttons.is_empty() {
        return None;
    }
    let rows = message.buttons.iter().map(|row| {
        row.iter()
            .map(|button| InlineKeyboardButton::callback(button.text.clone(), button.action.clone()))
    });
    Some(InlineKeyboardMarkup::new(rows))
}

/// Cuts a text to so many UTF-16 code units, with an ellipsis where something was cut.
pub fn shorten(text: &str, units: usize) -> String {
    if utf16_length(text) <= units {
        return text.to_owned();
    }
    let mut kept = split(text, units.saturating_sub(1))
        .into_iter()
        .next()
        .unwrap_or_default();
    kept.push('…');
    kept
}

/// Splits a text into parts of at most so many UTF-16 code units: at a line's end where there is one in the second
/// half of a part, and never within a character. Parts of white space only are left out.
fn split(text: &str, units: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.trim().is_empty() {
        let mut length = 0;
        let end = rest.char_indices().find_map(|(index, character)| {
            length += character.len_utf16();
            (length > units).then_some(index)
        });
        let Some(end) = end else {
            parts.push(rest.to_owned());
            break;
        };
        let at = rest[..end]
            .rfind('\n')
            .filter(|line_end| *line_end > end / 2)
            .unwrap_or(end);
        if at == 0 {
            // Not even one character fits.
            break;
        }
        parts.push(rest[..at].to_owned());
        rest = rest[at..].trim_start_matches('\n');
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn utf16_length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use stepkeep_core::{BotId, UserId};

    proptest! {
        #[test]
        fn every_part_is_short_enough_and_nothing_but_line_ends_is_lost(text in "(.|\n){0,60}", units in 2_usize..20) {
            let parts = split(&text, units);
            for part in &parts {
                prop_assert!(utf16_length(part) <= units);
            }
            let without_space = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(without_space(&parts.concat()), without_space(&text));
            prop_assert!(utf16_length(&shorten(&text, units)) <= units);
        }
    }

    #[test]
    fn the_buttons_stand_below_the_last_part() {
        let key = SessionKey::private(BotId(1), UserId(2));
        let message = Message::text("x".repeat(MAX_TEXT_UNITS + 1)).row([("Back", "back")]);
        let requests = Destination::of(&key).send_message(&message);
        assert_eq!(requests.len(), 2);
        assert!(requests[0].reply_markup.is_none() && requests[1].reply_markup.is_some());
    }

    #[test]
    fn an_empty_text_is_sent_as_something() {
        let key = SessionKey::private(BotId(1), UserId(2));
        assert_eq!(Destination::of(&key).send_message(&Message::text(" \n")).len(), 1);
    }
}
