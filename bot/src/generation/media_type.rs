//! What a file is, by its first bytes: servers often don't say.

/// The type of what nobody knows the type of.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// The MIME type of a file that begins so, if it shows.
pub(super) fn of(bytes: &[u8]) -> Option<&'static str> {
    let at = |from: usize, text: &[u8]| bytes.get(from..).is_some_and(|rest| rest.starts_with(text));
    let known = if at(0, b"\x89PNG\r\n\x1a\n") {
        "image/png"
    } else if at(0, b"\xff\xd8\xff") {
        "image/jpeg"
    } else if at(0, b"GIF8") {
        "image/gif"
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        "image/webp"
    } else if at(0, b"RIFF") && at(8, b"WAVE") {
        "audio/wav"
    } else if at(4, b"ftyp") {
        of_brand(bytes.get(8..12)?)
    } else if at(0, b"OggS") {
        "audio/ogg"
    } else if at(0, b"fLaC") {
        "audio/flac"
    } else if at(0, b"\x1aE\xdf\xa3") {
        "video/webm"
    } else if at(0, b"ID3") {
        "audio/mpeg"
    } else {
        return of_sound_frame(bytes);
    };
    Some(known)
}

/// What a file of the MP4 family is.
fn of_brand(brand: &[u8]) -> &'static str {
    match brand {
        b"qt  " => "video/quicktime",
        b"M4A " | b"M4B " => "audio/mp4",
        b"avif" => "image/avif",
        b"heic" | b"heix" | b"mif1" => "image/heic",
        _ => "video/mp4",
    }
}

/// What a file is that begins with a frame of MPEG sound, without any header before it.
fn of_sound_frame(bytes: &[u8]) -> Option<&'static str> {
    let (0xff, second) = (*bytes.first()?, *bytes.get(1)?) else {
        return None;
    };
    match (second & 0xe0, second & 0x06) {
        (0xe0, 0) if second & 0xf0 == 0xf0 => Some("audio/aac"),
        (0xe0, layer) if layer != 0 => Some("audio/mpeg"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_how_it_begins() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\0\0\0\0WAVEfmt ", Some("audio/wav")),
            (b"\0\0\0\x18ftypisom", Some("video/mp4")),
            (b"\0\0\0\x18ftypqt  ", Some("video/quicktime")),
            (b"\0\0\0\x18ftypM4A ", Some("audio/mp4")),
            (b"ID3\x04", Some("audio/mpeg")),
            (b"\xff\xfb\x90\x64", Some("audio/mpeg")),
            (b"\xff\xf1\x50\x80", Some("audio/aac")),
            (b"OggS", Some("audio/ogg")),
            (b"\0\0\0\x18ftyp", None),
            (b"<html>", None),
            (b"\xff", None),
            (b"", None),
        ] {
            assert_eq!(of(bytes), expected, "{bytes:?}");
        }
    }
}
