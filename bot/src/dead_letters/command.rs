//! `stepkeep dead-letters`: what an operator does with updates that were put aside.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::Context;
use comfy_table::{ContentArrangement, Table, presets};
use stepkeep_core::{StoreError, SystemClock, Timestamp};

use super::{DeadLetter, DeadLetters, LetterId, Letters};
use crate::cli::{DeadLettersArgs, LetterAction, LetterChoice};
use crate::config::OperatorSettings;
use crate::failure::Failure;
use crate::logging;
use crate::store::OpenStore;

/// Does what the command line asks for.
///
/// # Errors
/// When the settings are wrong, the store can't be used, or there is no such letter.
pub async fn dead_letters(
    arguments: &DeadLettersArgs,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> anyhow::Result<()> {
    let settings = OperatorSettings::load(&arguments.sources(environment))?;
    logging::init(&settings.log)?;
    let url = &settings.store;
    let unusable = || {
        Failure::new(
            format!("the store {url} can't be used"),
            "look at the reason above; `stepkeep doctor` says more",
        )
    };
    let store = OpenStore::inspect(url).await.with_context(unusable)?;
    let letters = DeadLetters::new(
        Arc::clone(&store.sessions),
        Arc::new(SystemClock),
        settings.token.bot_id(),
    );
    let done = act(&letters, &arguments.action).await;
    store.close().await;
    match done {
        Ok(said) => {
            print!("{said}");
            Ok(())
        }
        Err(Undone::NoSuchLetter(id)) => Err(anyhow::Error::msg(Failure::new(
            format!("this bot has no dead letter {id}"),
            "`stepkeep dead-letters list` shows those that there are",
        ))),
        Err(Undone::Store(error)) => Err(error).with_context(unusable),
    }
}

/// Why something was not done.
#[derive(Debug)]
enum Undone {
    NoSuchLetter(LetterId),
    Store(StoreError),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Answers what is to be printed.
async fn act(letters: &DeadLetters, action: &LetterAction) -> Result<String, Undone> {
    match action {
        LetterAction::List => Ok(table(&letters.list().await?)),
        LetterAction::Show(id) => {
            let letter = letters.get(*id).await?.ok_or(Undone::NoSuchLetter(*id))?;
            Ok(whole(&letter))
        }
        LetterAction::Replay(choice) => {
            let ids = chosen(letters, choice).await?;
            for id in &ids {
                if !letters.request_replay(*id).await? {
                    return Err(Undone::NoSuchLetter(*id));
                }
            }
            Ok(format!(
                "{} of them will be handled again, by whichever process of the bot runs.\n",
                ids.len()
            ))
        }
        LetterAction::Delete(choice) => {
            let ids = chosen(letters, choice).await?;
            for id in &ids {
                if !letters.remove(*id).await? {
                    return Err(Undone::NoSuchLetter(*id));
                }
            }
            Ok(format!("{} of them are gone.\n", ids.len()))
        }
    }
}

async fn chosen(letters: &DeadLetters, choice: &LetterChoice) -> Result<Vec<LetterId>, StoreError> {
    Ok(match choice {
        LetterChoice::These(ids) => ids.clone(),
        LetterChoice::All => letters
            .list()
            .await?
            .letters
            .iter()
            .map(|letter| letter.id)
            .collect(),
    })
}

fn table(letters: &Letters) -> String {
    let mut text = if letters.letters.is_empty() {
        "There are no dead letters.\n".to_owned()
    } else {
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(["id", "put aside", "chat", "person", "tries", "reason", "error"]);
        for letter in &letters.letters {
            let (chat, person) = place(letter);
            table.add_row([
                letter.id.to_string(),
                when(letter.at),
                chat,
                person,
                letter.attempts.to_string(),
                letter.reason.as_str().to_owned(),
                letter.error.clone(),
            ]);
        }
        format!("{table}\n")
    };
    if letters.unreadable > 0 {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{} more can't be read.", letters.unreadable);
    }
    text
}

fn whole(letter: &DeadLetter) -> String {
    let (chat, person) = place(letter);
    format!(
        "id         {}\nput aside  {}\nchat       {chat}\nperson     {person}\ntries      {}\nreason     {}\nerror      {}\n\n{}\n",
        letter.id,
        when(letter.at),
        letter.attempts,
        letter.reason.as_str(),
        letter.error,
        letter.raw
    )
}

fn when(at: Timestamp) -> String {
    let known = jiff::Timestamp::from_millisecond(at.as_millis());
    known.map_or_else(
        |_| at.to_string(),
        |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

fn place(letter: &DeadLetter) -> (String, String) {
    let id = |id: Option<i64>| id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let key = letter.key.as_ref();
    (id(key.map(|key| key.chat().0)), id(key.map(|key| key.user().0)))
}

#[cfg(test)]
mod tests {
    use stepkeep_core::{BotId, MemoryStorage, SessionKey, UserId};

    use super::super::Reason;
    use super::*;

    #[tokio::test]
    async fn what_an_operator_reads() {
        let letters = DeadLetters::new(Arc::new(MemoryStorage::new()), Arc::new(SystemClock), BotId(7));
        assert_eq!(
            act(&letters, &LetterAction::List).await.unwrap(),
            "There are no dead letters.\n"
        );
        let at = Timestamp::from_millis(1_700_000_000_000);
        let read = DeadLetter::new(
            LetterId(5),
            Reason::Panicked,
            "out of cheese",
            r#"{"update_id":5}"#,
            at,
        )
        .after(5)
        .of_conversation(SessionKey::private(BotId(7), UserId(42)));
        let unread = DeadLetter::new(LetterId::of_text("{]"), Reason::Unreadable, "no JSON", "{]", at);
        for letter in [&read, &unread] {
            letters.put_aside(letter).await.unwrap();
        }
        insta::assert_snapshot!(act(&letters, &LetterAction::List).await.unwrap());
        insta::assert_snapshot!(
            "whole",
            act(&letters, &LetterAction::Show(read.id)).await.unwrap()
        );

        let replay = LetterAction::Replay(LetterChoice::All);
        insta::assert_snapshot!(act(&letters, &replay).await.unwrap(), @"2 of them will be handled again, by whichever process of the bot runs.");
        let delete = LetterAction::Delete(LetterChoice::These(vec![read.id]));
        insta::assert_snapshot!(act(&letters, &delete).await.unwrap(), @"1 of them are gone.");
        assert!(matches!(
            act(&letters, &delete).await,
            Err(Undone::NoSuchLetter(LetterId(5)))
        ));
    }
}
