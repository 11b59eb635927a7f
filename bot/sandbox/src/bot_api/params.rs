//! The parameters of a call, from wherever HTTP carries them.

use std::collections::HashMap;

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest as _, Multipart, Request},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use crate::telegram::files::Upload;

/// The largest body without files, in bytes.
const MAX_PLAIN_BODY: usize = 4 * 1024 * 1024;
/// The largest file in a call, in bytes.
const MAX_UPLOAD: usize = 50 * 1024 * 1024;

/// The fields and the files of one call.
#[derive(Debug, Default)]
pub(crate) struct Params {
    fields: Map<String, Value>,
    files: HashMap<String, Upload>,
}

/// Where a file in a call comes from.
#[derive(Debug)]
pub(crate) enum FileSource {
    Uploaded(Upload),
    FileId(String),
}

impl Params {
    /// Reads query and body; a field of the body wins over one of the query.
    ///
    /// # Errors
    /// 400 for a body that cannot be read, 413 for one that is too large.
    pub(crate) async fn read(request: Request) -> Result<Self, ApiError> {
        let mut params = Self::default();
        if let Some(query) = request.uri().query() {
            params.read_pairs(query.as_bytes());
        }
        let content_type = content_type(request.headers());
        match content_type.as_str() {
            "multipart/form-data" => params.read_multipart(request).await?,
            "application/json" => params.read_json(&plain_body(request.into_body()).await?)?,
            "application/x-www-form-urlencoded" => params.read_pairs(&plain_body(request.into_body()).await?),
            _ => {
                plain_body(request.into_body()).await?;
            }
        }
        Ok(params)
    }

    fn read_pairs(&mut self, pairs: &[u8]) {
        for (name, value) in url::form_urlencoded::parse(pairs) {
            self.fields.insert(name.into_owned(), value.into_owned().into());
        }
    }

    fn read_json(&mut self, body: &[u8]) -> Result<(), ApiError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let fields: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|_| ApiError::bad_request("can't parse request JSON object"))?;
        self.fields
            .extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
        Ok(())
    }

    async fn read_multipart(&mut self, request: Request) -> Result<(), ApiError> {
        let broken = || ApiError::bad_request("can't parse multipart request body");
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|_| broken())?;
        while let Some(mut part) = parts.next_field().await.map_err(|_| broken())? {
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            let mime_type = part.content_type().map(str::to_owned);
            let mut bytes = BytesMut::new();
            while let Some(chunk) = part.chunk().await.map_err(|_| broken())? {
                if bytes.len() + chunk.len() > MAX_UPLOAD {
                    return Err(ApiError::too_large());
                }
                bytes.extend_from_slice(&chunk);
            }
            if let Some(file_name) = file_name {
                self.files
                    .insert(name, Upload::new(file_name, mime_type, bytes.freeze()));
            } else {
                let text = String::from_utf8(bytes.to_vec()).map_err(|_| {
                    ApiError::bad_request(format!("field \"{name}\" must be encoded in UTF-8"))
                })?;
                self.fields.insert(name, text.into());
            }
        }
        Ok(())
    }

    /// A text; numbers and the like come as their JSON text. An empty one counts as missing.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.fields.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
        .filter(|text| !text.is_empty())
    }

    /// A whole number; what is none counts as missing, as on the real server.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.fields.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn boolean(&self, name: &str) -> bool {
        match self.fields.get(name) {
            Some(Value::Bool(value)) => *value,
            Some(Value::String(text)) => matches!(text.to_lowercase().as_str(), "true" | "yes" | "1"),
            Some(Value::Number(number)) => number.as_i64().is_some_and(|number| number != 0),
            _ => false,
        }
    }

    /// A JSON value, given as such or as text.
    ///
    /// # Errors
    /// 400 for a text that is no JSON.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, ApiError> {
        match self.fields.get(name) {
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| {
                ApiError::bad_request(format!("can't parse {} JSON object", name.replace('_', " ")))
            }),
            other => Ok(other.cloned()),
        }
    }

    /// A JSON value of a known shape.
    ///
    /// # Errors
    /// 400 for no JSON, or one of another shape.
    pub(crate) fn shaped<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(value) = self.json(name)? else {
            return Ok(None);
        };
        serde_json::from_value(value)
            .map(Some)
            .map_err(|_| ApiError::bad_request(format!("can't parse {}", name.replace('_', " "))))
    }

    /// Takes a file that was uploaded under its field's name, attached by reference, or is named by its id.
    ///
    /// # Errors
    /// 400 for an attachment that is missing, and for a URL.
    pub(crate) fn take_file(&mut self, name: &str) -> Result<Option<FileSource>, ApiError> {
        if let Some(upload) = self.files.remove(name) {
            return Ok(Some(FileSource::Uploaded(upload)));
        }
        let Some(reference) = self.text(name) else {
            return Ok(None);
        };
        if let Some(part) = reference.strip_prefix("attach://") {
            let upload = self
                .files
                .remove(part)
                .ok_or_else(|| ApiError::bad_request(format!("can't find uploaded file \"{part}\"")))?;
            return Ok(Some(FileSource::Uploaded(upload)));
        }
        if reference.starts_with("http://") || reference.starts_with("https://") {
            return Err(ApiError::bad_request(
                "failed to get HTTP URL content: the sandbox fetches no files from the web, upload the file instead",
            ));
        }
        Ok(Some(FileSource::FileId(reference)))
    }

    /// What the call log keeps: files as their name and size.
    pub(crate) fn for_log(&self) -> Value {
        let mut logged = self.fields.clone();
        for (name, file) in &self.files {
            let shown =
                json!({"file_name": file.name, "mime_type": file.mime_type, "file_size": file.bytes.len()});
            logged.insert(name.clone(), shown);
        }
        if let Some(secret) = logged.get_mut("secret_token") {
            *secret = "(hidden)".into();
        }
        Value::Object(logged)
    }
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

async fn plain_body(body: Body) -> Result<Bytes, ApiError> {
    to_bytes(body, MAX_PLAIN_BODY)
        .await
        .map_err(|_| ApiError::too_large())
}
