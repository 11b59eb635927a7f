//! The methods, and what they share.

mod callbacks;
mod chats;
mod commands;
mod drafts;
mod edits;
mod files;
mod messages;
mod payments;
mod updates;
mod webhooks;

use std::sync::Arc;

use super::{Answer, error::ApiError, params::Params};
use crate::telegram::{
    bot::{Bot, BotState},
    chat::{Chat, ChatKind},
    files::FileKind,
    world::World,
};

/// One call of one bot.
struct Call<'a> {
    world: &'a Arc<World>,
    bot: &'a Arc<Bot>,
    params: Params,
}

type Outcome = Result<Answer, ApiError>;

/// Runs the method of that name, whatever its case.
pub(super) async fn dispatch(world: &Arc<World>, bot: &Arc<Bot>, method: &str, params: Params) -> Outcome {
    let call = Call { world, bot, params };
    match method.to_ascii_lowercase().as_str() {
        "getme" => Ok(chats::get_me(&call)),
        "getupdates" => updates::get_updates(&call).await,
        "setwebhook" => webhooks::set_webhook(call),
        "deletewebhook" => Ok(webhooks::delete_webhook(&call)),
        "getwebhookinfo" => Ok(webhooks::get_webhook_info(&call)),
        "sendmessage" => messages::send_message(&call),
        "senddocument" => messages::send_document(call),
        "sendphoto" => messages::send_photo(call),
        "sendvideo" => messages::send_clip(call, FileKind::Video),
        "sendaudio" => messages::send_clip(call, FileKind::Audio),
        "sendinvoice" => payments::send_invoice(&call),
        "answerprecheckoutquery" => payments::answer_pre_checkout_query(&call),
        "refundstarpayment" => payments::refund_star_payment(&call),
        "getstartransactions" => payments::get_star_transactions(&call),
        "getmystarbalance" => Ok(payments::get_my_star_balance(&call)),
        "sendchataction" => chats::send_chat_action(&call),
        "editmessagetext" => edits::edit_message_text(&call),
        "editmessagecaption" => edits::edit_message_caption(&call),
        "editmessagereplymarkup" => edits::edit_message_reply_markup(&call),
        "deletemessage" => edits::delete_message(&call),
        "answercallbackquery" => callbacks::answer_callback_query(&call),
        "setmycommands" => commands::set_my_commands(&call),
        "getmycommands" => commands::get_my_commands(&call),
        "deletemycommands" => commands::delete_my_commands(&call),
        "getfile" => files::get_file(&call),
        "getchat" => chats::get_chat(&call),
        _ => Err(ApiError::method_not_found()),
    }
}

impl Call<'_> {
    fn chat_id(&self) -> Result<i64, ApiError> {
        match self.params.text("chat_id") {
            None => Err(ApiError::bad_request("chat_id is empty")),
            // Telegram resolves the names of public chats only, and there are none here.
            Some(_) => self.params.integer("chat_id").ok_or_else(chat_not_found),
        }
    }

    /// A chat that the bot may write into.
    fn writable<'s>(&self, state: &'s mut BotState, chat_id: i64) -> Result<&'s mut Chat, ApiError> {
        match state.chats.get_mut(&chat_id) {
            Some(chat) if chat.blocked && matches!(chat.kind, ChatKind::Private(_)) => {
                Err(ApiError::forbidden("bot was blocked by the user"))
            }
            Some(chat) if chat.blocked && chat.is_supergroup() => {
                Err(ApiError::forbidden("bot was kicked from the supergroup chat"))
            }
            Some(chat) if chat.blocked => Err(ApiError::forbidden("bot was kicked from the group chat")),
            Some(chat) => match chat.migrated_to {
                Some(supergroup) => Err(ApiError::migrated(supergroup)),
                None => Ok(chat),
            },
            None if self.world.people.get(chat_id).is_some() => {
                Err(ApiError::forbidden("bot can't initiate conversation with a user"))
            }
            None => Err(chat_not_found()),
        }
    }
}

fn chat_not_found() -> ApiError {
    ApiError::bad_request("chat not found")
}
