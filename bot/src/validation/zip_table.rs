//! Which state a ZIP code belongs to, by the first digits.
//!
//! The first three digits name a sorting centre, which serves one state. The few places that are served across a state
//! line, and the islands that share one centre, stand with all five digits.

use super::state::State;

/// Codes that differ from the rest of their sorting centre: first, last, state.
const SINGLE_PLACES: [(&str, &str, &str); 12] = [
    ("05501", "05544", "MA"),
    ("06390", "06390", "NY"),
    ("83414", "83414", "WY"),
    ("96799", "96799", "AS"),
    ("96898", "96898", "HI"),
    ("96910", "96932", "GU"),
    ("96939", "96940", "PW"),
    ("96941", "96944", "FM"),
    ("96950", "96952", "MP"),
    ("96960", "96970", "MH"),
    ("20588", "20588", "DC"),
    ("56901", "56999", "DC"),
];

/// Sorting centres: first three digits, last three digits, state. Sorted.
const CENTRES: [(&str, &str, &str); 81] = [
    ("005", "005", "NY"),
    ("006", "007", "PR"),
    ("008", "008", "VI"),
    ("009", "009", "PR"),
    ("010", "027", "MA"),
    ("028", "029", "RI"),
    ("030", "038", "NH"),
    ("039", "049", "ME"),
    ("050", "054", "VT"),
    ("056", "059", "VT"),
    ("060", "069", "CT"),
    ("070", "089", "NJ"),
    ("090", "099", "AE"),
    ("100", "149", "NY"),
    ("150", "196", "PA"),
    ("197", "199", "DE"),
    ("200", "200", "DC"),
    ("201", "201", "VA"),
    ("202", "205", "DC"),
    ("206", "219", "MD"),
    ("220", "246", "VA"),
    ("247", "268", "WV"),
    ("270", "289", "NC"),
    ("290", "299", "SC"),
    ("300", "319", "GA"),
    ("320", "339", "FL"),
    ("340", "340", "AA"),
    ("341", "342", "FL"),
    ("344", "344", "FL"),
    ("346", "347", "FL"),
    ("349", "349", "FL"),
    ("350", "352", "AL"),
    ("354", "369", "AL"),
    ("370", "385", "TN"),
    ("386", "397", "MS"),
    ("398", "399", "GA"),
    ("400", "427", "KY"),
    ("430", "459", "OH"),
    ("460", "479", "IN"),
    ("480", "499", "MI"),
    ("500", "516", "IA"),
    ("520", "528", "IA"),
    ("530", "532", "WI"),
    ("534", "535", "WI"),
    ("537", "549", "WI"),
    ("550", "567", "MN"),
    ("570", "577", "SD"),
    ("580", "588", "ND"),
    ("590", "599", "MT"),
    ("600", "620", "IL"),
    ("622", "629", "IL"),
    ("630", "631", "MO"),
    ("633", "641", "MO"),
    ("644", "658", "MO"),
    ("660", "662", "KS"),
    ("664", "679", "KS"),
    ("680", "681", "NE"),
    ("683", "693", "NE"),
    ("700", "701", "LA"),
    ("703", "708", "LA"),
    ("710", "714", "LA"),
    ("716", "729", "AR"),
    ("730", "731", "OK"),
    ("733", "733", "TX"),
    ("734", "749", "OK"),
    ("750", "799", "TX"),
    ("800", "816", "CO"),
    ("820", "831", "WY"),
    ("832", "838", "ID"),
    ("840", "847", "UT"),
    ("850", "865", "AZ"),
    ("870", "884", "NM"),
    ("885", "885", "TX"),
    ("889", "898", "NV"),
    ("900", "961", "CA"),
    ("962", "966", "AP"),
    ("967", "968", "HI"),
    ("970", "979", "OR"),
    ("980", "986", "WA"),
    ("988", "994", "WA"),
    ("995", "999", "AK"),
];

/// The state of a ZIP code given as text; `None` when no mail goes to such codes.
pub(super) fn state_of(zip: &str) -> Option<State> {
    let (_, _, code) = SINGLE_PLACES.iter().chain(&CENTRES).find(|(first, last, _)| {
        zip.get(..first.len())
            .is_some_and(|start| (*first..=*last).contains(&start))
    })?;
    State::from_code(code)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn centres_are_sorted_and_do_not_overlap() {
        for (first, last, _) in &CENTRES {
            assert!(first <= last, "{first}");
        }
        for pair in CENTRES.windows(2) {
            assert!(pair[0].1 < pair[1].0, "{pair:?}");
        }
    }

    #[test]
    fn every_state_has_zip_codes() {
        let codes: HashSet<_> = SINGLE_PLACES
            .iter()
            .chain(&CENTRES)
            .map(|(_, _, code)| *code)
            .collect();
        let states: HashSet<_> = State::all().map(State::code).collect();
        assert_eq!(codes, states);
    }
}
