//! Files: uploads from both sides, ids, downloads, limits.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{ANNA, BOT, Room, TOKEN};

/// A PNG of 3 by 2 pixels: the signature, and the header that its size stands in.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

impl Room {
    pub(crate) async fn multipart(&self, method: &str, form: Form) -> Value {
        let url = self.address(&format!("/bot{TOKEN}/{method}"));
        self.http
            .post(url)
            .multipart(form)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn download(&self, path: &str) -> (u16, Vec<u8>) {
        let response = self.http.get(self.address(path)).send().await.unwrap();
        (
            response.status().as_u16(),
            response.bytes().await.unwrap().to_vec(),
        )
    }
}

fn file(name: &'static str, bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name(name)
}

fn form() -> Form {
    Form::new().text("chat_id", ANNA.to_string())
}

#[tokio::test]
async fn a_document_goes_up_comes_down_and_is_sent_again_by_its_id() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let label = form()
        .text("caption", "<b>Your</b> label")
        .text("parse_mode", "HTML")
        .part("document", file("label.pdf", b"%PDF-1.7 ...".to_vec()));
    let sent = room.multipart("sendDocument", label).await["result"].clone();
    assert_eq!(sent["caption"], "Your label");
    assert_eq!(sent["caption_entities"][0]["type"], "bold");
    let document = &sent["document"];
    assert_eq!(document["file_name"], "label.pdf");
    assert_eq!(document["mime_type"], "application/pdf");
    assert_eq!(document["file_size"], 12);

    let found = room.bot("getFile", json!({"file_id": document["file_id"]})).await;
    assert_eq!(found["file_unique_id"], document["file_unique_id"]);
    let path = found["file_path"].as_str().unwrap();
    assert_eq!(
        room.download(&format!("/file/bot{TOKEN}/{path}")).await,
        (200, b"%PDF-1.7 ...".to_vec())
    );
    assert_eq!(
        room.download(&format!("/file/bot{TOKEN}/documents/none")).await.0,
        404
    );

    let again = room
        .bot(
            "sendDocument",
            json!({"chat_id": ANNA, "document": document["file_id"]}),
        )
        .await;
    assert_eq!(&again["document"], document);
    let shown = room.transcript(ANNA).await.split_off(1);
    let url = shown[1]["document"]["url"].as_str().unwrap();
    assert_eq!(room.download(url).await, (200, b"%PDF-1.7 ...".to_vec()));
}

#[tokio::test]
async fn a_file_can_be_attached_under_any_name() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let attached = form()
        .text("document", "attach://part7")
        .part("part7", file("a.txt", b"abc".to_vec()));
    assert_eq!(
        room.multipart("sendDocument", attached).await["result"]["document"]["mime_type"],
        "text/plain"
    );
    let missing = form().text("document", "attach://part8");
    assert_eq!(room.multipart("sendDocument", missing).await["error_code"], 400);
}

#[tokio::test]
async fn a_photo_has_its_size_and_must_be_an_image_of_fair_shape() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let photo = |bytes: Vec<u8>| form().part("photo", file("p.png", bytes));
    let sent = room.multipart("sendPhoto", photo(png(3, 2))).await["result"].clone();
    assert_eq!(sent["photo"][0]["width"], 3);
    assert_eq!(sent["photo"][0]["height"], 2);
    let reason = |envelope: Value| envelope["description"].as_str().unwrap_or_default().to_owned();
    let text = room.multipart("sendPhoto", photo(b"no image".to_vec())).await;
    assert_eq!(reason(text), "Bad Request: IMAGE_PROCESS_FAILED");
    for shape in [png(9000, 1001), png(100, 1), png(0, 5)] {
        assert_eq!(
            reason(room.multipart("sendPhoto", photo(shape)).await),
            "Bad Request: PHOTO_INVALID_DIMENSIONS"
        );
    }
    let mut large = png(10, 10);
    large.resize(10 * 1024 * 1024 + 1, 0);
    assert_eq!(
        reason(room.multipart("sendPhoto", photo(large)).await),
        "Bad Request: file is too big"
    );
    let edited = json!({"chat_id": ANNA, "message_id": sent["message_id"], "caption": "new"});
    assert_eq!(room.bot("editMessageCaption", edited).await["caption"], "new");
}

#[tokio::test]
async fn a_file_id_is_of_one_bot_and_one_kind() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    room.post("messages", json!({"bot": 43, "person": ANNA, "text": "/start"}))
        .await;
    let sent = room
        .multipart(
            "sendDocument",
            form().part("document", file("a.txt", b"abc".to_vec())),
        )
        .await;
    let id = &sent["result"]["document"]["file_id"];
    let foreign = room
        .call_as(
            "43:other",
            "sendDocument",
            json!({"chat_id": ANNA, "document": id}),
        )
        .await;
    assert_eq!(
        foreign["description"],
        "Bad Request: wrong file identifier/HTTP URL specified"
    );
    assert_eq!(
        room.refused("sendPhoto", json!({"chat_id": ANNA, "photo": id}))
            .await,
        "400 Bad Request: can't use file of type Document as Photo"
    );
    let by_url = json!({"chat_id": ANNA, "document": "https://files.example/a.pdf"});
    assert!(
        room.refused("sendDocument", by_url)
            .await
            .contains("failed to get HTTP URL content")
    );
    assert_eq!(
        room.refused("getFile", json!({"file_id": "x"})).await,
        "400 Bad Request: invalid file_id"
    );
    assert_eq!(
        room.refused("sendDocument", json!({"chat_id": ANNA})).await,
        "400 Bad Request: there is no document in the request"
    );
}

#[tokio::test]
async fn uploads_stop_at_50_mb_and_downloads_at_20() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let document = |size: usize| form().part("document", file("big.bin", vec![0; size]));
    let sent = room
        .multipart("sendDocument", document(20 * 1024 * 1024 + 1))
        .await;
    let id = &sent["result"]["document"]["file_id"];
    assert_eq!(
        room.refused("getFile", json!({"file_id": id})).await,
        "400 Bad Request: file is too big"
    );
    let empty = room.multipart("sendDocument", document(0)).await;
    assert_eq!(empty["description"], "Bad Request: file must be non-empty");
    // The sandbox stops reading at the limit, so the client sees the refusal or a broken pipe, never a success.
    let url = room.address(&format!("/bot{TOKEN}/sendDocument"));
    let answer = room
        .http
        .post(url)
        .multipart(document(50 * 1024 * 1024 + 1))
        .send()
        .await;
    assert!(answer.map_or(true, |response| response.status() == 413));
}

#[tokio::test]
async fn a_caption_has_at_most_1024_units() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let with = |length: usize| {
        form()
            .text("caption", "x".repeat(length))
            .part("document", file("a.txt", b"abc".to_vec()))
    };
    assert_eq!(room.multipart("sendDocument", with(1024)).await["ok"], true);
    let long = room.multipart("sendDocument", with(1025)).await;
    assert_eq!(long["description"], "Bad Request: message caption is too long");
}

#[tokio::test]
async fn people_send_photos_and_documents() {
    let room = Room::new().await;
    let upload = |kind: &str, part: Part| {
        let query = format!("bot={BOT}&person={ANNA}&kind={kind}&caption=look");
        let url = room.address(&format!("/sim/uploads?{query}"));
        room.http
            .post(url)
            .multipart(Form::new().part("file", part))
            .send()
    };
    assert_eq!(
        upload("photo", file("p.png", png(30, 20)))
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(
        upload("document", file("списoк.csv", b"a,b".to_vec()))
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(
        upload("photo", file("p.png", b"text".to_vec()))
            .await
            .unwrap()
            .status(),
        400
    );
    let updates = room.updates(json!({})).await;
    assert_eq!(updates[0]["message"]["photo"][0]["width"], 30);
    assert_eq!(updates[0]["message"]["caption"], "look");
    let document = &updates[1]["message"]["document"];
    assert_eq!(document["file_name"], "списoк.csv");
    let found = room.bot("getFile", json!({"file_id": document["file_id"]})).await;
    let path = found["file_path"].as_str().unwrap();
    assert_eq!(
        room.download(&format!("/file/bot{TOKEN}/{path}")).await,
        (200, b"a,b".to_vec())
    );
}

#[tokio::test]
async fn a_page_that_a_person_sent_is_not_opened_as_one() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let page = file("x.html", b"<script>alert(1)</script>".to_vec())
        .mime_str("text/html")
        .unwrap();
    room.multipart("sendDocument", form().part("document", page))
        .await;
    let shown = room.transcript(ANNA).await.split_off(1);
    let url = room.address(shown[0]["document"]["url"].as_str().unwrap());
    let response = room.http.get(url).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    assert_eq!(response.headers()["content-disposition"], "attachment");
}

/// The smallest that is taken for a video, and for a sound.
const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
const WAV: &[u8] = b"RIFF\x24\0\0\0WAVEfmt ";

#[tokio::test]
async fn videos_and_sounds_are_shown_as_such_and_anything_else_as_a_file() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let video = form()
        .text("caption", "a fox")
        .part("video", file("fox.mp4", MP4.to_vec()));
    let sent = room.multipart("sendVideo", video).await["result"].clone();
    assert_eq!(
        (&sent["video"]["mime_type"], &sent["caption"]),
        (&json!("video/mp4"), &json!("a fox"))
    );
    let audio = form().part("audio", file("fox.wav", WAV.to_vec()));
    let sent = room.multipart("sendAudio", audio).await["result"].clone();
    assert_eq!(sent["audio"]["file_name"], "fox.wav");
    let none = form().part("video", file("fox.mp4", b"no video".to_vec()));
    let sent = room.multipart("sendVideo", none).await["result"].clone();
    assert_eq!(sent["document"]["file_name"], "fox.mp4");
}

#[tokio::test]
async fn people_send_videos_voices_and_albums() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let upload = async |kind: &str, bytes: &[u8], album: &str| {
        let url = room.address(&format!(
            "/sim/uploads?bot={BOT}&person={ANNA}&kind={kind}{album}"
        ));
        let form = Form::new().part("file", file("sent", bytes.to_vec()));
        room.http
            .post(url)
            .multipart(form)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(upload("video", MP4, "&album=a1").await, 200);
    assert_eq!(upload("photo", &png(3, 2), "&album=a1").await, 200);
    assert_eq!(upload("voice", b"OggS...", "").await, 200);
    assert_eq!(upload("voice", b"no voice", "").await, 400);
    let updates = room.updates(json!({})).await;
    let messages: Vec<_> = updates[updates.len() - 3..]
        .iter()
        .map(|update| &update["message"])
        .collect();
    assert_eq!(messages[0]["media_group_id"], "a1");
    assert!(messages[0]["video"]["file_id"].is_string());
    assert_eq!(messages[1]["media_group_id"], "a1");
    assert!(messages[1]["photo"].is_array());
    assert!(messages[2]["voice"]["duration"].is_number() && messages[2]["media_group_id"].is_null());
}
