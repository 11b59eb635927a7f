//! Code 128, the barcode of shipping labels (ISO/IEC 15417).

/// The widths of bar, space, bar, space, bar, space of each symbol, in modules.
const SYMBOLS: [&[u8; 6]; 106] = [
    b"212222", b"222122", b"222221", b"121223", b"121322", b"131222", b"122213", b"122312", b"132212",
    b"221213", b"221312", b"231212", b"112232", b"122132", b"122231", b"113222", b"123122", b"123221",
    b"223211", b"221132", b"221231", b"213212", b"223112", b"312131", b"311222", b"321122", b"321221",
    b"312212", b"322112", b"322211", b"212123", b"212321", b"232121", b"111323", b"131123", b"131321",
    b"112313", b"132113", b"132311", b"211313", b"231113", b"231311", b"112133", b"112331", b"132131",
    b"113123", b"113321", b"133121", b"313121", b"211331", b"231131", b"213113", b"213311", b"213131",
    b"311123", b"311321", b"331121", b"312113", b"312311", b"332111", b"314111", b"221411", b"431111",
    b"111224", b"111422", b"121124", b"121421", b"141122", b"141221", b"112214", b"112412", b"122114",
    b"122411", b"142112", b"142211", b"241211", b"221114", b"413111", b"241112", b"134111", b"111242",
    b"121142", b"121241", b"114212", b"124112", b"124211", b"411212", b"421112", b"421211", b"212141",
    b"214121", b"412121", b"111143", b"111341", b"131141", b"114113", b"114311", b"411113", b"411311",
    b"113141", b"114131", b"311141", b"411131", b"211412", b"211214", b"211232",
];
/// The symbol that ends every code has a bar more.
const STOP: &[u8; 7] = b"2331112";

const START_B: u8 = 104;
const START_C: u8 = 105;
const TO_B: u8 = 100;
const TO_C: u8 = 99;
/// From how many digits on pairs are shorter.
const WORTH_PAIRS: usize = 4;

/// The widths of the bars and spaces of `text` in turn, in modules, the first one a bar. What isn't printable ASCII is
/// left out.
pub(super) fn widths(text: &str) -> Vec<u8> {
    let values = values(text);
    let weighted = values.iter().zip(std::iter::once(1).chain(1_u32..));
    let checksum = weighted
        .map(|(value, weight)| u32::from(*value) * weight)
        .sum::<u32>()
        % 103;
    values
        .iter()
        .map(|value| usize::from(*value))
        .chain([checksum as usize])
        .filter_map(|value| SYMBOLS.get(value))
        .flat_map(|symbol| symbol.iter())
        .chain(STOP)
        .map(|digit| digit - b'0')
        .collect()
}

/// The symbols of `text`: start, and pairs of digits where runs of them are long enough.
fn values(text: &str) -> Vec<u8> {
    let mut rest: &[u8] = &text
        .bytes()
        .filter(|byte| (b' '..=b'~').contains(byte))
        .collect::<Vec<_>>();
    let mut values = Vec::with_capacity(rest.len() + 4);
    let mut pairs = None;
    while let Some(first) = rest.first() {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        // A run of odd length gives its first digit to what stands before, so that its end is even.
        let in_pairs = match pairs {
            Some(true) => digits >= 2,
            _ => digits >= WORTH_PAIRS && digits.is_multiple_of(2),
        };
        if pairs != Some(in_pairs) {
            values.push(match (pairs, in_pairs) {
                (None, true) => START_C,
                (None, false) => START_B,
                (Some(_), true) => TO_C,
                (Some(_), false) => TO_B,
            });
            pairs = Some(in_pairs);
        }
        match rest {
            [tens, ones, further @ ..] if in_pairs => {
                values.push((tens - b'0') * 10 + (ones - b'0'));
                rest = further;
            }
            _ => {
                values.push(first - b' ');
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    /// Reads a code as a scanner does.
    fn decode(widths: &[u8]) -> String {
        let (stop, symbols) = (&widths[widths.len() - 7..], &widths[..widths.len() - 7]);
        let written = |widths: &[u8]| {
            widths
                .iter()
                .map(|width| char::from(b'0' + width))
                .collect::<String>()
        };
        assert_eq!(written(stop).as_bytes(), STOP);
        let values: Vec<u32> = symbols
            .chunks(6)
            .map(|symbol| {
                let position = SYMBOLS
                    .iter()
                    .position(|known| **known == *written(symbol).as_bytes());
                u32::try_from(position.expect("a known symbol")).unwrap()
            })
            .collect();
        let (checksum, values) = values.split_last().unwrap();
        let weighted = values.iter().zip(std::iter::once(1).chain(1..));
        assert_eq!(
            weighted.map(|(value, weight)| value * weight).sum::<u32>() % 103,
            *checksum
        );
        let mut pairs = values[0] == u32::from(START_C);
        let mut text = String::new();
        for value in &values[1..] {
            match (pairs, *value) {
                (true, 100) => pairs = false,
                (false, 99) => pairs = true,
                (true, value) => write!(text, "{value:02}").unwrap(),
                (false, value) => text.push(char::from_u32(value + 32).unwrap()),
            }
        }
        text
    }

    #[test]
    fn every_symbol_is_eleven_modules_wide_and_unlike_the_others() {
        for (index, symbol) in SYMBOLS.iter().enumerate() {
            let modules: u32 = symbol.iter().map(|digit| u32::from(digit - b'0')).sum();
            let bars: u32 = symbol
                .iter()
                .step_by(2)
                .map(|digit| u32::from(digit - b'0'))
                .sum();
            assert_eq!(modules, 11, "{index}");
            assert_eq!(bars % 2, 0, "{index}");
            assert!(!SYMBOLS[index + 1..].contains(symbol), "{index}");
        }
    }

    #[test]
    fn digits_are_written_in_pairs() {
        assert_eq!(values("9400"), [START_C, 94, 0]);
        assert_eq!(values("1Z9400"), [START_B, 17, 58, TO_C, 94, 0]);
        assert_eq!(values("123"), [START_B, 17, 18, 19]);
    }

    proptest! {
        #[test]
        fn a_scanner_reads_what_was_written(text in "[ -~]{1,40}") {
            prop_assert_eq!(decode(&widths(&text)), text);
        }

        #[test]
        fn a_scanner_reads_tracking_numbers(text in "(1Z[0-9A-Z]{16}|[0-9]{12}|[0-9]{21,22})") {
            prop_assert_eq!(decode(&widths(&text)), text);
        }
    }
}
