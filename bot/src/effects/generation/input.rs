//! From what a person answered to what the API takes: files that were sent go to the API, and their addresses into the input.

use std::fmt;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::GenerationEffects;
use crate::flows::generation::calls::SentFile;
use crate::generation::{GenerationError, NewFile};

/// The largest file that bots can get from Telegram (Bot API, "getFile").
pub(super) const LARGEST_FILE: u64 = 20 * 1024 * 1024;

/// Gets the files that people sent.
#[async_trait]
pub trait SentFiles: fmt::Debug + Send + Sync {
    /// The file that Telegram calls so; `None` when it can't be got any more.
    ///
    /// # Errors
    /// [`FileTrouble`] when it can be tried again later.
    async fn get(&self, file: &SentFile, largest: u64) -> Result<Option<NewFile>, FileTrouble>;
}

/// A file that couldn't be got, and that can be tried again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a file that a person sent can't be got at the moment")]
pub struct FileTrouble;

/// Why an input can't be handed in.
#[derive(Debug)]
pub(super) enum InputTrouble {
    /// A file isn't there any more.
    Gone,
    /// It can be tried again later.
    Later,
    /// The API doesn't take a file.
    Refused(GenerationError),
}

impl GenerationEffects {
    /// The input with an address in the place of every file.
    pub(super) async fn addressed(
        &self,
        input: &Map<String, Value>,
    ) -> Result<Map<String, Value>, InputTrouble> {
        let mut addressed = Value::Object(input.clone());
        let mut files = Vec::new();
        gather(&addressed, String::new(), &mut files);
        for (pointer, file) in files {
            let address = self.carry_over(&file).await?;
            if let Some(place) = addressed.pointer_mut(&pointer) {
                *place = Value::String(address);
            }
        }
        match addressed {
            Value::Object(fields) => Ok(fields),
            // It was an object, and only what is inside it was changed.
            _ => Err(InputTrouble::Later),
        }
    }

    async fn carry_over(&self, file: &SentFile) -> Result<String, InputTrouble> {
        let got = self.files.get(file, LARGEST_FILE).await;
        let got = got.map_err(|FileTrouble| InputTrouble::Later)?;
        let file = got.ok_or(InputTrouble::Gone)?;
        match self.api.upload(file).await {
            Ok(address) => Ok(address),
            Err(error) if error.is_retryable() => Err(InputTrouble::Later),
            Err(error) => Err(InputTrouble::Refused(error)),
        }
    }
}

/// The files in a value, each with where it is (RFC 6901).
fn gather(value: &Value, pointer: String, files: &mut Vec<(String, SentFile)>) {
    if let Some(file) = SentFile::of(value) {
        files.push((pointer, file));
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                gather(value, format!("{pointer}/{name}"), files);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                gather(value, format!("{pointer}/{index}"), files);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_found_wherever_they_are() {
        let input = json!({
            "prompt": "a fox",
            "image_urls": [{"$file": "a"}, "https://example.org/b.png", {"$file": "c"}],
            "shot": {"frame/first": {"$file": "d", "media_type": "image/png"}},
        });
        let mut files = Vec::new();
        gather(&input, String::new(), &mut files);
        let mut found: Vec<_> = files
            .iter()
            .map(|(pointer, file)| format!("{pointer} {}", file.file_id))
            .collect();
        found.sort();
        assert_eq!(
            found,
            ["/image_urls/0 a", "/image_urls/2 c", "/shot/frame~1first d"]
        );
        assert!(files.iter().all(|(pointer, _)| input.pointer(pointer).is_some()));
    }
}
