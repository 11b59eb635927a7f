//! The simplest H.264 stream that every player takes: whole pictures whose blocks are written as they are (`I_PCM`).
//!
//! Nothing is predicted or compressed, so that an encoder needs no more than the syntax of three sorts of units.

/// The side of a block, in pixels.
pub(super) const BLOCK: u32 = 16;

/// Bits, written from the highest one on.
#[derive(Debug, Default)]
struct Bits {
    bytes: Vec<u8>,
    /// How many bits of the last byte are taken; 0 when it is full.
    taken: u32,
}

impl Bits {
    fn bit(&mut self, bit: bool) {
        if self.taken == 0 {
            self.bytes.push(0);
        }
        if bit && let Some(last) = self.bytes.last_mut() {
            *last |= 0x80 >> self.taken;
        }
        self.taken = (self.taken + 1) % 8;
    }

    fn bits(&mut self, value: u32, count: u32) {
        for place in (0..count).rev() {
            self.bit(value >> place & 1 == 1);
        }
    }

    /// A number in Exp-Golomb code, `ue(v)` of the standard.
    fn number(&mut self, value: u32) {
        let value = value + 1;
        let length = value.ilog2();
        self.bits(0, length);
        self.bits(value, length + 1);
    }

    /// Fills the last byte with zeros.
    fn align(&mut self) {
        self.taken = 0;
    }

    /// Ends a unit: a one, and zeros up to the end of the byte.
    fn end(&mut self) {
        self.bit(true);
        self.align();
    }
}

/// A unit with this header, whose content never looks like the beginning of another one.
fn unit(header: u8, content: &[u8]) -> Vec<u8> {
    let mut unit = vec![header];
    let mut zeros = 0;
    for &byte in content {
        if zeros >= 2 && byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        unit.push(byte);
        zeros = if byte == 0 { zeros + 1 } else { 0 };
    }
    unit
}

/// What all pictures share: their size, in blocks.
pub(super) fn sequence_parameters(columns: u32, rows: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    // Constrained baseline profile, level 2.0.
    bits.bits(PROFILE.into(), 8);
    bits.bits(COMPATIBILITY.into(), 8);
    bits.bits(LEVEL.into(), 8);
    bits.number(0); // the id of these parameters
    bits.number(0); // the pictures' numbers have 4 bits
    bits.number(2); // they are shown in the order in which they come
    bits.number(0); // none refers to another
    bits.bit(false); // nor is any left out
    bits.number(columns - 1);
    bits.number(rows - 1);
    bits.bit(true); // whole frames, no fields
    bits.bit(true); // direct_8x8_inference, which these pictures don't use
    bits.bit(false); // nothing is cropped
    bits.bit(false); // nothing is said about use
    bits.end();
    unit(0x67, &bits.bytes)
}

/// The profile, what it is compatible with, and the level, as the container repeats them.
pub(super) const PROFILE: u8 = 66;
pub(super) const COMPATIBILITY: u8 = 0xc0;
pub(super) const LEVEL: u8 = 20;

/// How pictures are coded.
pub(super) fn picture_parameters() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.number(0); // the id of these parameters
    bits.number(0); // of the sequence's
    bits.bit(false); // CAVLC
    bits.bit(false); // no order of fields
    bits.number(0); // one group of slices
    bits.number(0); // no references in either list
    bits.number(0);
    bits.bit(false); // no weights
    bits.bits(0, 2);
    bits.number(0); // the usual quantisation, which isn't used
    bits.number(0);
    bits.number(0);
    bits.bit(true); // slices say that edges aren't smoothed
    bits.bit(false); // prediction isn't constrained
    bits.bit(false); // nothing comes twice
    bits.end();
    unit(0x68, &bits.bytes)
}

/// The `index`th picture, whose blocks have the colours that `colour` tells for column and row: brightness, and the two
/// differences, each from 16 to 235.
pub(super) fn picture(index: u32, columns: u32, rows: u32, colour: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.number(0); // from the first block on
    bits.number(7); // all blocks stand for themselves
    bits.number(0); // the id of the parameters
    bits.bits(0, 4); // the number of a picture that begins anew
    bits.number(index % 2); // tells it from its neighbours
    bits.bit(false); // what was before is shown
    bits.bit(false); // and not kept for long
    bits.number(0); // no change of quantisation
    bits.number(1); // no smoothing
    for row in 0..rows {
        for column in 0..columns {
            let [brightness, blue, red] = colour(column, row);
            bits.number(25); // I_PCM
            bits.align();
            bits.bytes.extend([brightness; 256]);
            bits.bytes.extend([blue; 64]);
            bits.bytes.extend([red; 64]);
        }
    }
    bits.end();
    unit(0x65, &bits.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_standard_lists_them() {
        // The bits of the code, from the highest on.
        for (number, expected) in [
            (0, 0b1000_0000),
            (1, 0b0100_0000),
            (2, 0b0110_0000),
            (3, 0b0010_0000),
            (7, 0b0001_0000),
        ] {
            let mut bits = Bits::default();
            bits.number(number);
            assert_eq!(bits.bytes, [expected], "{number}");
        }
    }

    #[test]
    fn a_unit_never_has_the_beginning_of_another_in_it() {
        assert_eq!(unit(0x65, &[0, 0, 1]), [0x65, 0, 0, 3, 1]);
        assert_eq!(unit(0x65, &[0, 0, 0, 0]), [0x65, 0, 0, 3, 0, 0]);
        assert_eq!(unit(0x65, &[0, 0, 4]), [0x65, 0, 0, 4]);
    }

    #[test]
    fn a_picture_holds_every_block_as_it_is() {
        let picture = picture(0, 3, 2, |column, row| {
            [16 + u8::try_from(column + row).unwrap(), 128, 128]
        });
        assert!(
            picture.len() > 6 * 384 && picture.len() < 6 * 400,
            "{}",
            picture.len()
        );
    }
}
