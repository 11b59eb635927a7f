//! Tracking numbers with the check digits of the real ones.

/// The tracking number of the `serial`-th parcel of a carrier. Different serials below ten million give different numbers.
pub(super) fn number(carrier_code: &str, serial: u64) -> String {
    let serial = serial % 10_000_000;
    match carrier_code {
        "ups" => {
            let body = format!("99A9X903{serial:07}");
            let check = ups_check_digit(&body);
            format!("1Z{body}{check}")
        }
        "fedex" => {
            let body = format!("7947{serial:07}");
            let check = fedex_check_digit(&body);
            format!("{body}{check}")
        }
        _ => {
            let body = format!("94001000000000{serial:07}");
            let check = usps_check_digit(&body);
            format!("{body}{check}")
        }
    }
}

/// The page that shows where the parcel is.
pub(super) fn page(carrier_code: &str, number: &str) -> String {
    match carrier_code {
        "ups" => format!("https://www.ups.com/track?tracknum={number}"),
        "fedex" => format!("https://www.fedex.com/fedextrack/?trknbr={number}"),
        _ => format!("https://tools.usps.com/go/TrackConfirmAction?tLabels={number}"),
    }
}

fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> + '_ {
    text.chars().filter_map(|c| c.to_digit(10))
}

/// Modulo 10, every other digit from the right three times.
fn usps_check_digit(body: &str) -> u32 {
    let sum: u32 = digits(body)
        .rev()
        .zip([3, 1].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    (10 - sum % 10) % 10
}

/// Modulo 10, every second character twice; letters stand for digits.
fn ups_check_digit(body: &str) -> u32 {
    let value = |c: char| {
        c.to_digit(10)
            .unwrap_or_else(|| (u32::from(c) - u32::from('A') + 2) % 10)
    };
    let sum: u32 = body
        .chars()
        .map(value)
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    (10 - sum % 10) % 10
}

/// Modulo 11 and then 10, weights 1, 3, 7 from the right.
fn fedex_check_digit(body: &str) -> u32 {
    let sum: u32 = digits(body)
        .rev()
        .zip([1, 3, 7].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    sum % 11 % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_the_carriers() {
        // Numbers of parcels that the carriers have delivered.
        assert_eq!(ups_check_digit("999AA1012345678"), 4);
        assert_eq!(fedex_check_digit("98657878885"), 5);
        assert_eq!(usps_check_digit("940011120255584233266"), 9);
    }

    #[test]
    fn each_parcel_has_a_number_of_its_own_of_the_usual_length() {
        for (carrier, length) in [("stamps_com", 22), ("ups", 18), ("fedex", 12)] {
            let first = number(carrier, 1);
            assert_eq!(first.len(), length, "{first}");
            assert_ne!(first, number(carrier, 2));
        }
    }
}
