//! Text for a font that knows only Western letters.

/// `text` in the encoding `WinAnsiEncoding` of PDF: Western letters as they are, Cyrillic ones by their sound, the rest as
/// question marks.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            ' '..='~' => bytes.push(letter as u8),
            '\t' | '\n' | '\r' | '\u{a0}' => bytes.push(b' '),
            '\u{a1}'..='\u{ff}' => bytes.extend(u8::try_from(u32::from(letter))),
            '‘' | '’' => bytes.push(b'\''),
            '“' | '”' | '„' => bytes.push(b'"'),
            '–' | '—' => bytes.push(b'-'),
            '…' => bytes.extend(b"..."),
            // What joins, marks or steers other characters has no look of its own.
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}' => {}
            _ if letter.is_control() => {}
            _ => match sound(letter) {
                Some(sound) => bytes.extend(sound.bytes()),
                None => bytes.push(b'?'),
            },
        }
    }
    bytes
}

/// Encoded text in capitals, as sorting machines like addresses.
pub(super) fn capitals(mut encoded: Vec<u8>) -> Vec<u8> {
    for byte in &mut encoded {
        *byte = match *byte {
            // Of the accented letters, all but the sign of division among them and the last, which has no capital here.
            b'a'..=b'z' | 0xe0..=0xf6 | 0xf8..=0xfe => *byte - 0x20,
            other => other,
        };
    }
    encoded
}

/// How a Cyrillic letter is written on envelopes abroad.
fn sound(letter: char) -> Option<String> {
    let lower = letter.to_lowercase().next()?;
    let sound = match lower {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'д' => "d",
        'е' | 'э' => "e",
        'ё' => "yo",
        'є' => "ye",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' => "i",
        'й' | 'ы' => "y",
        'ї' => "yi",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ъ' | 'ь' => "",
        'ю' => "yu",
        'я' => "ya",
        _ => return None,
    };
    if letter.is_lowercase() {
        return Some(sound.to_owned());
    }
    let mut letters = sound.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    Some(first.into_iter().chain(letters).collect())
}

/// The widths of the printable ASCII characters in Helvetica, in thousandths of the font's size.
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/// The same in Helvetica Bold.
const HELVETICA_BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278,
    556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584,
    556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556,
    333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];
/// The width that is taken for every other character: a little too much rather than too little.
const OTHER: u16 = 778;

/// How wide encoded text is in Helvetica of `size` points.
pub(super) fn width(encoded: &[u8], size: f32, bold: bool) -> f32 {
    let widths = if bold { &HELVETICA_BOLD } else { &HELVETICA };
    let thousandths: f32 = encoded
        .iter()
        .map(|byte| {
            let index = usize::from(byte.wrapping_sub(b' '));
            f32::from(widths.get(index).copied().unwrap_or(OTHER))
        })
        .sum();
    thousandths * size / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        encode(text).into_iter().map(char::from).collect()
    }

    #[test]
    fn letters_that_the_font_lacks_are_written_by_sound_or_as_a_question_mark() {
        assert_eq!(shown("Щука Юлия"), "Shchuka Yuliya");
        assert_eq!(shown("José Müller"), "José Müller");
        assert_eq!(shown("渡辺 🦀"), "?? ?");
        assert_eq!(shown("a\u{202e}b\u{0}c\nd"), "abc d");
        assert_eq!(shown("“Ann’s” — …"), "\"Ann's\" - ...");
    }

    #[test]
    fn capitals_are_capitals_in_any_script() {
        let shown: String = capitals(encode("Щука José ÷ ß"))
            .into_iter()
            .map(char::from)
            .collect();
        assert_eq!(shown, "SHCHUKA JOSÉ ÷ ß");
    }

    #[test]
    fn wide_letters_are_wider() {
        assert!(width(b"WWW", 10.0, false) > width(b"iii", 10.0, false));
        assert!(width(b"A", 10.0, true) > width(b"A", 10.0, false));
    }
}
