//! What messages are made of: texts, keyboards and the message that is replied to.

use serde::Deserialize;

use super::Call;
use crate::{
    bot_api::error::ApiError,
    telegram::{
        chat::Chat,
        markup::Markup,
        text::{Entity, FormattedText, MAX_CAPTION, parse_html, utf16_len},
    },
};

/// The longest text with its markup, in bytes.
const MAX_RAW_TEXT_BYTES: usize = 32_768;

#[derive(Deserialize)]
struct ReplyParameters {
    message_id: i64,
    #[serde(default)]
    allow_sending_without_reply: bool,
}

impl Call<'_> {
    /// A text with the entities that its markup or the list beside it gives.
    pub(super) fn formatted(&self, text: &str, entities: &str) -> Result<FormattedText, ApiError> {
        let raw = self.params.text(text).unwrap_or_default();
        if raw.len() > MAX_RAW_TEXT_BYTES {
            return Err(ApiError::bad_request("message is too long"));
        }
        let mode = self
            .params
            .text("parse_mode")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let (text, entities) = match mode.as_str() {
            "" => {
                let entities: Vec<Entity> = self.params.shaped(entities)?.unwrap_or_default();
                let length = utf16_len(&raw);
                if entities
                    .iter()
                    .any(|entity| entity.offset.saturating_add(entity.length) > length)
                {
                    return Err(ApiError::bad_request(
                        "can't parse entities: entity is out of the text",
                    ));
                }
                (raw, entities)
            }
            "html" => {
                let parsed = parse_html(&raw)
                    .map_err(|reason| ApiError::bad_request(format!("can't parse entities: {reason}")))?;
                (parsed.text, parsed.entities)
            }
            "markdown" | "markdownv2" => {
                return Err(ApiError::bad_request(
                    "unsupported parse_mode: the sandbox reads HTML only",
                ));
            }
            _ => return Err(ApiError::bad_request("unsupported parse_mode")),
        };
        Ok(FormattedText::new(&text, entities))
    }

    pub(super) fn caption(&self) -> Result<FormattedText, ApiError> {
        let caption = self.formatted("caption", "caption_entities")?;
        if caption.utf16_len() > MAX_CAPTION {
            return Err(ApiError::bad_request("message caption is too long"));
        }
        Ok(caption)
    }

    pub(super) fn markup(&self) -> Result<Option<Markup>, ApiError> {
        match self.params.json("reply_markup")? {
            Some(value) => Markup::parse(&value).map_err(ApiError::bad_request),
            None => Ok(None),
        }
    }

    /// The message that is replied to; it has to exist unless the call says otherwise.
    pub(super) fn reply_to(&self, chat: &Chat) -> Result<Option<i64>, ApiError> {
        let parameters: Option<ReplyParameters> = self.params.shaped("reply_parameters")?;
        let (id, may_be_missing) = match parameters {
            Some(reply) => (reply.message_id, reply.allow_sending_without_reply),
            None => match self.params.integer("reply_to_message_id") {
                Some(id) => (id, self.params.boolean("allow_sending_without_reply")),
                None => return Ok(None),
            },
        };
        match chat.messages.contains_key(&id) {
            true => Ok(Some(id)),
            false if may_be_missing => Ok(None),
            false => Err(ApiError::bad_request("message to be replied not found")),
        }
    }
}
