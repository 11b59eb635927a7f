//! Videos, as MP4: a second of pictures in H.264.

use bytes::Bytes;

use super::h264::{self, BLOCK};
use super::sides;

/// The longer side, in pixels.
const LONGEST: u32 = 112;

/// Pictures in all, and in a second.
const PICTURES: u32 = 5;

/// A second, in the units of the file.
const SECOND: u32 = 1_000;

/// A second in which a bright block wanders over a ground whose colour follows `seed`, in the given ratio.
pub(super) fn video(ratio: (u32, u32), seed: u64) -> Bytes {
    let (width, height) = sides(ratio, LONGEST, BLOCK);
    let (columns, rows) = (width / BLOCK, height / BLOCK);
    let [brightness, blue, red, ..] = seed.to_le_bytes().map(|byte| 64 + byte / 2);
    let pictures: Vec<_> = (0..PICTURES)
        .map(|index| {
            h264::picture(index, columns, rows, |column, row| {
                let is_bright = (column + row) % PICTURES == index;
                [if is_bright { 220 } else { brightness }, blue, red]
            })
        })
        .collect();
    let track = Track {
        width,
        height,
        sequence: h264::sequence_parameters(columns, rows),
        picture: h264::picture_parameters(),
        // Each is preceded by its size.
        sizes: pictures.iter().map(|picture| length(picture) + 4).collect(),
    };
    let kind = boxed(*b"ftyp", &[b"isom\0\0\x02\0isomiso2avc1mp41"]);
    // Where the pictures begin is known once it is known how long all that is before them is, which doesn't depend on it.
    let before = length(&kind) + length(&track.movie(0)) + 8;
    let mut data = Vec::new();
    for picture in &pictures {
        data.extend(length(picture).to_be_bytes());
        data.extend(picture);
    }
    let mut file = kind;
    file.extend(track.movie(before));
    file.extend(boxed(*b"mdat", &[&data]));
    file.into()
}

/// The length of what is far smaller than 4 GiB.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// A box of the format: its length, its name, its content.
fn boxed(name: [u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    [&(length(&content) + 8).to_be_bytes()[..], &name, &content].concat()
}

/// A box with a version and flags before its content.
fn full(name: [u8; 4], flags: u32, content: &[&[u8]]) -> Vec<u8> {
    let flags = flags.to_be_bytes();
    boxed(name, &[&[&flags[..]], content].concat())
}

/// Numbers of four bytes.
fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// No turning and no scaling.
const UPRIGHT: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

struct Track {
    width: u32,
    height: u32,
    sequence: Vec<u8>,
    picture: Vec<u8>,
    sizes: Vec<u32>,
}

impl Track {
    /// What the file tells of its pictures, which begin at `offset`.
    fn movie(&self, offset: u32) -> Vec<u8> {
        let header = full(
            *b"mvhd",
            0,
            &[
                &words(&[0, 0, SECOND, SECOND, 0x1_0000, 0x0100_0000, 0, 0]),
                &words(&UPRIGHT),
                // No preview, poster or selection; the next track would be the second.
                &words(&[0, 0, 0, 0, 0, 0, 2]),
            ],
        );
        boxed(*b"moov", &[&header, &self.track(offset)])
    }

    fn track(&self, offset: u32) -> Vec<u8> {
        // Switched on, and part of the movie.
        let header = full(
            *b"tkhd",
            3,
            &[
                &words(&[0, 0, 1, 0, SECOND, 0, 0, 0, 0]),
                &words(&UPRIGHT),
                &words(&[self.width << 16, self.height << 16]),
            ],
        );
        let timing = full(*b"mdhd", 0, &[&words(&[0, 0, SECOND, SECOND]), b"\x55\xc4\0\0"]);
        let handler = full(
            *b"hdlr",
            0,
            &[&words(&[0]), b"vide", &words(&[0, 0, 0]), b"Video\0"],
        );
        // The data is in this file.
        let place = full(*b"dref", 0, &[&words(&[1]), &full(*b"url ", 1, &[])]);
        let information = boxed(
            *b"minf",
            &[
                &full(*b"vmhd", 1, &[&words(&[0, 0])]),
                &boxed(*b"dinf", &[&place]),
                &self.samples(offset),
            ],
        );
        let media = boxed(*b"mdia", &[&timing, &handler, &information]);
        boxed(*b"trak", &[&header, &media])
    }

    fn samples(&self, offset: u32) -> Vec<u8> {
        let count = PICTURES;
        let description = full(*b"stsd", 0, &[&words(&[1]), &self.format()]);
        boxed(
            *b"stbl",
            &[
                &description,
                // All take the same time, and are in one piece.
                &full(*b"stts", 0, &[&words(&[1, count, SECOND / PICTURES])]),
                &full(*b"stsc", 0, &[&words(&[1, 1, count, 1])]),
                &full(*b"stsz", 0, &[&words(&[0, count]), &words(&self.sizes)]),
                &full(*b"stco", 0, &[&words(&[1, offset])]),
            ],
        )
    }

    fn format(&self) -> Vec<u8> {
        let size = |side: u32| u16::try_from(side).unwrap_or(u16::MAX).to_be_bytes();
        let unit = |unit: &[u8]| [&size(length(unit))[..], unit].concat();
        let configuration = boxed(
            *b"avcC",
            &[
                // Sizes of four bytes; one set of parameters of each sort.
                &[1, h264::PROFILE, h264::COMPATIBILITY, h264::LEVEL, 0xff, 0xe1],
                &unit(&self.sequence),
                &[1],
                &unit(&self.picture),
            ],
        );
        boxed(
            *b"avc1",
            &[
                // The first place of the data.
                &[0, 0, 0, 0, 0, 0, 0, 1],
                &[0; 16],
                &size(self.width),
                &size(self.height),
                // 72 dots an inch, one picture a sample, no name of the encoder.
                &words(&[0x48_0000, 0x48_0000, 0]),
                &[0, 1],
                &[0; 32],
                &[0, 24, 0xff, 0xff],
                &configuration,
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The boxes that `bytes` is made of.
    fn boxes(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
        let mut boxes = Vec::new();
        while !bytes.is_empty() {
            let size = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
            let (one, rest) = bytes.split_at(size);
            boxes.push((String::from_utf8(one[4..8].to_vec()).unwrap(), &one[8..]));
            bytes = rest;
        }
        boxes
    }

    #[test]
    fn a_video_is_boxes_that_fit_together() {
        let file = video((16, 9), 7);
        let top = boxes(&file);
        let names: Vec<_> = top.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["ftyp", "moov", "mdat"]);
        let moov = boxes(top[1].1);
        assert_eq!((moov[0].0.as_str(), moov[1].0.as_str()), ("mvhd", "trak"));
        assert_eq!(moov[0].1.len(), 100, "as the standard has it");
        let trak = boxes(moov[1].1);
        assert_eq!((trak[0].0.as_str(), trak[0].1.len()), ("tkhd", 84));

        // The place of the pictures is where they are, and their sizes lead from one to the next.
        let at = file.windows(4).position(|four| four == b"stco").unwrap();
        let offset = u32::from_be_bytes(file[at + 12..at + 16].try_into().unwrap()) as usize;
        let mut pictures = &file[offset..];
        for _ in 0..PICTURES {
            let size = u32::from_be_bytes(pictures[..4].try_into().unwrap()) as usize;
            assert_eq!(pictures[4], 0x65);
            pictures = &pictures[4 + size..];
        }
        assert!(pictures.is_empty());
    }
}
