//! Files: what tasks made, what is handed in, and fresh links.

use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::Api;

const UPLOAD: &str = "/api/file-stream-upload";

impl Api {
    async fn file(&self, url: &str) -> (StatusCode, String, Vec<u8>) {
        // Without any key: links are for everybody.
        let answer = self.http.get(url).send().await.unwrap();
        let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (
            answer.status(),
            media_type,
            answer.bytes().await.unwrap().to_vec(),
        )
    }

    async fn upload(&self, form: Form) -> Value {
        let url = format!("{}/generation{UPLOAD}", self.handle.url());
        let request = self.http.post(url).bearer_auth("any").multipart(form);
        request.send().await.unwrap().json().await.unwrap()
    }
}

fn form(path: &'static str, name: &'static str, text: &'static str) -> Form {
    let file = Part::text(text)
        .file_name("own.png")
        .mime_str("image/png")
        .unwrap();
    Form::new()
        .text("uploadPath", path)
        .text("fileName", name)
        .part("file", file)
}

#[tokio::test]
async fn results_are_real_files_of_their_kind() {
    let api = Api::fast().await;
    for (model, input, media_type, begins) in [
        (
            "google/nano-banana",
            json!({ "prompt": "a cat" }),
            "image/png",
            &b"\x89PNG"[..],
        ),
        (
            "kling/v2-5-turbo-text-to-video-pro",
            json!({ "prompt": "a cat" }),
            "video/mp4",
            b"\0\0\0\x20ftypisom",
        ),
        (
            "elevenlabs/text-to-speech-turbo-2-5",
            json!({ "text": "hello" }),
            "audio/wav",
            b"RIFF",
        ),
    ] {
        let created = api.create(model, &input).await;
        let record = api.record(created["data"]["taskId"].as_str().unwrap()).await;
        let url = record["data"]["response"]["resultUrls"][0]
            .as_str()
            .unwrap()
            .to_owned();
        let (status, found, bytes) = api.file(&url).await;
        assert_eq!((status, found.as_str()), (StatusCode::OK, media_type));
        assert!(bytes.starts_with(begins), "{model}: {:?}", &bytes[..16]);
    }
}

#[tokio::test]
async fn a_file_that_is_handed_in_is_served_at_its_address() {
    let api = Api::start().await;
    let answer = api.upload(form("a/b", "c d.png", "one")).await;
    assert_eq!((&answer["code"], &answer["success"]), (&json!(200), &json!(true)));
    let data = &answer["data"];
    assert_eq!(
        (&data["filePath"], &data["fileSize"]),
        (&json!("a/b/c d.png"), &json!(3))
    );
    let url = data["downloadUrl"].as_str().unwrap();
    let (status, media_type, bytes) = api.file(url).await;
    assert_eq!(
        (status, media_type.as_str(), &bytes[..]),
        (StatusCode::OK, "image/png", &b"one"[..])
    );
    // The same name again takes its place.
    api.upload(form("a/b", "c d.png", "two")).await;
    assert_eq!(api.file(url).await.2, b"two");
    for (path, name) in [
        ("", "a"),
        ("/a", "a"),
        ("a/", "a"),
        ("a/../b", "a"),
        ("a", ".."),
        ("a", "b/c"),
    ] {
        assert_eq!(
            api.upload(form(path, name, "one")).await["code"],
            400,
            "{path} {name}"
        );
    }
    assert_eq!(api.upload(Form::new().text("uploadPath", "a")).await["code"], 400);
    let (status, _, _) = api.file(&format!("{url}x")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_file_may_come_as_text() {
    let api = Api::start().await;
    for data in ["data:image/gif;base64,b25l", "b25l"] {
        let body = json!({ "base64Data": data, "uploadPath": "a", "fileName": "a.gif" });
        let answer = api.post("/api/file-base64-upload", &body).await;
        let (_, media_type, bytes) = api.file(answer["data"]["downloadUrl"].as_str().unwrap()).await;
        assert_eq!((media_type.as_str(), &bytes[..]), ("image/gif", &b"one"[..]));
    }
    let body = json!({ "base64Data": "?", "uploadPath": "a" });
    assert_eq!(api.post("/api/file-base64-upload", &body).await["code"], 400);
}

#[tokio::test]
async fn a_link_is_renewed_and_one_of_others_is_not() {
    let api = Api::start().await;
    let answer = api.upload(form("a", "b.png", "one")).await;
    let url = answer["data"]["downloadUrl"].as_str().unwrap();
    let link = "/api/v1/common/download-url";
    let fresh = api.post(link, &json!({ "url": url })).await["data"].clone();
    let fresh = fresh.as_str().unwrap();
    assert_ne!(fresh, url);
    api.sim("faults", &json!({ "operation": "download", "status": 403 }))
        .await;
    assert_eq!(api.file(url).await.0, StatusCode::FORBIDDEN);
    assert_eq!(api.file(fresh).await.2, b"one");
    let other = json!({ "url": "https://example.com/a.png" });
    assert_eq!(api.post(link, &other).await["code"], 422);
}
