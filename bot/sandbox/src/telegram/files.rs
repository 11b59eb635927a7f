//! The files of one bot's chats.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a file was sent as. Telegram does not let a bot send one kind as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FileKind {
    Document,
    Photo { width: usize, height: usize },
    Video,
    Audio,
    Voice,
}

/// One file, kept until the sandbox is reset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredFile {
    pub(crate) file_id: String,
    pub(crate) unique_id: String,
    pub(crate) kind: FileKind,
    pub(crate) name: String,
    pub(crate) mime_type: String,
    pub(crate) path: String,
    /// Written once for each file ([`SavedFile`]), and not with each message that shows it.
    #[serde(skip)]
    pub(crate) bytes: Bytes,
}

impl StoredFile {
    /// The Bot API's `Document`.
    pub(crate) fn document(&self) -> Value {
        json!({
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_name": self.name,
            "mime_type": self.mime_type,
            "file_size": self.bytes.len(),
        })
    }

    /// The Bot API's list of `PhotoSize`; the sandbox keeps the original size only.
    pub(crate) fn photo(&self) -> Value {
        let (width, height) = match self.kind {
            FileKind::Photo { width, height } => (width, height),
            _ => (0, 0),
        };
        json!([{
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": self.bytes.len(),
            "width": width,
            "height": height,
        }])
    }

    /// The Bot API's `Video`, `Audio` or `Voice`, with the name of its field. The sandbox doesn't look how long it is.
    pub(crate) fn clip(&self) -> (&'static str, Value) {
        let mut clip = self.document();
        clip["duration"] = 1.into();
        let field = match self.kind {
            FileKind::Video => {
                clip["width"] = 640.into();
                clip["height"] = 360.into();
                "video"
            }
            FileKind::Voice => "voice",
            _ => "audio",
        };
        (field, clip)
    }

    /// The Bot API's `File`.
    pub(crate) fn file(&self) -> Value {
        json!({
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": self.bytes.len(),
            "file_path": self.path,
        })
    }
}

/// A file as somebody sends it.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) mime_type: String,
    pub(crate) bytes: Bytes,
}

impl Upload {
    /// An upload with its type guessed from its name unless it has one.
    pub(crate) fn new(name: String, mime_type: Option<String>, bytes: Bytes) -> Self {
        let mime_type = mime_type
            .filter(|given| given != "application/octet-stream")
            .or_else(|| mime_guess::from_path(&name).first_raw().map(str::to_owned))
            .unwrap_or_else(|| "application/octet-stream".to_owned());
        Self {
            name,
            mime_type,
            bytes,
        }
    }
}

/// Whether this begins like a file that Telegram shows as this kind.
pub(crate) fn looks_like(kind: FileKind, bytes: &[u8]) -> bool {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    let is_mp4 = bytes.get(4..8) == Some(b"ftyp");
    match kind {
        FileKind::Document => true,
        FileKind::Photo { .. } => photo_size(bytes).is_some(),
        FileKind::Video => is_mp4 || begins(&[0x1a, 0x45, 0xdf, 0xa3]),
        FileKind::Voice => begins(b"OggS") || begins(b"ID3") || is_mp4,
        FileKind::Audio => {
            let is_mp3 = begins(b"ID3") || matches!(bytes, [0xff, second, ..] if second & 0xe0 == 0xe0);
            let is_wav = begins(b"RIFF") && bytes.get(8..12) == Some(b"WAVE");
            is_mp3 || is_wav || is_mp4 || begins(b"OggS") || begins(b"fLaC")
        }
    }
}

/// The width and height of an image that Telegram takes as a photo.
pub(crate) fn photo_size(bytes: &[u8]) -> Option<(usize, usize)> {
    imagesize::blob_size(bytes)
        .ok()
        .map(|size| (size.width, size.height))
}

#[derive(Debug, Default)]
struct Index {
    by_id: HashMap<String, Arc<StoredFile>>,
    by_path: HashMap<String, Arc<StoredFile>>,
}

impl Index {
    fn put(&mut self, file: Arc<StoredFile>) {
        self.by_path.insert(file.path.clone(), Arc::clone(&file));
        self.by_id.insert(file.file_id.clone(), file);
    }
}

/// A file with its bytes, as it is written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SavedFile {
    file: Arc<StoredFile>,
    #[serde(with = "crate::state::base64")]
    bytes: Bytes,
}

/// The files that one bot has sent or was sent. Ids are of that bot alone, like the real ones.
#[derive(Debug)]
pub(crate) struct FileStore {
    bot_id: i64,
    index: Mutex<Index>,
}

impl FileStore {
    pub(crate) fn add(&self, kind: FileKind, upload: Upload) -> Arc<StoredFile> {
        let mut index = self.index.lock();
        let number = index.by_id.len() + 1;
        let (letter, folder) = match kind {
            FileKind::Document => ("BQAC", "documents"),
            FileKind::Photo { .. } => ("AgAC", "photos"),
            FileKind::Video => ("BAAC", "videos"),
            FileKind::Audio => ("CQAC", "music"),
            FileKind::Voice => ("AwAC", "voice"),
        };
        let extension = extension(&upload);
        let file = Arc::new(StoredFile {
            file_id: format!(
                "{letter}{}-{number}-{}",
                self.bot_id,
                uuid::Uuid::new_v4().simple()
            ),
            unique_id: format!("AQAD{number:x}-{:x}", self.bot_id),
            kind,
            path: format!("{folder}/file_{number}{extension}"),
            name: upload.name,
            mime_type: upload.mime_type,
            bytes: upload.bytes,
        });
        index.put(Arc::clone(&file));
        file
    }

    /// All files, to be written down.
    pub(crate) fn saved(&self) -> Vec<SavedFile> {
        let index = self.index.lock();
        let saved = |file: &Arc<StoredFile>| SavedFile {
            file: Arc::clone(file),
            bytes: file.bytes.clone(),
        };
        index.by_id.values().map(saved).collect()
    }

    /// A store of the files that were written down.
    pub(crate) fn restored(bot_id: i64, saved: Vec<SavedFile>) -> Self {
        let mut index = Index::default();
        for SavedFile { file, bytes } in saved {
            let described = Arc::unwrap_or_clone(file);
            index.put(Arc::new(StoredFile { bytes, ..described }));
        }
        Self {
            bot_id,
            index: Mutex::new(index),
        }
    }

    pub(crate) fn by_id(&self, file_id: &str) -> Option<Arc<StoredFile>> {
        self.index.lock().by_id.get(file_id).map(Arc::clone)
    }

    pub(crate) fn by_path(&self, path: &str) -> Option<Arc<StoredFile>> {
        self.index.lock().by_path.get(path).map(Arc::clone)
    }
}

/// The extension with its dot, of the name that was given or else of the type.
fn extension(upload: &Upload) -> String {
    let given = upload.name.rsplit_once('.').map(|(_, extension)| extension);
    let plain = |extension: &&str| {
        (1..=8).contains(&extension.len()) && extension.chars().all(|c| c.is_ascii_alphanumeric())
    };
    given
        .filter(plain)
        .or_else(|| {
            mime_guess::get_mime_extensions_str(&upload.mime_type)?
                .first()
                .copied()
        })
        .map_or_else(String::new, |extension| format!(".{extension}"))
}
