//! Zones, weights that count, prices and days: pure, and always the same for the same shipment.

use jiff::civil::{Date, Weekday};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use super::carriers::{Carrier, Service};
use super::request::Package;

/// What a service costs for a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Price {
    /// In cents.
    pub(super) shipping: i64,
    /// The surcharge for fuel, in cents.
    pub(super) other: i64,
}

/// Why a carrier doesn't take a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    TooHeavy { pounds: u32 },
    TooLong { inches: u32 },
}

/// The distance between two ZIP codes as a zone from 1 to 8, by the areas that their first three digits name: they grow
/// from the east coast to the west.
pub(super) fn zone(from: &str, to: &str) -> u8 {
    let area = |zip: &str| {
        zip.get(..3)
            .and_then(|area| area.parse::<u16>().ok())
            .unwrap_or(0)
    };
    match area(from).abs_diff(area(to)) {
        0 => 1,
        1..=20 => 2,
        21..=60 => 3,
        61..=140 => 4,
        141..=260 => 5,
        261..=420 => 6,
        421..=620 => 7,
        _ => 8,
    }
}

/// The whole pounds that are paid for: of the weight or of the room that the package takes, whichever is more.
///
/// # Errors
///
/// The refusal of a package that the carrier doesn't take.
fn billable_pounds(carrier: &Carrier, package: &Package) -> Result<i64, Refusal> {
    let too_heavy = Refusal::TooHeavy {
        pounds: carrier.heaviest_pounds,
    };
    let pounds = package.ounces / Decimal::from(16);
    if pounds > Decimal::from(carrier.heaviest_pounds) {
        return Err(too_heavy);
    }
    let mut billable = pounds;
    if let Some([length, width, height]) = package.inches {
        let girth = (width + height) * Decimal::TWO;
        if length + girth > Decimal::from(carrier.longest_inches) {
            return Err(Refusal::TooLong {
                inches: carrier.longest_inches,
            });
        }
        let volume = length * width * height;
        if volume > Decimal::from(carrier.dimensional_above) {
            billable = billable.max(volume / Decimal::from(carrier.dimensional_divisor));
        }
    }
    billable
        .ceil()
        .to_i64()
        .map(|pounds| pounds.max(1))
        .ok_or(too_heavy)
}

/// What `service` costs.
///
/// # Errors
///
/// The refusal of a package that the carrier doesn't take.
pub(super) fn price(
    carrier: &Carrier,
    service: &Service,
    zone: u8,
    package: &Package,
) -> Result<Price, Refusal> {
    let pounds = billable_pounds(carrier, package)?;
    let further_zones = i64::from(zone) - 1;
    let further_pounds = pounds - 1;
    let mut shipping = service.base
        + service.per_zone * further_zones
        + further_pounds * (service.per_pound + service.per_pound_zone * further_zones);
    if pounds == 1 {
        let ounces = package.ounces.ceil().to_i64().unwrap_or(16).clamp(1, 16);
        shipping -= service.per_ounce_less * (16 - ounces);
    }
    Ok(Price {
        shipping,
        other: shipping * carrier.fuel_percent / 100,
    })
}

/// How many days `service` takes.
pub(super) fn days(service: &Service, zone: u8) -> u8 {
    let index = usize::from(zone.clamp(1, 8)) - 1;
    service.days.get(index).copied().unwrap_or(5)
}

/// The day of delivery: no carrier counts Sundays, and some don't count Saturdays.
pub(super) fn delivery(carrier: &Carrier, shipped: Date, days: u8) -> Date {
    let mut day = shipped;
    let mut left = days;
    while left > 0 {
        let Ok(next) = day.tomorrow() else { return day };
        day = next;
        let rests = match day.weekday() {
            Weekday::Sunday => true,
            Weekday::Saturday => !carrier.on_saturdays,
            _ => false,
        };
        if !rests {
            left -= 1;
        }
    }
    day
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::super::carriers::CARRIERS;
    use super::*;

    const USPS: &Carrier = &CARRIERS[0];
    const UPS: &Carrier = &CARRIERS[1];

    fn package(ounces: Decimal, inches: Option<[Decimal; 3]>) -> Package {
        Package { ounces, inches }
    }

    #[test]
    fn zones_grow_with_the_distance_in_both_directions() {
        assert_eq!(zone("78701", "78745"), 1);
        assert_eq!(zone("10001", "11201"), 2);
        assert_eq!(zone("78701", "95128"), zone("95128", "78701"));
        assert_eq!(zone("02108", "94105"), 8);
    }

    #[test]
    fn a_large_light_box_pays_for_its_room() {
        let heavy = package(dec!(160), None);
        let light = package(dec!(16), Some([dec!(14), dec!(10), dec!(10)]));
        let ground = &UPS.services[0];
        // 1400 cubic inches are 10.07 pounds of room.
        assert!(
            price(UPS, ground, 5, &light).unwrap().shipping > price(UPS, ground, 5, &heavy).unwrap().shipping
        );
        // The postal service asks only above a cubic foot.
        let small = package(dec!(16), None);
        assert_eq!(
            price(USPS, &USPS.services[0], 5, &light),
            price(USPS, &USPS.services[0], 5, &small)
        );
    }

    #[test]
    fn a_few_ounces_cost_less_than_a_pound() {
        let ground = &USPS.services[0];
        let cents = |ounces| price(USPS, ground, 1, &package(ounces, None)).unwrap().shipping;
        assert_eq!(cents(dec!(16)), 615);
        assert_eq!(cents(dec!(4)), 615 - 12 * 14);
        assert!(cents(dec!(0.1)) > 0);
    }

    #[test]
    fn what_is_too_heavy_or_too_long_is_refused() {
        assert_eq!(
            price(USPS, &USPS.services[0], 1, &package(dec!(1121), None)),
            Err(Refusal::TooHeavy { pounds: 70 })
        );
        assert!(price(UPS, &UPS.services[0], 1, &package(dec!(1121), None)).is_ok());
        assert_eq!(
            price(
                UPS,
                &UPS.services[0],
                1,
                &package(dec!(16), Some([dec!(100), dec!(20), dec!(20)]))
            ),
            Err(Refusal::TooLong { inches: 165 })
        );
    }

    #[test]
    fn weekends_are_left_out_of_the_days() {
        let friday = date(2026, 11, 20);
        assert_eq!(delivery(UPS, friday, 1), date(2026, 11, 23));
        assert_eq!(delivery(USPS, friday, 1), date(2026, 11, 21));
        assert_eq!(delivery(USPS, friday, 2), date(2026, 11, 23));
        assert_eq!(delivery(UPS, friday, 0), friday);
    }

    proptest! {
        #[test]
        fn more_weight_never_costs_less(zone in 1_u8..=8, ounces in 1_u32..1000, more in 0_u32..100) {
            for carrier in &CARRIERS {
                for service in carrier.services {
                    let of = |ounces: u32| price(carrier, service, zone, &package(ounces.into(), None)).unwrap();
                    let (less, more) = (of(ounces), of(ounces + more));
                    prop_assert!(less.shipping <= more.shipping);
                    prop_assert!(less.shipping > 0);
                }
            }
        }
    }
}
