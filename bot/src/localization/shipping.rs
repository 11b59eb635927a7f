//! Prices, offers, and what goes wrong with the shipping API, in words.

use stepkeep_core::Timestamp;

use super::{Args, Language, Localized, Localizer};
use crate::{
    money::{Money, NumberStyle},
    shipping::{Rate, ShippingErrorKind, ShippingErrorSummary, Voiding},
};

impl Localizer {
    /// An amount as the language writes it: `$8.43`, `8,43 $`.
    pub fn money(&self, language: Language, amount: Money) -> String {
        let style = match language {
            Language::English => NumberStyle::English,
            Language::Russian => NumberStyle::Russian,
        };
        amount.display(style).to_string()
    }

    /// When something is, on the day of whoever reads it soon: `14:35 UTC`. Telegram doesn't tell a person's time zone.
    pub fn time_of_day(&self, language: Language, at: Timestamp) -> String {
        let time = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        let time = time.strftime("%H:%M").to_string();
        self.text(language, "time-of-day", &Args::new().with("time", time))
    }

    /// A day and its year, in UTC: `2026-05-31`, `31.05.2026`.
    pub fn date(&self, language: Language, at: Timestamp) -> String {
        let time = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        let form = match language {
            Language::English => "%Y-%m-%d",
            Language::Russian => "%d.%m.%Y",
        };
        time.strftime(form).to_string()
    }

    /// How long a delivery takes: `3 days`, `3 дня`; or that it isn't stated.
    pub fn delivery(&self, language: Language, days: Option<u32>) -> String {
        match days {
            Some(days) => self.text(language, "delivery-days", &Args::new().with("days", days)),
            None => self.plain(language, "delivery-days-unknown"),
        }
    }

    /// An offer as a line of a list.
    pub fn rate_line(&self, language: Language, rate: &Rate) -> String {
        self.text(language, "rate-line", &self.rate_args(language, rate))
    }

    /// An offer as the text of a button.
    pub fn rate_button(&self, language: Language, rate: &Rate) -> String {
        self.text(language, "rate-button", &self.rate_args(language, rate))
    }

    /// The question whether to buy a label of this offer.
    pub fn confirm_purchase(&self, language: Language, rate: &Rate) -> String {
        self.text(language, "confirm-purchase", &self.rate_args(language, rate))
    }

    /// What went wrong with the shipping API, with the carrier's own words where they tell what to change.
    pub fn shipping_error(&self, language: Language, error: &ShippingErrorSummary) -> String {
        let text = self.render(language, &error.kind);
        let reason = error.message.trim();
        if reason.is_empty() || !tells_what_to_change(error.kind) {
            return text;
        }
        let reason = self.text(
            language,
            "shipping-error-reason",
            &Args::new().with("reason", reason.to_owned()),
        );
        format!("{text}\n{reason}")
    }

    fn rate_args(&self, language: Language, rate: &Rate) -> Args {
        Args::new()
            .with("offer", offer_name(&rate.service.carrier, &rate.service.name))
            .with("price", self.money(language, rate.price))
            .with("delivery", self.delivery(language, rate.days))
    }
}

/// What an offer is called. The carrier is named only where the service's name doesn't begin with it.
pub(crate) fn offer_name(carrier: &str, service: &str) -> String {
    if service.to_lowercase().starts_with(&carrier.to_lowercase()) {
        service.to_owned()
    } else {
        format!("{carrier} {service}")
    }
}

/// Other kinds come with words for the operator, which would only puzzle the person.
const fn tells_what_to_change(kind: ShippingErrorKind) -> bool {
    matches!(
        kind,
        ShippingErrorKind::InvalidAddress | ShippingErrorKind::InvalidInput | ShippingErrorKind::NoRates
    )
}

impl Localized for ShippingErrorKind {
    fn message_id(&self) -> &'static str {
        match self {
            Self::InvalidAddress => "shipping-error-invalid-address",
            Self::InvalidInput => "shipping-error-invalid-input",
            Self::NoRates => "shipping-error-no-rates",
            Self::InsufficientFunds => "shipping-error-insufficient-funds",
            Self::Unauthorized => "shipping-error-unauthorized",
            Self::RateLimited => "shipping-error-rate-limited",
            Self::CarrierUnavailable => "shipping-error-carrier-unavailable",
            Self::Unavailable => "shipping-error-unavailable",
            Self::Timeout => "shipping-error-timeout",
            Self::Unclear => "shipping-error-unclear",
            Self::NotFound => "shipping-error-not-found",
            Self::Malformed => "shipping-error-malformed",
        }
    }

    fn args(&self, _language: Language) -> Args {
        Args::new()
    }
}

impl Localized for Voiding {
    fn message_id(&self) -> &'static str {
        if self.approved {
            return "void-accepted";
        }
        match self.reason.as_deref() {
            Some("label_not_found_within_void_period") => "void-refused-too-late",
            Some("label_already_used") => "void-refused-already-used",
            Some("label_already_voided") => "void-refused-already-voided",
            Some("contact_carrier") => "void-refused-contact-carrier",
            _ => "void-refused",
        }
    }

    fn args(&self, _language: Language) -> Args {
        Args::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::money::Currency;
    use crate::shipping::{RateId, Service};

    fn rate(carrier: &str, service: &str, days: Option<u32>) -> Rate {
        Rate {
            rate_id: RateId::new("se-1").unwrap(),
            service: Arc::new(Service {
                carrier: carrier.into(),
                carrier_code: "code".into(),
                name: service.into(),
                code: "code".into(),
            }),
            price: Money::from_minor(843, Currency::USD),
            days,
            estimated_delivery: None,
            guaranteed: false,
        }
    }

    #[test]
    fn an_offer_reads_well_in_both_languages() {
        let localizer = Localizer::new().unwrap();
        let ground = rate("UPS", "UPS® Ground", Some(3));
        let mail = rate("Stamps.com", "USPS Ground Advantage", None);
        assert_eq!(
            localizer.rate_button(Language::English, &ground),
            "$8.43 · UPS® Ground · 3 days"
        );
        assert_eq!(
            localizer.rate_button(Language::Russian, &ground),
            "8,43\u{a0}$ · UPS® Ground · 3 дня"
        );
        assert_eq!(
            localizer.rate_button(Language::English, &mail),
            "$8.43 · Stamps.com USPS Ground Advantage · time not stated"
        );
        assert_eq!(
            localizer.rate_line(Language::Russian, &ground),
            "• UPS® Ground: 8,43\u{a0}$, 3 дня"
        );
        insta::assert_snapshot!(
            "confirm_purchase",
            localizer.confirm_purchase(Language::English, &ground)
        );
    }

    #[test]
    fn the_carriers_words_are_shown_only_where_they_help() {
        let localizer = Localizer::new().unwrap();
        let error = |kind| ShippingErrorSummary {
            kind,
            message: "No such ZIP.".to_owned(),
            request_id: None,
        };
        let refused = localizer.shipping_error(Language::Russian, &error(ShippingErrorKind::InvalidAddress));
        assert!(refused.ends_with("\nПеревозчик пишет: No such ZIP."), "{refused}");
        let unauthorized =
            localizer.shipping_error(Language::English, &error(ShippingErrorKind::Unauthorized));
        assert!(!unauthorized.contains("No such ZIP"), "{unauthorized}");
    }

    #[test]
    fn an_answer_to_a_void_request_is_told_by_its_reason() {
        let refused = |reason: &str| Voiding {
            approved: false,
            message: String::new(),
            reason: Some(reason.to_owned()),
        };
        assert_eq!(
            refused("label_already_used").message_id(),
            "void-refused-already-used"
        );
        assert_eq!(refused("a_reason_of_tomorrow").message_id(), "void-refused");
        assert_eq!(
            Voiding {
                approved: true,
                ..refused("")
            }
            .message_id(),
            "void-accepted"
        );
    }
}
