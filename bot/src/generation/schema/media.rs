//! Which strings are addresses of files, and of what files.

use serde::{Deserialize, Serialize};

use super::prose;

/// What a file has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// What it shows or plays.
    pub media: MediaKind,
    /// The MIME types that are taken; any of its kind when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mime_types: Vec<String>,
    /// The largest size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
}

/// What a file shows or plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A still image.
    Image,
    /// A video.
    Video,
    /// Sound: speech, music.
    Audio,
    /// The document doesn't tell.
    Any,
}

/// The words by which names and descriptions tell files from other text.
const IMAGE: [&str; 7] = ["image", "images", "photo", "picture", "frame", "mask", "portrait"];
const VIDEO: [&str; 4] = ["video", "videos", "clip", "footage"];
const AUDIO: [&str; 5] = ["audio", "audios", "music", "song", "sound"];

/// What a string is, if it is the address of a file: by its format, its name, or what the description says of files.
pub(super) fn media(name: &str, format: Option<&str>, description: &str) -> Option<Media> {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split(['_', '-', ' ']).collect();
    let last = words.last().copied().unwrap_or_default();
    let mime_types = prose::mime_types(description);
    let is_address = matches!(format, Some("uri" | "url" | "uri-reference" | "binary"));
    let named_so =
        matches!(last, "url" | "urls") || kind_of_word(last).is_some() || name.ends_with("image_input");
    if !(is_address || named_so || !mime_types.is_empty()) {
        return None;
    }
    let by_type = mime_types.iter().map(|mime| kind_of_mime(mime)).reduce(same);
    let by_name = || words.iter().find_map(|word| kind_of_word(word));
    let kind = by_type
        .or_else(by_name)
        .or_else(|| first_in(description))
        .unwrap_or(MediaKind::Any);
    Some(Media {
        media: kind,
        mime_types,
        max_bytes: prose::max_bytes(description),
    })
}

fn same(one: MediaKind, other: MediaKind) -> MediaKind {
    if one == other { one } else { MediaKind::Any }
}

fn kind_of_mime(mime: &str) -> MediaKind {
    match mime.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("video") => MediaKind::Video,
        Some("audio") => MediaKind::Audio,
        _ => MediaKind::Any,
    }
}

fn kind_of_word(word: &str) -> Option<MediaKind> {
    if IMAGE.contains(&word) {
        Some(MediaKind::Image)
    } else if VIDEO.contains(&word) {
        Some(MediaKind::Video)
    } else if AUDIO.contains(&word) {
        Some(MediaKind::Audio)
    } else {
        None
    }
}

/// The kind that the description speaks of first.
fn first_in(description: &str) -> Option<MediaKind> {
    let lower = description.to_ascii_lowercase();
    lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find_map(kind_of_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_format_name_or_description() {
        use MediaKind::{Any, Audio, Image, Video};
        for (name, format, description, kind) in [
            ("image_url", None, "", Some(Image)),
            ("image_urls", Some("uri"), "", Some(Image)),
            ("image_input", None, "", Some(Image)),
            ("image", None, "", Some(Image)),
            ("input_urls", Some("uri"), "Images to start from.", Some(Image)),
            ("input_urls", Some("uri"), "", Some(Any)),
            ("tail_image_url", None, "", Some(Image)),
            ("first_frame", None, "", Some(Image)),
            ("first_clip_url", None, "", Some(Video)),
            ("reference_video", None, "", Some(Video)),
            ("driving_audio_url", None, "", Some(Audio)),
            (
                "reference",
                None,
                "Accepted types: audio/mpeg, audio/wav",
                Some(Audio),
            ),
            (
                "either_url",
                None,
                "Accepted types: image/png, video/mp4",
                Some(Any),
            ),
            ("prompt", None, "Describe the image.", None),
            ("task_id", None, "", None),
            ("image_style", None, "", None),
            ("voice", None, "", None),
            ("negative_prompt", None, "What the video must not show.", None),
        ] {
            let found = media(name, format, description).map(|media| media.media);
            assert_eq!(found, kind, "{name}");
        }
    }
}
