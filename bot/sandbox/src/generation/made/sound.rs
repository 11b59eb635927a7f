//! Sounds, as WAV.

use bytes::{BufMut, Bytes, BytesMut};

/// Samples a second.
const RATE: u32 = 8_000;

/// In samples: a second.
const LENGTH: u32 = RATE;

/// Bytes of a sample.
const WIDTH: u32 = 2;

/// A tone of one second, whose pitch follows `seed`: a triangle, which needs no sine.
pub(super) fn tone(seed: u64) -> Bytes {
    let size = LENGTH * WIDTH;
    let mut file = BytesMut::new();
    file.put_slice(b"RIFF");
    file.put_u32_le(36 + size);
    file.put_slice(b"WAVEfmt ");
    file.put_u32_le(16);
    // PCM, one channel.
    file.put_u16_le(1);
    file.put_u16_le(1);
    file.put_u32_le(RATE);
    file.put_u32_le(RATE * WIDTH);
    file.put_u16_le(2);
    file.put_u16_le(16);
    file.put_slice(b"data");
    file.put_u32_le(size);
    // From 200 to 400 Hz.
    let period = 20 + i32::try_from(seed % 21).unwrap_or(0);
    let mut phase = 0;
    for _ in 0..LENGTH {
        let height = (phase * 4 - period * 2).abs() - period;
        let sample = height * 8_000 / period;
        file.put_i16_le(i16::try_from(sample).unwrap_or(0));
        phase = (phase + 1) % period;
    }
    file.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_a_second_of_sound() {
        let file = tone(7);
        assert!(file.starts_with(b"RIFF") && file[8..].starts_with(b"WAVEfmt "));
        let announced = u32::from_le_bytes(file[40..44].try_into().unwrap());
        assert_eq!(file.len(), 44 + announced as usize);
        let samples: Vec<_> = file[44..]
            .chunks(2)
            .map(|two| i16::from_le_bytes(two.try_into().unwrap()))
            .collect();
        assert!(
            samples.iter().any(|sample| *sample > 7_000) && samples.iter().any(|sample| *sample < -7_000)
        );
    }
}
