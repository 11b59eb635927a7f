use bytes::Bytes;
use reqwest::{
    Body,
    multipart::{Form, Part},
};
use serde::Serialize;
use serde_json::Value;
use stepkeep_core::MediaKind;
use teloxide_core::types::{BusinessConnectionId, ChatId, ParseMode, ReplyMarkup, ThreadId};

/// A file to upload. Cloning is cheap, so that a repeat costs no copy.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The name that the person sees.
    pub name: String,
    /// The MIME type, such as `application/pdf`; anything unreadable is sent as `application/octet-stream`.
    pub mime: String,
    /// The content, up to 50 MB (Telegram's limit for bots).
    pub bytes: Bytes,
}

/// A file to send to a chat: `sendDocument` with an upload, or, where it is shown as such, `sendPhoto`, `sendVideo`, `sendAudio`. (One that Telegram already has goes out as the plain
/// payload [`SendDocument`](teloxide_core::payloads::SendDocument) with its file id.)
#[derive(Debug, Clone, Serialize)]
pub struct NewDocument {
    /// The chat that gets it.
    pub chat_id: ChatId,
    /// The topic within the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<ThreadId>,
    /// The business connection on whose behalf it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_connection_id: Option<BusinessConnectionId>,
    /// The text below it, up to 1024 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// How the caption is marked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parse_mode: Option<ParseMode>,
    /// The keyboard below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<ReplyMarkup>,
    /// As what it is shown; as a plain file without.
    #[serde(skip)]
    pub shown_as: Option<MediaKind>,
    /// The file.
    #[serde(skip)]
    pub file: Upload,
}

impl NewDocument {
    /// A document without caption or keyboard.
    pub fn new(chat_id: ChatId, file: Upload) -> Self {
        Self {
            chat_id,
            message_thread_id: None,
            business_connection_id: None,
            caption: None,
            parse_mode: None,
            reply_markup: None,
            shown_as: None,
            file,
        }
    }

    /// The method that sends it.
    pub(super) const fn method(&self) -> &'static str {
        match self.shown_as {
            Some(MediaKind::Photo) => "sendPhoto",
            Some(MediaKind::Video) => "sendVideo",
            Some(MediaKind::Audio) => "sendAudio",
            // A kind that a newer version of the core knows is a plain file here.
            _ => "sendDocument",
        }
    }

    const fn field(&self) -> &'static str {
        match self.shown_as {
            Some(MediaKind::Photo) => "photo",
            Some(MediaKind::Video) => "video",
            Some(MediaKind::Audio) => "audio",
            _ => "document",
        }
    }

    /// The file as the form that its method takes: strings as they are, everything else as JSON text.
    pub(super) fn form(&self) -> Result<Form, serde_json::Error> {
        let mut form = Form::new();
        if let Value::Object(fields) = serde_json::to_value(self)? {
            for (name, value) in fields {
                let text = if let Value::String(text) = value {
                    text
                } else {
                    value.to_string()
                };
                form = form.text(name, text);
            }
        }
        Ok(form.part(self.field(), self.file.part()))
    }
}

impl Upload {
    fn part(&self) -> Part {
        let part = || {
            let length = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
            Part::stream_with_length(Body::from(self.bytes.clone()), length).file_name(self.name.clone())
        };
        // `mime_str` consumes the part, and an unreadable type is no reason to lose a label.
        part().mime_str(&self.mime).unwrap_or_else(|_| part())
    }
}
