//! Pictures, as PNG.

use bytes::Bytes;
use png::{BitDepth, ColorType, Encoder};

use super::sides;

/// The longer side, in pixels.
const LONGEST: u32 = 240;

/// A sky and a sun in colours of `seed`, in the given ratio.
pub(super) fn picture(ratio: (u32, u32), seed: u64) -> Bytes {
    let (width, height) = sides(ratio, LONGEST, 1);
    let [red, green, blue, x, y, ..] = seed.to_le_bytes();
    // The middle of the sun, within the picture whatever its shape is.
    let (middle_x, middle_y) = (u32::from(x) * width / 256, u32::from(y) * height / 256);
    let radius = width.min(height) / 5;
    let mut pixels = Vec::new();
    for row in 0..height {
        let shade = u8::try_from(row * 127 / height).unwrap_or(127);
        let sky = [red / 2 + shade, green / 2 + shade, blue / 2 + shade];
        for column in 0..width {
            let (far, down) = (column.abs_diff(middle_x), row.abs_diff(middle_y));
            let is_sun = far * far + down * down < radius * radius;
            pixels.extend(if is_sun { [255, 224, 130] } else { sky });
        }
    }
    let mut file = Vec::new();
    // Writing to memory, with as many pixels as announced, can't fail; an empty file would be noticed by its tests.
    let _ = encode(&mut file, width, height, &pixels);
    file.into()
}

fn encode(file: &mut Vec<u8>, width: u32, height: u32, pixels: &[u8]) -> Result<(), png::EncodingError> {
    let mut encoder = Encoder::new(file, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_the_shape_that_is_asked_for() {
        for (ratio, expected) in [((1, 1), (240, 240)), ((16, 9), (240, 135)), ((1, 8), (30, 240))] {
            let file = picture(ratio, 7);
            let mut reader = png::Decoder::new(std::io::Cursor::new(&file))
                .read_info()
                .unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut pixels).unwrap();
            assert_eq!((info.width, info.height), expected);
        }
        assert_ne!(picture((1, 1), 7), picture((1, 1), 8));
    }
}
