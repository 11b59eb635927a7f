//! Files: how one is handed in, and how a result is got.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Response, StatusCode};
use tokio::time::timeout;
use url::Url;

use super::super::media_type;
use super::super::{GenerationError, GenerationErrorKind, NewFile, Operation, ResultFile};
use super::failed::{unread, unsent};
use crate::http::{self, BodyError, Stage};

/// The largest file that the API takes, in bytes.
pub(super) const LARGEST_UPLOAD: usize = 100 << 20;

/// How often the way to a result may lead on.
const MOST_REDIRECTS: usize = 5;

/// The folder that files are handed in to.
const FOLDER: &str = "stepkeep";

/// The longest ending of a name that is kept.
const LONGEST_ENDING: usize = 8;

/// What is sent to hand in `file` under `name`.
pub(super) fn form(name: &str, file: &NewFile) -> Form {
    let part = || {
        let size = file.bytes.len() as u64;
        Part::stream_with_length(Body::from(file.bytes.clone()), size).file_name(name.to_owned())
    };
    // A type that is none is left out: the API looks at the ending too.
    let part = part().mime_str(&file.media_type).unwrap_or_else(|_| part());
    Form::new()
        .text("uploadPath", FOLDER)
        .text("fileName", name.to_owned())
        .part("file", part)
}

/// A name for `file` that no other has: the same one again would take the place of what is there.
pub(super) fn unique_name(file: &NewFile) -> String {
    name_with(rand::random(), file)
}

fn name_with(number: u128, file: &NewFile) -> String {
    let is_ending = |text: &&str| {
        (1..=LONGEST_ENDING).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let named = file.name.rsplit_once('.').map(|(_, ending)| ending);
    let typed = file.media_type.split_once('/').map(|(_, subtype)| subtype);
    match named.filter(is_ending).or_else(|| typed.filter(is_ending)) {
        Some(ending) => format!("{number:032x}.{}", ending.to_ascii_lowercase()),
        None => format!("{number:032x}"),
    }
}

/// The way to results, which are anywhere and get no key.
#[derive(Debug)]
pub(super) struct Files {
    http: reqwest::Client,
}

impl Files {
    pub(super) fn new(http: reqwest::Client) -> Self {
        Self { http }
    }

    /// The answer of `address`, or of where it leads to.
    async fn follow(&self, address: &Url, deadline: Duration) -> Result<Response, GenerationError> {
        let mut address = address.clone();
        let mut redirects = 0;
        loop {
            let request = self.http.get(address).timeout(deadline);
            let sent = request.send().await;
            let response = sent.map_err(|error| unsent(Operation::Download, error))?;
            match leads_to(&response) {
                Some(next) if redirects < MOST_REDIRECTS => address = next,
                _ => return Ok(response),
            }
            redirects += 1;
        }
    }

    /// What stands at `address`, of at most `largest` bytes.
    pub(super) async fn get(
        &self,
        address: &Url,
        largest: u64,
        deadline: Duration,
    ) -> Result<ResultFile, GenerationError> {
        let operation = Operation::Download;
        let response = timeout(deadline, self.follow(address, deadline))
            .await
            .unwrap_or_else(|_| {
                let kind = GenerationErrorKind::Timeout;
                Err(GenerationError::at(kind, operation, Stage::Lost, ""))
            })?;
        let status = response.status();
        let headers = response.headers().clone();
        if status != StatusCode::OK {
            let (kind, stage) = by_status(status);
            let message = "the result can't be had at its address";
            return Err(GenerationError::at(kind, operation, stage, message)
                .with_status(status.as_u16())
                .with_retry_after(http::retry_after(&headers)));
        }
        // What doesn't fit in memory at all is refused by its announced size, as what is too large.
        let most = usize::try_from(largest).unwrap_or(usize::MAX);
        let bytes = http::read_body(response, most)
            .await
            .map_err(|error| match error {
                BodyError::TooLarge => GenerationError::new(GenerationErrorKind::TooLarge, operation, ""),
                BodyError::BrokeOff(_) => unread(operation, error),
            })?;
        if bytes.is_empty() {
            let message = "the result is empty";
            return Err(GenerationError::at(
                GenerationErrorKind::Malformed,
                operation,
                Stage::Garbled,
                message,
            ));
        }
        let media_type = media_type::of(&bytes)
            .map(ToOwned::to_owned)
            .or_else(|| announced(&headers))
            .unwrap_or_else(|| media_type::UNKNOWN.to_owned());
        Ok(ResultFile { media_type, bytes })
    }
}

/// Where a redirect leads to, if `response` is one that leads on.
fn leads_to(response: &Response) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let url = response.url().join(location).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// What it means that a file isn't there. Links die in many ways, so all that isn't about time means that.
fn by_status(status: StatusCode) -> (GenerationErrorKind, Stage) {
    match status.as_u16() {
        429 => (GenerationErrorKind::RateLimited, Stage::Limited),
        408 | 425 | 500.. => (GenerationErrorKind::Unavailable, Stage::Lost),
        400..=499 => (GenerationErrorKind::NotFound, Stage::Refused),
        _ => (GenerationErrorKind::Malformed, Stage::Garbled),
    }
}

/// The type that the server tells.
fn announced(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next()?.trim().to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/')?;
    (!kind.is_empty() && !subtype.is_empty()).then_some(essence)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_file_is_handed_in_under_its_ending_and_nothing_else_of_its_name() {
        let named = |name: &str, media_type: &str| {
            name_with(
                7,
                &NewFile {
                    name: name.to_owned(),
                    media_type: media_type.to_owned(),
                    bytes: Bytes::new(),
                },
            )
        };
        let number = "00000000000000000000000000000007";
        for (name, media_type, ending) in [
            ("Anna at home.JPG", "image/jpeg", ".jpg"),
            ("no ending", "image/png", ".png"),
            ("odd.p/n", "audio/mpeg", ".mpeg"),
            ("odd.", "application/octet-stream", ""),
            ("..", "", ""),
        ] {
            assert_eq!(named(name, media_type), format!("{number}{ending}"), "{name}");
        }
    }

    #[test]
    fn a_dead_link_is_told_from_a_server_that_is_down() {
        for dead in [400, 401, 403, 404, 410] {
            let status = StatusCode::from_u16(dead).unwrap();
            assert_eq!(by_status(status).0, GenerationErrorKind::NotFound, "{dead}");
        }
        for down in [408, 500, 503] {
            let status = StatusCode::from_u16(down).unwrap();
            assert_eq!(by_status(status).1, Stage::Lost, "{down}");
        }
    }
}
