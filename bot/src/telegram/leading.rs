//! What stands at the beginning of a JSON text: where Telegram puts ids, so that they can be had without reading the rest.

/// The most bytes that a number of 64 bits takes, and one for the end behind it.
const LONGEST: usize = 21;

/// The whole number right behind the beginning of a JSON text; `None` where the text begins otherwise, and then the number may
/// stand anywhere.
pub(super) fn number_behind(text: &[u8], beginning: &[u8]) -> Option<i64> {
    let rest = text.strip_prefix(beginning)?;
    let is_end = |byte: &u8| matches!(byte, b',' | b'}');
    let number = rest.get(..rest.iter().take(LONGEST).position(is_end)?)?;
    str::from_utf8(number).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BEGINNING: &[u8] = br#"{"id":"#;

    proptest! {
        #[test]
        fn each_number_is_found(number: i64, more in prop::bool::ANY) {
            let end = if more { r#","x":[1]}"# } else { "}" };
            let text = format!(r#"{{"id":{number}{end}"#);
            prop_assert_eq!(number_behind(text.as_bytes(), BEGINNING), Some(number));
        }
    }

    #[test]
    fn what_is_no_whole_number_in_this_place_is_not_found() {
        for text in [
            r#"{"x":1,"id":7}"#,
            r#"{"id": 7}"#,
            r#"{"id":7 }"#,
            r#"{"id":7.0}"#,
            r#"{"id":7e1}"#,
            r#"{"id":"7"}"#,
            r#"{"id":9223372036854775808}"#,
            r#"{"id":,"#,
            r#"{"id":7"#,
            "",
        ] {
            assert_eq!(number_behind(text.as_bytes(), BEGINNING), None, "{text}");
        }
    }
}
