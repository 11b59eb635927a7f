//! How generations are reached, priced and limited.

use std::net::SocketAddr;

use rust_decimal::Decimal;
use secrecy::SecretString;
use url::Url;

use super::error::Findings;
use super::{setting, values};
use crate::generation::{Prices, PricesError};
use crate::money::Currency;

/// How to reach the generation API, and what its generations cost.
#[derive(Debug, Clone)]
pub struct GenerationSettings {
    /// The address of the API, without a slash at the end of its path.
    pub api_url: Url,
    /// The account's key.
    pub api_key: SecretString,
    /// The address of the host that takes files, likewise.
    pub upload_url: Url,
    /// Where the API calls when a task has ended, if it is to call.
    pub callbacks: Option<CallbackSettings>,
    /// What people pay for a credit of the API.
    pub credit_price: Decimal,
    /// The operator's own prices, as TOML.
    pub price_table: Option<String>,
    /// How many characters of prose a person may send.
    pub longest_prompt: usize,
    /// How many characters of the API's words about a failure a person reads.
    pub longest_error: usize,
}

/// Where the generation API calls when a task has ended.
#[derive(Debug, Clone)]
pub struct CallbackSettings {
    /// The public address.
    pub url: Url,
    /// Where the bot listens for these calls.
    pub listen: SocketAddr,
    /// What they are signed with.
    pub key: SecretString,
}

impl CallbackSettings {
    /// The settings; nothing in them without an address. `None` when they are wrong, which `findings` remembers.
    #[expect(
        clippy::option_option,
        reason = "wrong settings and none are two things, as for every other setting"
    )]
    fn read(findings: &mut Findings<'_>) -> Option<Option<Self>> {
        let url = findings.read(&setting::KIE_CALLBACK_URL, |text| {
            if text.trim().is_empty() {
                return Ok(None);
            }
            values::parse_api_url(text).map(Some)
        });
        let listen = findings.read(&setting::KIE_CALLBACK_LISTEN, values::parse_listen);
        let is_needed = matches!(url, Some(Some(_)));
        let key = findings.read(&setting::KIE_CALLBACK_KEY, |text| {
            let key = values::parse_optional_api_key(text)?;
            if is_needed && key.is_none() {
                return Err(
                    "calls that aren't signed could come from anybody, so there has to be a key".to_owned(),
                );
            }
            Ok(key)
        });
        let (listen, key) = (listen?, key?);
        Some(url?.zip(key).map(|(url, key)| Self { url, listen, key }))
    }
}

impl GenerationSettings {
    /// The settings, if there is a key. What is wrong with them, `findings` remembers.
    pub(super) fn read(findings: &mut Findings<'_>) -> Option<Self> {
        let api_url = findings.read(&setting::KIE_API_URL, values::parse_api_url);
        let api_key = findings.read(&setting::KIE_API_KEY, values::parse_optional_api_key);
        let upload_url = findings.read(&setting::KIE_UPLOAD_URL, values::parse_api_url);
        let callbacks = CallbackSettings::read(findings);
        let credit_price = findings.read(&setting::CREDIT_PRICE, parse_credit_price);
        let price_table = findings.read(&setting::GENERATION_PRICES, read_price_table);
        let longest_prompt =
            findings.read(&setting::MAX_PROMPT_LENGTH, |text| parse_length(text, 1..=20_000));
        let longest_error = findings.read(&setting::MAX_ERROR_LENGTH, |text| parse_length(text, 0..=1_000));
        Some(Self {
            api_url: api_url?,
            api_key: api_key??,
            upload_url: upload_url?,
            callbacks: callbacks?,
            credit_price: credit_price?,
            price_table: price_table?,
            longest_prompt: longest_prompt?,
            longest_error: longest_error?,
        })
    }

    /// The prices of all models, in this currency.
    ///
    /// # Errors
    /// [`PricesError`], which the settings' own check has ruled out.
    pub fn prices(&self, currency: Currency) -> Result<Prices, PricesError> {
        let prices = Prices::new(self.credit_price, currency)?;
        match &self.price_table {
            Some(table) => prices.with_table(table),
            None => Ok(prices),
        }
    }
}

fn parse_credit_price(text: &str) -> Result<Decimal, String> {
    let price: Decimal = text
        .trim()
        .parse()
        .map_err(|_| "it is no decimal number, such as 0.005".to_owned())?;
    if price <= Decimal::ZERO {
        return Err("it is nothing, or less".to_owned());
    }
    Ok(price)
}

/// The operator's table of prices, which has to be readable from the start.
fn read_price_table(path: &str) -> Result<Option<String>, String> {
    let path = path.trim();
    if path.is_empty() {
        return Ok(None);
    }
    let table = std::fs::read_to_string(path).map_err(|error| format!("the file can't be read: {error}"))?;
    let prices = Prices::new(Decimal::ONE, Currency::USD).and_then(|prices| prices.with_table(&table));
    prices.map_err(|error| error.to_string())?;
    Ok(Some(table))
}

fn parse_length(text: &str, range: std::ops::RangeInclusive<usize>) -> Result<usize, String> {
    let length = text.trim().parse().ok().filter(|length| range.contains(length));
    length.ok_or_else(|| format!("it is no whole number from {} to {}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in ["", "0", "-1", "much"] {
            assert!(parse_credit_price(bad).is_err(), "{bad}");
        }
        assert!(parse_length("0", 1..=9).is_err() && parse_length("9", 1..=9) == Ok(9));
        assert!(
            read_price_table("/no/such/file")
                .unwrap_err()
                .contains("can't be read")
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[[models]]\nid = \"a/../b\"\ncredits = \"1\"\n").unwrap();
        assert!(
            read_price_table(file.path().to_str().unwrap())
                .unwrap_err()
                .contains("line")
        );
    }
}
