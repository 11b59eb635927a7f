//! The carriers that the account is connected to, their services, and how they price.

/// A connected carrier account.
#[derive(Debug)]
pub(super) struct Carrier {
    pub(super) id: &'static str,
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) nickname: &'static str,
    pub(super) account_number: &'static str,
    /// Cubic inches that count as one pound.
    pub(super) dimensional_divisor: u32,
    /// Small parcels are priced by weight alone: up to this many cubic inches.
    pub(super) dimensional_above: u32,
    pub(super) heaviest_pounds: u32,
    /// The longest length plus girth, in inches.
    pub(super) longest_inches: u32,
    /// A surcharge for fuel, in percent of the price, told apart from it.
    pub(super) fuel_percent: i64,
    pub(super) on_saturdays: bool,
    pub(super) packages: &'static [(&'static str, &'static str)],
    pub(super) services: &'static [Service],
}

/// One service of a carrier. Prices are in cents.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// The price of the first pound in zone 1.
    pub(super) base: i64,
    /// For each further zone.
    pub(super) per_zone: i64,
    /// For each further pound.
    pub(super) per_pound: i64,
    /// For each further pound in each further zone.
    pub(super) per_pound_zone: i64,
    /// Off the price of what weighs less than a pound, for each ounce less.
    pub(super) per_ounce_less: i64,
    /// Days of delivery in zones 1 to 8.
    pub(super) days: [u8; 8],
    pub(super) guaranteed: bool,
}

pub(super) const CARRIERS: [Carrier; 3] = [
    Carrier {
        id: "se-100001",
        code: "stamps_com",
        name: "Stamps.com",
        nickname: "Sandbox USPS",
        account_number: "sandbox-usps",
        dimensional_divisor: 166,
        dimensional_above: 1728,
        heaviest_pounds: 70,
        longest_inches: 130,
        fuel_percent: 0,
        on_saturdays: true,
        packages: &[
            ("package", "Package"),
            ("flat_rate_envelope", "Flat Rate Envelope"),
        ],
        services: &[
            Service {
                code: "usps_ground_advantage",
                name: "USPS Ground Advantage",
                base: 615,
                per_zone: 42,
                per_pound: 58,
                per_pound_zone: 11,
                per_ounce_less: 14,
                days: [2, 2, 3, 3, 4, 4, 5, 5],
                guaranteed: false,
            },
            Service {
                code: "usps_priority_mail",
                name: "USPS Priority Mail",
                base: 815,
                per_zone: 68,
                per_pound: 74,
                per_pound_zone: 19,
                per_ounce_less: 0,
                days: [1, 1, 2, 2, 2, 3, 3, 3],
                guaranteed: false,
            },
            Service {
                code: "usps_priority_mail_express",
                name: "USPS Priority Mail Express",
                base: 2685,
                per_zone: 285,
                per_pound: 255,
                per_pound_zone: 46,
                per_ounce_less: 0,
                days: [1, 1, 1, 1, 1, 2, 2, 2],
                guaranteed: true,
            },
        ],
    },
    Carrier {
        id: "se-100002",
        code: "ups",
        name: "UPS",
        nickname: "Sandbox UPS",
        account_number: "A1B2C3",
        dimensional_divisor: 139,
        dimensional_above: 0,
        heaviest_pounds: 150,
        longest_inches: 165,
        fuel_percent: 6,
        on_saturdays: false,
        packages: &[("package", "Package"), ("ups_letter", "UPS Letter")],
        services: &[
            Service {
                code: "ups_ground",
                name: "UPS® Ground",
                base: 905,
                per_zone: 51,
                per_pound: 49,
                per_pound_zone: 9,
                per_ounce_less: 0,
                days: [1, 2, 2, 3, 3, 4, 4, 5],
                guaranteed: false,
            },
            Service {
                code: "ups_3_day_select",
                name: "UPS 3 Day Select®",
                base: 1490,
                per_zone: 118,
                per_pound: 118,
                per_pound_zone: 24,
                per_ounce_less: 0,
                days: [3, 3, 3, 3, 3, 3, 3, 3],
                guaranteed: true,
            },
            Service {
                code: "ups_2nd_day_air",
                name: "UPS 2nd Day Air®",
                base: 2120,
                per_zone: 172,
                per_pound: 168,
                per_pound_zone: 33,
                per_ounce_less: 0,
                days: [2, 2, 2, 2, 2, 2, 2, 2],
                guaranteed: true,
            },
            Service {
                code: "ups_next_day_air_saver",
                name: "UPS Next Day Air Saver®",
                base: 3640,
                per_zone: 395,
                per_pound: 270,
                per_pound_zone: 52,
                per_ounce_less: 0,
                days: [1, 1, 1, 1, 1, 1, 1, 1],
                guaranteed: true,
            },
        ],
    },
    Carrier {
        id: "se-100003",
        code: "fedex",
        name: "FedEx",
        nickname: "Sandbox FedEx",
        account_number: "510087020",
        dimensional_divisor: 139,
        dimensional_above: 0,
        heaviest_pounds: 150,
        longest_inches: 165,
        fuel_percent: 7,
        on_saturdays: false,
        packages: &[("package", "Package"), ("fedex_envelope", "FedEx® Envelope")],
        services: &[
            Service {
                code: "fedex_ground",
                name: "FedEx Ground®",
                base: 889,
                per_zone: 53,
                per_pound: 50,
                per_pound_zone: 9,
                per_ounce_less: 0,
                days: [1, 2, 2, 3, 3, 4, 5, 5],
                guaranteed: false,
            },
            Service {
                code: "fedex_express_saver",
                name: "FedEx Express Saver®",
                base: 1575,
                per_zone: 121,
                per_pound: 115,
                per_pound_zone: 25,
                per_ounce_less: 0,
                days: [3, 3, 3, 3, 3, 3, 3, 3],
                guaranteed: true,
            },
            Service {
                code: "fedex_2day",
                name: "FedEx 2Day®",
                base: 2075,
                per_zone: 169,
                per_pound: 165,
                per_pound_zone: 34,
                per_ounce_less: 0,
                days: [2, 2, 2, 2, 2, 2, 2, 2],
                guaranteed: true,
            },
            Service {
                code: "fedex_standard_overnight",
                name: "FedEx Standard Overnight®",
                base: 3595,
                per_zone: 402,
                per_pound: 275,
                per_pound_zone: 51,
                per_ounce_less: 0,
                days: [1, 1, 1, 1, 1, 1, 1, 1],
                guaranteed: true,
            },
        ],
    },
];

/// A service as it is written down: by its code, which no two carriers share.
pub(super) mod by_code {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{ALL, Carrier, Service};

    /// Writes the service's code.
    pub(in super::super) fn serialize<S: Serializer>(
        service: &Service,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(service.code)
    }

    /// Finds the service of a code.
    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<&'static Service, D::Error> {
        let code = String::deserialize(deserializer)?;
        let mut services = ALL.iter().flat_map(|carrier: &Carrier| carrier.services);
        services
            .find(|service| service.code == code)
            .ok_or_else(|| D::Error::custom(format!("there is no service {code}")))
    }
}

/// A carrier as it is written down: by its account id.
pub(super) mod by_id {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{Carrier, carrier};

    /// Writes the carrier's id.
    pub(in super::super) fn serialize<S: Serializer>(
        carrier: &Carrier,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(carrier.id)
    }

    /// Finds the carrier of an id.
    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<&'static Carrier, D::Error> {
        let id = String::deserialize(deserializer)?;
        carrier(&id).ok_or_else(|| D::Error::custom(format!("there is no carrier {id}")))
    }
}

// A reference into a constant: promoted, so it lives for ever.
const ALL: &[Carrier] = &CARRIERS;

/// The carrier of an account id.
pub(super) fn carrier(id: &str) -> Option<&'static Carrier> {
    ALL.iter().find(|carrier| carrier.id == id)
}
