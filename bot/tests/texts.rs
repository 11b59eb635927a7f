//! What people read, as snapshots: every rejection in both languages, and the texts with plurals and many arguments.

use std::{collections::BTreeSet, fmt::Write as _};

use proptest::prelude::*;
use stepkeep::{
    localization::{Args, Language, Localized, Localizer},
    shipping::parcel::LengthUnit,
    validation::{
        Excerpt, Field, Rejection, State, check_state, parse_address_line, parse_city, parse_dimensions,
        parse_person_name, parse_phone_number, parse_postal_code, parse_state, parse_weight,
    },
};

/// One rejection of each kind, as typed input provokes it.
fn rejections() -> Vec<Rejection> {
    let long = "х".repeat(10_000);
    let mut provoked = vec![
        Some(Rejection::SeveralLines { field: Field::City }),
        parse_person_name("Ann\nLee").err(),
        parse_person_name("Ann 🙂").err(),
        parse_person_name("12345").err(),
        parse_address_line("—").err(),
        parse_address_line("1 Congress Ave, Austin, TX 78701").err(),
        parse_city("78701").err(),
        parse_state("Ontario").err(),
        parse_state("Califronia").err(),
        parse_postal_code("101000").err(),
        parse_postal_code("SW1A 1AA").err(),
        parse_phone_number("555-0100").err(),
        parse_phone_number("1-800-FLOWERS").err(),
        parse_phone_number("911-555-0100").err(),
        parse_phone_number("+7 916 123-45-67").err(),
        parse_phone_number("512-555-0100 ext. 12").err(),
        parse_weight("2,5").err(),
        parse_weight("heavy").err(),
        parse_weight("-2 lb").err(),
        parse_weight("100 kg").err(),
        parse_dimensions("10").err(),
        parse_dimensions("10x6").err(),
        parse_dimensions("big").err(),
        parse_dimensions("10 in x 6 cm x 4 in").err(),
        parse_dimensions("0x6x4").err(),
        parse_dimensions("100x60x60").err(),
        parse_dimensions("200x60x60 cm").err(),
    ];
    let parsers: [fn(&str) -> Option<Rejection>; 8] = [
        |input| parse_person_name(input).err(),
        |input| parse_address_line(input).err(),
        |input| parse_city(input).err(),
        |input| parse_state(input).err(),
        |input| parse_postal_code(input).err(),
        |input| parse_phone_number(input).err(),
        |input| parse_weight(input).err(),
        |input| parse_dimensions(input).err(),
    ];
    for parse in parsers {
        provoked.extend([parse(" "), parse(&long)]);
    }
    provoked.into_iter().flatten().collect()
}

#[test]
fn every_rejection_says_what_is_wrong_and_gives_an_example() {
    let localizer = Localizer::new().unwrap();
    for (language, example) in [(Language::English, "Example: "), (Language::Russian, "Пример: ")] {
        let mut texts = String::new();
        for rejection in rejections() {
            let text = localizer.render(language, &rejection);
            assert!(text.contains(example), "{rejection}: {text}");
            assert!(text.chars().count() < 400, "{rejection}: {text}");
            writeln!(texts, "# {rejection}\n{text}\n").unwrap();
        }
        insta::assert_snapshot!(format!("rejections-{language}"), texts);
    }
}

/// A match without a wildcard: a new kind of rejection doesn't compile until it is provoked above.
#[test]
fn every_kind_of_rejection_is_provoked() {
    let kind = |rejection: &Rejection| match rejection {
        Rejection::Empty { .. } => 0,
        Rejection::TooLong { .. } => 1,
        Rejection::SeveralLines { .. } => 2,
        Rejection::Unprintable { .. } => 3,
        Rejection::NameWithoutLetter { .. } => 4,
        Rejection::AddressWithoutLetterOrDigit { .. } => 5,
        Rejection::AddressWithPostalCode { .. } => 6,
        Rejection::CityWithoutLetter { .. } => 7,
        Rejection::UnknownState { suggestion: None, .. } => 8,
        Rejection::UnknownState {
            suggestion: Some(_), ..
        } => 9,
        Rejection::PostalCodeDigits { .. } => 10,
        Rejection::PostalCodeCharacters { .. } => 11,
        Rejection::PhoneDigits { .. } => 12,
        Rejection::PhoneCharacters { .. } => 13,
        Rejection::PhoneImpossible { .. } => 14,
        Rejection::PhoneForeign { .. } => 15,
        Rejection::PhoneExtension { .. } => 16,
        Rejection::WeightWithoutUnit { .. } => 17,
        Rejection::WeightNotUnderstood { .. } => 18,
        Rejection::WeightNotPositive => 19,
        Rejection::WeightTooHeavy { .. } => 20,
        Rejection::DimensionsCount { .. } => 21,
        Rejection::DimensionsNotUnderstood { .. } => 22,
        Rejection::DimensionsMixedUnits { .. } => 23,
        Rejection::DimensionsNotPositive => 24,
        Rejection::DimensionsTooLarge { .. } => 25,
    };
    let provoked: BTreeSet<i32> = rejections().iter().map(kind).collect();
    assert_eq!(provoked, (0..=25).collect());
}

#[test]
fn a_zip_of_another_state_is_questioned() {
    let localizer = Localizer::new().unwrap();
    let california = State::from_code("CA").unwrap();
    let warn = |language, zip| {
        let warning = check_state(&parse_postal_code(zip).unwrap(), california).unwrap();
        localizer.render(language, &warning)
    };
    let mut texts = String::new();
    for language in Language::ALL {
        for zip in ["78701", "00000"] {
            writeln!(texts, "{}", warn(language, zip)).unwrap();
        }
    }
    insta::assert_snapshot!("zip-warnings", texts);
}

#[test]
fn plurals_follow_the_language() {
    let localizer = Localizer::new().unwrap();
    let mut texts = String::new();
    for language in Language::ALL {
        for days in [1, 2, 5, 11, 21] {
            writeln!(
                texts,
                "{}",
                localizer.text(language, "delivery-days", &Args::new().with("days", days))
            )
            .unwrap();
        }
        for count in [1, 3, 12] {
            writeln!(
                texts,
                "{}",
                localizer.text(language, "rates-choose", &Args::new().with("count", count))
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!("plurals", texts);
}

#[test]
fn the_summary_shows_every_answer() {
    let localizer = Localizer::new().unwrap();
    let args = || {
        Args::new()
            .with("sender-name", "Ann Sender")
            .with("sender-address", "1 Congress Ave")
            .with("sender-city", "Austin")
            .with("sender-state", "TX")
            .with("sender-postal-code", "78701")
            .with("sender-phone", "(512) 555-0100")
            .with("recipient-name", "Bob Receiver")
            .with("recipient-address", "2 Santana Row")
            .with("recipient-city", "San Jose")
            .with("recipient-state", "CA")
            .with("recipient-postal-code", "95128")
    };
    for language in Language::ALL {
        let weight = localizer.weight(language, &parse_weight("1 lb 4.5 oz").unwrap());
        let dimensions = localizer.dimensions(language, &parse_dimensions("10.5x6x4").unwrap());
        let args = args()
            .with("recipient-phone", localizer.plain(language, "not-given"))
            .with("weight", weight)
            .with("dimensions", dimensions);
        insta::assert_snapshot!(
            format!("summary-{language}"),
            localizer.text(language, "summary", &args)
        );
    }
}

#[test]
fn what_a_person_typed_is_never_logged_by_a_rejection() {
    let typed = Excerpt::new("1 Secret Street");
    let rejection = Rejection::AddressWithoutLetterOrDigit { got: typed };
    let args = rejection.args(Language::English);
    assert!(!format!("{rejection} {rejection:?} {args:?}").contains("Secret"));
}

#[test]
fn the_limit_of_a_size_is_told_in_the_unit_of_the_size() {
    let localizer = Localizer::new().unwrap();
    let refused = Rejection::DimensionsTooLarge {
        size: 440,
        limit: 419,
        unit: LengthUnit::Centimeter,
    };
    let text = localizer.render(Language::English, &refused);
    assert!(text.contains("440 cm") && text.contains("419 cm"), "{text}");
}

/// What is hard on parsers: long input, pictures, right-to-left text, invisible characters, numbers near their limits.
fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        r"[0-9.,/x×½ +()#-]{0,64}( ?(lb|oz|kg|g|cm|in|фунт|кг|см|TX|ext))?.{0,5}",
        "[\u{590}-\u{6ff}\u{200e}\u{200f}\u{202a}-\u{202e} 0-9]{0,40}",
        "[\u{1f300}-\u{1faff}\u{fe0f}\u{200d}]{0,40}",
        "[\u{0}-\u{20}\u{7f}-\u{a0}\u{200b}\u{feff}]{0,40}",
        (any::<char>(), 9_990_usize..10_010)
            .prop_map(|(character, count)| character.to_string().repeat(count)),
        any::<char>().prop_map(|character| format!("12{character}5 lb")),
    ]
}

proptest! {
    #[test]
    fn any_input_is_a_value_or_a_short_answer(input in hostile_text()) {
        let localizer = Localizer::new().unwrap();
        let answers = [
            parse_person_name(&input).err(),
            parse_address_line(&input).err(),
            parse_city(&input).err(),
            parse_state(&input).err(),
            parse_postal_code(&input).err(),
            parse_phone_number(&input).err(),
            parse_weight(&input).err(),
            parse_dimensions(&input).err(),
        ];
        for rejection in answers.into_iter().flatten() {
            for language in Language::ALL {
                let text = localizer.render(language, &rejection);
                prop_assert!(text.chars().count() < 400, "{}", text);
            }
        }
    }
}
