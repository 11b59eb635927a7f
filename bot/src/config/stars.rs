//! The settings of paying with Telegram's Stars.

use super::error::Findings;
use super::setting;
use crate::money::Currency;
use crate::stars::{StarsPackage, parse_packages};

/// The longest text of these settings, in characters: it stands in a message.
const LONGEST_TEXT: usize = 2_000;

/// What is offered for Stars, and what Telegram's terms ask to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StarsSettings {
    /// The packages, the fewest Stars first; never none.
    pub packages: Vec<StarsPackage>,
    /// Whom people turn to about a payment.
    pub support: String,
    /// The terms, or where they are.
    pub terms: String,
}

/// What was said of Stars, or that they are off.
pub(super) struct IfOffered(pub(super) Option<StarsSettings>);

impl StarsSettings {
    /// The settings; `None` if they are wrong. There has to be something to buy with Stars, and what has to be said about them.
    pub(super) fn read(
        findings: &mut Findings<'_>,
        currency: Option<Currency>,
        can_generate: bool,
    ) -> Option<IfOffered> {
        let packages = findings.read(&setting::STARS_PACKAGES, |text| {
            parse_packages(text, currency.unwrap_or(Currency::USD)).map_err(|error| error.to_string())
        });
        let is_offered = packages.as_ref().is_some_and(|packages| !packages.is_empty());
        let support = findings.read(&setting::SUPPORT_CONTACT, parse_text);
        let terms = findings.read(&setting::TERMS, parse_text);
        if is_offered {
            if !can_generate && findings.is_left_out(&setting::KIE_API_KEY) {
                findings.contradicts(
                    &setting::STARS_PACKAGES,
                    "Stars pay for AI generations only, and without kie_api_key there are none".to_owned(),
                );
            }
            for (value, setting) in [(&support, &setting::SUPPORT_CONTACT), (&terms, &setting::TERMS)] {
                if value.as_ref().is_some_and(String::is_empty) {
                    findings.missing(setting);
                }
            }
        }
        let (packages, support, terms) = (packages?, support?, terms?);
        Some(IfOffered(is_offered.then_some(Self {
            packages,
            support,
            terms,
        })))
    }
}

fn parse_text(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.chars().count() > LONGEST_TEXT {
        return Err(format!("it has more than {LONGEST_TEXT} characters"));
    }
    Ok(text.to_owned())
}
