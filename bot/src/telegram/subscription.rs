use teloxide_core::types::AllowedUpdate;

/// The kinds of updates that the bot handles, and so the only ones that it asks for, whichever way they come.
pub fn subscription() -> Vec<AllowedUpdate> {
    vec![
        AllowedUpdate::Message,
        AllowedUpdate::EditedMessage,
        AllowedUpdate::CallbackQuery,
        AllowedUpdate::PreCheckoutQuery,
        AllowedUpdate::MyChatMember,
    ]
}
