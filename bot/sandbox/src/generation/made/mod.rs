//! What tasks make: small files of the real formats, with nothing in them that was asked for.

mod h264;
mod image;
mod mp4;
mod sound;

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::catalogue::Model;

/// The most images of one task.
const MOST: u64 = 6;

/// What a task makes. All of it follows from its model and its input, so nothing is kept.
#[derive(Debug)]
pub(super) struct Made<'a> {
    model: &'a Model,
    input: &'a Map<String, Value>,
}

/// What sort of thing a model makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Image,
    Video,
    Sound,
    /// Images that show where things are in another.
    Masks,
}

impl Sort {
    /// What a model makes, by the first thing that it says it can do.
    pub(super) fn of(model: &Model) -> Self {
        let does = |word: &str| model.tasks.first().is_some_and(|task| task.ends_with(word));
        if does("Video") || does("Video Upscale") {
            Self::Video
        } else if does("Speech") || does("Audio") {
            Self::Sound
        } else if does("Segmentation") {
            Self::Masks
        } else {
            Self::Image
        }
    }
}

/// A file, and its type.
#[derive(Debug)]
pub(super) struct File {
    pub(super) media_type: &'static str,
    pub(super) bytes: Bytes,
}

impl<'a> Made<'a> {
    pub(super) fn of(model: &'a Model, input: &'a Map<String, Value>) -> Self {
        Self { model, input }
    }

    /// The result as the API tells it, where a file is at `address` of its name.
    pub(super) fn told(&self, address: impl Fn(&str) -> String) -> Value {
        let addresses: Vec<_> = self.names().iter().map(|name| address(name)).collect();
        match Sort::of(self.model) {
            Sort::Masks => json!({ "resultObject": { "mask_urls": addresses } }),
            Sort::Video if self.has_last_frame() => {
                json!({ "resultUrls": addresses, "lastFrameUrl": address(LAST_FRAME) })
            }
            _ => json!({ "resultUrls": addresses }),
        }
    }

    /// The file of that name.
    pub(super) fn file(&self, name: &str) -> Option<File> {
        if name == LAST_FRAME && self.has_last_frame() {
            return Some(self.image(0));
        }
        let index = self.names().iter().position(|known| known == name)?;
        let seed = self.seed(index);
        Some(match Sort::of(self.model) {
            Sort::Image | Sort::Masks => self.image(index),
            Sort::Video => File {
                media_type: "video/mp4",
                bytes: mp4::video(self.shape(), seed),
            },
            Sort::Sound => File {
                media_type: "audio/wav",
                bytes: sound::tone(seed),
            },
        })
    }

    fn image(&self, index: usize) -> File {
        File {
            media_type: "image/png",
            bytes: image::picture(self.shape(), self.seed(index)),
        }
    }

    /// The names of the files.
    fn names(&self) -> Vec<String> {
        let (count, ending) = match Sort::of(self.model) {
            Sort::Image => (self.count(), "png"),
            Sort::Masks => (2, "png"),
            Sort::Video => (1, "mp4"),
            Sort::Sound => (1, "wav"),
        };
        (0..count).map(|index| format!("{index}.{ending}")).collect()
    }

    /// How many images are asked for.
    fn count(&self) -> u64 {
        let asked = ["num_images", "max_images", "n"]
            .iter()
            .find_map(|name| self.input.get(*name));
        let asked = match asked {
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_u64(),
            None => None,
        };
        asked.unwrap_or(self.model.results).clamp(1, MOST)
    }

    fn has_last_frame(&self) -> bool {
        self.input.get("return_last_frame") == Some(&Value::Bool(true))
    }

    /// The sides' ratio that is asked for, as width and height; a square where none is.
    fn shape(&self) -> (u32, u32) {
        let named = ["aspect_ratio", "ratio", "image_size"]
            .iter()
            .find_map(|name| self.input.get(*name)?.as_str());
        named.and_then(ratio).unwrap_or((1, 1))
    }

    fn seed(&self, index: usize) -> u64 {
        let mut hasher = DefaultHasher::new();
        (
            &self.model.id,
            Value::Object(self.input.clone()).to_string(),
            index,
        )
            .hash(&mut hasher);
        hasher.finish()
    }
}

/// The name of the image that comes with a video when it is asked for.
const LAST_FRAME: &str = "last_frame.png";

/// The ratio that `16:9` or `landscape_16_9` names.
fn ratio(text: &str) -> Option<(u32, u32)> {
    let numbers = text
        .strip_prefix("landscape_")
        .map(|rest| (rest, false))
        .or_else(|| text.strip_prefix("portrait_").map(|rest| (rest, true)));
    let side = |text: &str| text.parse::<u32>().ok().filter(|side| (1..=32).contains(side));
    if let Some((rest, upright)) = numbers {
        let (one, other) = rest.split_once('_')?;
        let (one, other) = (side(one)?, side(other)?);
        let (long, short) = (one.max(other), one.min(other));
        return Some(if upright { (short, long) } else { (long, short) });
    }
    let (width, height) = text.split_once(':')?;
    Some((side(width)?, side(height)?))
}

/// The sides of a rectangle of that ratio whose longer one is `longest`, each a multiple of `step` and no less than it.
fn sides((width, height): (u32, u32), longest: u32, step: u32) -> (u32, u32) {
    let long = width.max(height);
    let scaled = |side: u32| (side * longest / long / step).max(1) * step;
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::catalogue;
    use super::*;

    fn input(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn told(id: &str, with: &Value) -> Value {
        let with = input(with);
        Made::of(catalogue().model(id).unwrap(), &with).told(ToOwned::to_owned)
    }

    #[test]
    fn every_model_makes_files_that_are_there() {
        for model in &catalogue().models {
            let input = input(&json!({ "return_last_frame": true }));
            let made = Made::of(model, &input);
            for name in made.names() {
                let file = made.file(&name).unwrap();
                assert!(file.bytes.len() > 100, "{}: {name}", model.id);
                assert!(
                    file.bytes.len() < 300_000,
                    "{}: {name} is {}",
                    model.id,
                    file.bytes.len()
                );
            }
            assert!(made.file("99.png").is_none());
        }
    }

    #[test]
    fn a_model_makes_what_it_says() {
        assert_eq!(told("z-image", &json!({})), json!({ "resultUrls": ["0.png"] }));
        assert_eq!(
            told("ideogram/character", &json!({ "num_images": "3" })),
            json!({ "resultUrls": ["0.png", "1.png", "2.png"] })
        );
        assert_eq!(
            told("kling-2.6/image-to-video", &json!({})),
            json!({ "resultUrls": ["0.mp4"] })
        );
        assert_eq!(
            told("topaz/video-upscale", &json!({})),
            json!({ "resultUrls": ["0.mp4"] })
        );
        assert_eq!(
            told("bytedance/seedance-2", &json!({ "return_last_frame": true })),
            json!({ "resultUrls": ["0.mp4"], "lastFrameUrl": "last_frame.png" })
        );
        assert_eq!(
            told("elevenlabs/audio-isolation", &json!({})),
            json!({ "resultUrls": ["0.wav"] })
        );
        assert_eq!(
            told("grok-imagine-image-2-0/segment-map", &json!({})),
            json!({ "resultObject": { "mask_urls": ["0.png", "1.png"] } })
        );
    }

    #[test]
    fn the_shape_is_the_one_that_is_asked_for() {
        for (text, expected) in [
            ("16:9", Some((16, 9))),
            ("portrait_4_3", Some((3, 4))),
            ("landscape_16_9", Some((16, 9))),
            ("square_hd", None),
            ("auto", None),
            ("0:1", None),
            ("99999:1", None),
        ] {
            assert_eq!(ratio(text), expected, "{text}");
        }
        assert_eq!(sides((16, 9), 240, 1), (240, 135));
        assert_eq!(sides((1, 8), 112, 16), (16, 112));
    }
}
