//! What a request for rates asks, once it has been found to be in order.

use jiff::civil::Date;
use rust_decimal::{Decimal, dec};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::Failure;
use super::carriers::{self, Carrier};

/// The largest weight or length that is taken for one; what carriers take is far less.
const LARGEST: Decimal = dec!(1_000_000);

#[derive(Debug, Deserialize)]
struct RatesBody {
    rate_options: Option<RateOptions>,
    shipment: Option<ShipmentBody>,
    shipment_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RateOptions {
    #[serde(default)]
    carrier_ids: Vec<String>,
    #[serde(default)]
    service_codes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ShipmentBody {
    validate_address: Option<String>,
    external_shipment_id: Option<String>,
    ship_date: Option<String>,
    ship_from: Option<Address>,
    ship_to: Option<Address>,
    #[serde(default)]
    packages: Vec<PackageBody>,
}

#[derive(Debug, Deserialize)]
struct PackageBody {
    weight: Option<WeightBody>,
    dimensions: Option<DimensionsBody>,
}

#[derive(Debug, Deserialize)]
struct WeightBody {
    value: Decimal,
    unit: String,
}

#[derive(Debug, Deserialize)]
struct DimensionsBody {
    unit: String,
    length: Decimal,
    width: Decimal,
    height: Decimal,
}

/// An address as it came, and as it is echoed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone: Option<String>,
    #[serde(default)]
    #[serde(rename = "address_line1")]
    pub(super) line1: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "address_line2")]
    pub(super) line2: Option<String>,
    #[serde(default)]
    pub(super) city_locality: String,
    #[serde(default)]
    pub(super) state_province: String,
    #[serde(default)]
    pub(super) postal_code: String,
    #[serde(default)]
    pub(super) country_code: String,
}

impl Address {
    /// The person or company.
    pub(super) fn addressee(&self) -> &str {
        self.name
            .as_deref()
            .or(self.company_name.as_deref())
            .unwrap_or_default()
    }

    fn check(&self, side: &str) -> Result<(), Failure> {
        let field = |name: &str| format!("shipment.{side}.{name}");
        if self.addressee().trim().is_empty() {
            return Err(Failure::required(&field("name")));
        }
        for (name, value) in [
            ("address_line1", &self.line1),
            ("city_locality", &self.city_locality),
            ("state_province", &self.state_province),
            ("postal_code", &self.postal_code),
            ("country_code", &self.country_code),
        ] {
            if value.trim().is_empty() {
                return Err(Failure::required(&field(name)));
            }
        }
        for (name, value) in [
            ("phone", &self.phone),
            ("address_line2", &self.line2),
            ("company_name", &self.company_name),
        ] {
            if value.as_deref() == Some("") {
                return Err(Failure::invalid(
                    &field(name),
                    "must not be empty when it is given",
                ));
            }
        }
        if self.country_code != "US" {
            let message = "only addresses in the US are served here";
            return Err(Failure::invalid(&field("country_code"), message));
        }
        if self.state_province.len() != 2 || !self.state_province.bytes().all(|b| b.is_ascii_uppercase()) {
            let message = "must be the two letters of a state";
            return Err(Failure::invalid(&field("state_province"), message));
        }
        if !is_zip(&self.postal_code) {
            let message = "must be a ZIP code of 5 or 5+4 digits";
            return Err(Failure::invalid(&field("postal_code"), message));
        }
        Ok(())
    }
}

fn is_zip(text: &str) -> bool {
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('-') {
        None => digits(text, 5),
        Some((area, house)) => digits(area, 5) && digits(house, 4),
    }
}

/// A package in the units that carriers price by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Package {
    pub(super) ounces: Decimal,
    /// Longest side first.
    pub(super) inches: Option<[Decimal; 3]>,
}

impl PackageBody {
    fn package(&self) -> Result<Package, Failure> {
        let Some(weight) = &self.weight else {
            return Err(Failure::required("shipment.packages[0].weight"));
        };
        let ounce = match weight.unit.as_str() {
            "ounce" => Decimal::ONE,
            "pound" => dec!(16),
            "gram" => Decimal::ONE / dec!(28.349523125),
            "kilogram" => dec!(1000) / dec!(28.349523125),
            _ => {
                let message = "must be one of pound, ounce, gram, kilogram";
                return Err(Failure::invalid("shipment.packages[0].weight.unit", message));
            }
        };
        let measure = |field: &str, value: Decimal, factor: Decimal| {
            if value.is_sign_negative() || value > LARGEST {
                return Err(Failure::invalid(field, "is out of range"));
            }
            Ok(value * factor)
        };
        let ounces = measure("shipment.packages[0].weight.value", weight.value, ounce)?;
        let Some(dimensions) = &self.dimensions else {
            return Ok(Package { ounces, inches: None });
        };
        let inch = match dimensions.unit.as_str() {
            "inch" => Decimal::ONE,
            "centimeter" => Decimal::ONE / dec!(2.54),
            _ => {
                let message = "must be one of inch, centimeter";
                return Err(Failure::invalid("shipment.packages[0].dimensions.unit", message));
            }
        };
        let side = |value| measure("shipment.packages[0].dimensions", value, inch);
        let mut inches = [
            side(dimensions.length)?,
            side(dimensions.width)?,
            side(dimensions.height)?,
        ];
        inches.sort_unstable_by(|a, b| b.cmp(a));
        Ok(Package {
            ounces,
            inches: Some(inches),
        })
    }
}

/// A request for rates that is in order.
#[derive(Debug)]
pub(super) struct RatesRequest {
    pub(super) carriers: Vec<&'static Carrier>,
    /// Empty for all.
    pub(super) service_codes: Vec<String>,
    pub(super) subject: Subject,
}

/// What rates are asked for.
#[derive(Debug)]
pub(super) enum Subject {
    /// A shipment that is described.
    New(Box<NewShipment>),
    /// One that was described before.
    Known(String),
}

/// A shipment that is described.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct NewShipment {
    pub(super) external_id: Option<String>,
    pub(super) ship_date: Option<Date>,
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) package: Package,
    /// The packages as they came, to be echoed.
    pub(super) packages: Value,
    pub(super) validates: bool,
}

/// Reads the body of a request for rates.
///
/// # Errors
///
/// The failure that the API answers with.
pub(super) fn parse(body: &[u8]) -> Result<RatesRequest, Failure> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        Failure::validation("invalid_field_value", &format!("The body is no JSON: {error}."))
    })?;
    let packages = value.pointer("/shipment/packages").cloned().unwrap_or_default();
    let body: RatesBody = serde_json::from_value(value).map_err(|error| {
        Failure::validation(
            "invalid_field_value",
            &format!("The body is not as described: {error}."),
        )
    })?;

    let options = body
        .rate_options
        .ok_or_else(|| Failure::required("rate_options"))?;
    if options.carrier_ids.is_empty() {
        return Err(Failure::required("rate_options.carrier_ids"));
    }
    let carriers = options
        .carrier_ids
        .iter()
        .map(|id| {
            carriers::carrier(id).ok_or_else(|| {
                Failure::validation("invalid_identifier", &format!("There is no carrier {id}."))
            })
        })
        .collect::<Result<_, _>>()?;
    let subject = match (body.shipment, body.shipment_id) {
        (Some(shipment), None) => Subject::New(Box::new(shipment.check(packages)?)),
        (None, Some(id)) => Subject::Known(id),
        _ => {
            let message = "Give either shipment or shipment_id.";
            return Err(Failure::validation("field_conflict", message));
        }
    };
    Ok(RatesRequest {
        carriers,
        service_codes: options.service_codes,
        subject,
    })
}

impl ShipmentBody {
    fn check(self, packages: Value) -> Result<NewShipment, Failure> {
        let validates = match self.validate_address.as_deref() {
            None | Some("no_validation") => false,
            Some("validate_only" | "validate_and_clean") => true,
            Some(_) => {
                let message = "must be one of no_validation, validate_only, validate_and_clean";
                return Err(Failure::invalid("shipment.validate_address", message));
            }
        };
        let from = self
            .ship_from
            .ok_or_else(|| Failure::required("shipment.ship_from"))?;
        let to = self
            .ship_to
            .ok_or_else(|| Failure::required("shipment.ship_to"))?;
        from.check("ship_from")?;
        to.check("ship_to")?;
        let package = match self.packages.as_slice() {
            [] => return Err(Failure::required("shipment.packages")),
            [package] => package.package()?,
            _ => {
                let message = "one package for each shipment is served here";
                return Err(Failure::invalid("shipment.packages", message));
            }
        };
        let ship_date = match self.ship_date.as_deref() {
            None => None,
            Some(text) => match text.get(..10).and_then(|day| day.parse().ok()) {
                Some(day) => Some(day),
                None => return Err(Failure::invalid("shipment.ship_date", "must be a date")),
            },
        };
        let external_id = self
            .external_shipment_id
            .map(|id| id.chars().take(50).collect::<String>())
            .filter(|id| !id.is_empty());
        Ok(NewShipment {
            external_id,
            ship_date,
            from,
            to,
            package,
            packages,
            validates,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn address() -> Value {
        json!({
            "name": "Ann Sender", "address_line1": "1 Congress Ave", "city_locality": "Austin",
            "state_province": "TX", "postal_code": "78701", "country_code": "US"
        })
    }

    fn body() -> Value {
        json!({
            "rate_options": { "carrier_ids": ["se-100001"] },
            "shipment": {
                "ship_from": address(), "ship_to": address(),
                "packages": [{ "weight": { "value": 2.5, "unit": "pound" },
                               "dimensions": { "unit": "centimeter", "length": 2.54, "width": 25.4, "height": 5.08 } }]
            }
        })
    }

    fn parsed(body: &Value) -> Result<RatesRequest, Failure> {
        parse(&serde_json::to_vec(body).unwrap())
    }

    #[test]
    fn a_package_is_measured_in_ounces_and_inches_longest_first() {
        let Subject::New(shipment) = parsed(&body()).unwrap().subject else {
            panic!("it describes a shipment");
        };
        assert_eq!(shipment.package.ounces, dec!(40));
        let inches = shipment
            .package
            .inches
            .unwrap()
            .map(|side| side.round_dp(6).normalize());
        assert_eq!(inches, [dec!(10), dec!(2), dec!(1)]);
    }

    #[test]
    fn each_fault_of_a_request_is_refused_by_its_code() {
        let refused = |path: &str, value: Value| {
            let mut body = body();
            *body.pointer_mut(path).unwrap() = value;
            parsed(&body).unwrap_err().code
        };
        assert_eq!(
            refused("/rate_options/carrier_ids", json!([])),
            "field_value_required"
        );
        assert_eq!(
            refused("/rate_options/carrier_ids", json!(["se-9"])),
            "invalid_identifier"
        );
        assert_eq!(refused("/shipment/packages", json!([])), "field_value_required");
        assert_eq!(
            refused("/shipment/ship_to/name", json!("")),
            "field_value_required"
        );
        assert_eq!(
            refused("/shipment/ship_to/postal_code", json!("9512")),
            "invalid_field_value"
        );
        assert_eq!(
            refused("/shipment/ship_to/state_province", json!("Texas")),
            "invalid_field_value"
        );
        assert_eq!(
            refused("/shipment/packages/0/weight/unit", json!("stone")),
            "invalid_field_value"
        );
        assert_eq!(
            refused("/shipment/packages/0/weight/value", json!(-1)),
            "invalid_field_value"
        );
        assert_eq!(refused("/shipment", Value::Null), "field_conflict");
        assert_eq!(parse(b"{").unwrap_err().code, "invalid_field_value");
    }
}
