//! Files: those that are handed in, those that tasks made, and fresh links to both.

use std::sync::Arc;

use axum::extract::multipart::MultipartError;
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::answer::{self, Failure};
use super::base::Base;
use super::fault::{Operation, under};
use super::handlers::Caller;
use super::tasks::Upload;
use super::world::World;

/// The largest file that is taken, in bytes.
const LARGEST: usize = 100 << 20;

/// The largest body of an upload: the file, and what is around it.
pub(super) const LARGEST_BODY: usize = LARGEST + (1 << 20);

/// What stays as it is in the path of a link.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.');

type Known = State<Arc<World>>;

/// A file on its way in.
struct Incoming {
    folder: String,
    name: String,
    media_type: Option<String>,
    bytes: Bytes,
}

impl Incoming {
    /// Keeps the file, and tells its address.
    fn kept(self, world: &World, base: &Base) -> Result<Response, Failure> {
        let Self {
            folder,
            name,
            media_type,
            bytes,
        } = self;
        let is_folder = !folder.is_empty() && !folder.starts_with('/') && !folder.ends_with('/');
        if !is_folder || folder.split('/').chain([name.as_str()]).any(is_no_part) {
            return Err(Failure::new(400, "uploadPath or fileName can't be used."));
        }
        if bytes.is_empty() {
            return Err(Failure::new(400, "The file is empty."));
        }
        if bytes.len() > LARGEST {
            return Err(too_large());
        }
        let guessed = || mime_guess::from_path(&name).first_or_octet_stream().to_string();
        let media_type = media_type.unwrap_or_else(guessed);
        let path = format!("{folder}/{name}");
        let address = format!("{}/uploads/{}", base.files(), utf8_percent_encode(&path, PATH));
        let size = bytes.len();
        let told = json!({
            "success": true,
            "code": 200,
            "msg": "File uploaded successfully",
            "data": {
                "downloadUrl": address,
                "fileName": name,
                "filePath": path,
                "fileSize": size,
                "mimeType": media_type,
                "uploadedAt": Timestamp::now().to_string(),
            },
        });
        world.tasks().keep(Upload {
            path,
            media_type,
            bytes,
        });
        Ok(answer::plain(StatusCode::OK, &told))
    }
}

fn is_no_part(part: &str) -> bool {
    part.is_empty() || part == "." || part == ".." || part.contains(['\\', '/'])
}

fn too_large() -> Failure {
    Failure::new(413, "The file is larger than 100 MB.")
}

/// Takes what comes in parts.
pub(super) async fn upload_stream(State(world): Known, _: Caller, base: Base, parts: Multipart) -> Response {
    let incoming = of_parts(parts).await;
    let work = || match incoming.and_then(|incoming| incoming.kept(&world, &base)) {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    };
    under(world.fault(Operation::Upload), work).await
}

async fn of_parts(mut parts: Multipart) -> Result<Incoming, Failure> {
    let wrong = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Failure::new(400, error.body_text()),
    };
    let (mut folder, mut name, mut file) = (None, None, None);
    while let Some(part) = parts.next_field().await.map_err(wrong)? {
        match part.name() {
            Some("uploadPath") => folder = Some(part.text().await.map_err(wrong)?),
            Some("fileName") => name = Some(part.text().await.map_err(wrong)?),
            Some("file") => {
                let own = part.file_name().map(ToOwned::to_owned);
                let media_type = part.content_type().map(ToOwned::to_owned);
                file = Some((own, media_type, part.bytes().await.map_err(wrong)?));
            }
            _ => {}
        }
    }
    let (own, media_type, bytes) = file.ok_or_else(|| Failure::new(400, "file is required."))?;
    Ok(Incoming {
        folder: folder.ok_or_else(|| Failure::new(400, "uploadPath is required."))?,
        name: name.or(own).unwrap_or_else(|| Uuid::new_v4().to_string()),
        media_type,
        bytes,
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Encoded {
    /// As it is, or as a data URL.
    base64_data: String,
    upload_path: String,
    file_name: Option<String>,
}

/// Takes what comes as text.
pub(super) async fn upload_base64(State(world): Known, _: Caller, base: Base, body: Bytes) -> Response {
    let work = || match of_text(&body).and_then(|incoming| incoming.kept(&world, &base)) {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    };
    under(world.fault(Operation::Upload), work).await
}

fn of_text(body: &[u8]) -> Result<Incoming, Failure> {
    let wrong = |error: &dyn ToString| Failure::new(400, error.to_string());
    let Encoded {
        base64_data,
        upload_path,
        file_name,
    } = serde_json::from_slice(body).map_err(|error| wrong(&error))?;
    let url = base64_data.strip_prefix("data:");
    let url = url.and_then(|rest| rest.split_once(";base64,"));
    let (media_type, data) = url.map_or((None, base64_data.as_str()), |(media_type, data)| {
        (Some(media_type.to_owned()), data)
    });
    let bytes = STANDARD.decode(data.trim()).map_err(|error| wrong(&error))?;
    Ok(Incoming {
        folder: upload_path,
        name: file_name.unwrap_or_else(|| Uuid::new_v4().to_string()),
        media_type,
        bytes: bytes.into(),
    })
}

/// A file that was handed in.
pub(super) async fn uploaded(State(world): Known, Path(path): Path<String>) -> Response {
    let work = || match world.tasks().file(&path) {
        Some(Upload {
            media_type, bytes, ..
        }) => ([(CONTENT_TYPE, media_type)], bytes).into_response(),
        None => nothing(),
    };
    under(world.fault(Operation::Download), work).await
}

/// A file that a task made.
pub(super) async fn made(State(world): Known, Path((task, name)): Path<(String, String)>) -> Response {
    let work = || {
        let tasks = world.tasks();
        let file = tasks.task(&task).and_then(|task| task.made()?.file(&name));
        match file {
            Some(file) => ([(CONTENT_TYPE, file.media_type)], file.bytes).into_response(),
            None => nothing(),
        }
    };
    under(world.fault(Operation::Download), work).await
}

fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "There is no such file.").into_response()
}

#[derive(Debug, Deserialize)]
struct LinkRequest {
    url: String,
}

/// A fresh link to a file of the stand-in's own.
pub(super) async fn link(State(world): Known, _: Caller, base: Base, body: Bytes) -> Response {
    let work = || match serde_json::from_slice(&body) {
        Ok(LinkRequest { url }) if url.starts_with(&format!("{}/", base.files())) => {
            let (path, _) = url.split_once('?').unwrap_or((&url, ""));
            answer::ok(&format!("{path}?fresh={}", Uuid::new_v4().simple()))
        }
        Ok(_) => Failure::new(422, "The URL is not one of ours.").into_response(),
        Err(error) => Failure::new(422, error.to_string()).into_response(),
    };
    under(world.fault(Operation::Link), work).await
}
