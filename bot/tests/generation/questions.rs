//! The way through the dialogue: choosing, going back, changing, repeating, files and albums.

use stepkeep_core::{FileInput, FileKind};

use crate::dialogue::Dialogue;
use crate::studio::Studio;

fn photo(album: Option<&str>, file_id: &str) -> FileInput {
    FileInput {
        file_id: file_id.to_owned(),
        file_name: None,
        media_type: None,
        size: Some(10_000),
        caption: None,
        kind: FileKind::Photo,
        album: album.map(str::to_owned),
    }
}

async fn answers(dialogue: &Dialogue<'_>) -> serde_json::Value {
    let session = dialogue.session().await;
    session.field("answers").expect("answers").get().expect("answers")
}

#[tokio::test]
async fn models_are_found_by_category_page_and_words() {
    let studio = Studio::open().await;
    let mut ann = Dialogue::new(&studio, 1);
    ann.opens_the_menu().await;
    assert_eq!(ann.step().await, "categories");
    ann.presses("🖼 Image from text").await;
    ann.must_have_heard("Image from text: ");
    assert!(ann.offers("1 / 2"));
    ann.presses("1 / 2").await;
    assert!(ann.offers("2 / 2"), "round and round");
    ann.presses("Back").await;
    ann.writes("IDEOGRAM v3").await;
    ann.must_have_heard("I found 2 models for “IDEOGRAM v3”.");
    ann.writes("nothing like it").await;
    ann.must_have_heard("I found nothing");
    ann.writes("z-image").await;
    ann.presses("Z-Image · $0.01").await;
    ann.must_have_heard("From $0.01");
    assert_eq!(ann.step().await, "card");
}

#[tokio::test]
async fn the_way_back_is_the_way_that_was_come() {
    let studio = Studio::open().await;
    let mut ann = Dialogue::new(&studio, 1);
    ann.begins("z-image").await;
    ann.must_have_heard("Z-Image · 1 of 3");
    ann.writes("a red fox").await;
    ann.must_have_heard("❓ Aspect ratio");
    ann.presses("16:9").await;
    ann.must_have_heard("❓ Nsfw checker");
    ann.presses("Back").await;
    ann.must_have_heard("Now it is: 16:9");
    ann.presses("Back").await;
    ann.must_have_heard("Now it is: a red fox");
    ann.presses("Keep it as it is").await;
    ann.presses("Keep it as it is").await;
    ann.presses("Skip").await;
    ann.must_have_heard("• Prompt: a red fox\n• Aspect ratio: 16:9");
    ann.presses("Back").await;
    ann.must_have_heard("❓ Nsfw checker");
    ann.presses("Back").await;
    ann.presses("Back").await;
    ann.presses("Back").await;
    assert_eq!(ann.step().await, "card");
}

#[tokio::test]
async fn one_answer_can_be_changed_and_the_rest_left_out_at_once() {
    let studio = Studio::open().await;
    let mut ann = Dialogue::new(&studio, 1);
    ann.begins("nano-banana-2").await;
    ann.writes("a red fox").await;
    ann.presses("⏭ Leave out the rest").await;
    assert_eq!(ann.step().await, "summary");
    ann.must_have_heard("Price: $0.04");
    ann.presses("Edit").await;
    ann.presses("Resolution").await;
    ann.presses("4K").await;
    assert_eq!(ann.step().await, "summary");
    ann.must_have_heard("• Resolution: 4K");
    ann.must_have_heard("Price: $0.09");
    ann.presses("Edit").await;
    ann.presses("Resolution").await;
    ann.presses("As usual: 1K").await;
    ann.must_have_heard("Price: $0.04");
    assert_eq!(answers(&ann).await, serde_json::json!({"prompt": "a red fox"}));
}

#[tokio::test]
async fn long_lists_of_options_have_pages() {
    let studio = Studio::open().await;
    let mut ann = Dialogue::new(&studio, 1);
    ann.begins("elevenlabs/text-to-speech-turbo-2-5").await;
    ann.writes("Good morning").await;
    ann.must_have_heard("❓ Voice");
    assert!(!ann.offers("Jessica"));
    ann.presses("1 / 2").await;
    ann.presses("Jessica").await;
    assert_eq!(answers(&ann).await["voice"], "Jessica");
}

#[tokio::test]
async fn an_album_is_answered_once_and_counted_file_by_file() {
    let studio = Studio::open().await;
    let mut ann = Dialogue::new(&studio, 1);
    ann.begins("google/nano-banana-edit").await;
    ann.writes("add a hat").await;
    ann.sends(photo(Some("a1"), "f1")).await;
    assert_eq!(ann.said.len(), 1);
    ann.sends(photo(Some("a1"), "f2")).await;
    ann.sends(photo(Some("a1"), "f3")).await;
    assert!(ann.said.is_empty(), "one answer for the whole album");
    assert_eq!(
        answers(&ann).await["image_urls"].as_array().map(Vec::len),
        Some(3)
    );
    ann.sends(photo(None, "f4")).await;
    ann.must_have_heard("📎 file; 📎 file; 📎 file; 📎 file");
    ann.presses("Done").await;
    ann.must_have_heard("❓ Output format");
}

#[tokio::test]
async fn of_an_album_where_one_file_is_wanted_the_first_is_taken() {
    let studio = Studio::open().await;
    let mut ann = Dialogue::new(&studio, 1);
    ann.begins("recraft/remove-background").await;
    ann.sends(photo(Some("a1"), "f1")).await;
    assert_eq!(ann.step().await, "summary");
    for file in ["f2", "f3"] {
        ann.sends(photo(Some("a1"), file)).await;
        assert!(ann.said.is_empty());
    }
    assert_eq!(answers(&ann).await["image"]["$file"], "f1");
}

#[tokio::test]
async fn more_files_than_the_model_takes_are_refused() {
    let studio = Studio::open().await;
    let mut ann = Dialogue::new(&studio, 1);
    ann.begins("kling-2.6/image-to-video").await;
    ann.writes("a fox that runs").await;
    ann.sends(photo(Some("a1"), "f1")).await;
    ann.must_have_heard("❓ Sound");
    ann.sends(photo(Some("a1"), "f2")).await;
    assert!(ann.said.is_empty());
    ann.sends(photo(None, "f3")).await;
    ann.must_have_heard("⚠️ Please choose one of the buttons below.");
    assert_eq!(
        answers(&ann).await["image_urls"].as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn favourites_and_the_last_one_stay_when_the_dialogue_ends() {
    let studio = Studio::open().await;
    let mut ann = Dialogue::new(&studio, 1);
    studio.credit(ann.user(), 100).await;
    ann.begins("z-image").await;
    ann.writes("a red fox").await;
    ann.presses("16:9").await;
    ann.presses("Skip").await;
    ann.presses("Create for").await;
    ann.waits().await;
    ann.opens_the_menu().await;
    ann.presses("🔁 Z-Image again").await;
    ann.must_have_heard("• Prompt: a red fox\n• Aspect ratio: 16:9");
    ann.commands("start").await;
    ann.begins("z-image").await;
    ann.commands("cancel").await;
    ann.opens_the_menu().await;
    ann.writes("z-image").await;
    ann.presses("Z-Image").await;
    ann.presses("⭐ Add to favourites").await;
    ann.opens_the_menu().await;
    ann.presses("⭐ Favourites").await;
    ann.presses("Z-Image").await;
    ann.presses("Remove from favourites").await;
    ann.opens_the_menu().await;
    assert!(!ann.offers("Favourites"));
}

#[tokio::test]
async fn a_question_is_shown_again_in_another_language() {
    let studio = Studio::open().await;
    let mut ann = Dialogue::new(&studio, 1);
    ann.begins("z-image").await;
    ann.commands("language").await;
    ann.presses("Русский").await;
    ann.must_have_heard("Z-Image · 1 из 3");
    ann.writes("лиса").await;
    ann.must_have_heard("Выберите ниже.");
}
