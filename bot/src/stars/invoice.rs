//! What an invoice stands for, and the payload that carries it to Telegram and back.

use std::fmt::{self, Write as _};

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretBox};
use sha2::Sha256;
use stepkeep_core::UserId;

use super::StarsPackage;
use crate::money::{Currency, Money};
use crate::telegram::BotToken;

/// What is signed with the token to get the key. A new version of it would make all invoices void.
const PURPOSE: &[u8] = b"stepkeep/stars-invoice/1";

/// What payloads begin with; the number is the version of their shape.
const MARK: &str = "stars1";

/// How much of the signature a payload carries, in bytes: the whole has to fit into 128 (Bot API, "sendInvoice").
const SIGNATURE_LENGTH: usize = 16;

/// An invoice: who may pay how much, and what it brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StarsInvoice {
    /// What tells it from every other.
    pub id: String,
    /// Who may pay it.
    pub user: UserId,
    /// The Stars that it costs, and the money that they bring.
    pub package: StarsPackage,
}

/// Signs invoices, and knows those that it signed. All processes that know the token have the same key.
pub struct InvoiceKey(SecretBox<[u8; 32]>);

impl InvoiceKey {
    /// The key of a bot, of no use to find its token.
    pub fn derived_from(token: &BotToken) -> Self {
        Self(SecretBox::new(Box::new(signature(
            token.expose().as_bytes(),
            PURPOSE,
        ))))
    }

    /// The payload of an invoice: at most 128 bytes, if its id has at most 40.
    pub fn sign(&self, invoice: &StarsInvoice) -> String {
        let StarsInvoice { id, user, package } = invoice;
        let StarsPackage { stars, amount } = package;
        let (minor, currency) = (amount.minor(), amount.currency());
        let signed = format!("{MARK}:{id}:{}:{stars}:{minor}:{currency}", user.0);
        let tag = self.tag(&signed);
        format!("{signed}:{tag}")
    }

    /// The invoice of a payload; `None` for one that wasn't signed by this key.
    pub fn verify(&self, payload: &str) -> Option<StarsInvoice> {
        let (signed, tag) = payload.rsplit_once(':')?;
        let expected = self.tag(signed);
        let is_ours = subtle::ConstantTimeEq::ct_eq(expected.as_bytes(), tag.as_bytes());
        bool::from(is_ours).then_some(())?;
        let mut parts = signed.split(':');
        (parts.next()? == MARK).then_some(())?;
        let id = parts.next()?.to_owned();
        let user = UserId(parts.next()?.parse().ok()?);
        let stars = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        let currency = Currency::new(parts.next()?).ok()?;
        parts.next().is_none().then_some(())?;
        let amount = Money::from_minor(minor, currency);
        Some(StarsInvoice {
            id,
            user,
            package: StarsPackage { stars, amount },
        })
    }

    fn tag(&self, signed: &str) -> String {
        let signature = signature(self.0.expose_secret(), signed.as_bytes());
        let mut text = String::with_capacity(2 * SIGNATURE_LENGTH);
        for byte in &signature[..SIGNATURE_LENGTH] {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl fmt::Debug for InvoiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvoiceKey(***)")
    }
}

#[expect(
    clippy::expect_used,
    reason = "HMAC takes keys of any length: a long one is hashed first"
)]
fn signature(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.chain_update(text).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(token: &str) -> InvoiceKey {
        InvoiceKey::derived_from(&BotToken::parse(token).unwrap())
    }

    fn invoice(user: i64, stars: u32, minor: i64) -> StarsInvoice {
        StarsInvoice {
            id: "0123456789abcdef".to_owned(),
            user: UserId(user),
            package: StarsPackage {
                stars,
                amount: Money::from_minor(minor, Currency::USD),
            },
        }
    }

    #[test]
    fn a_payload_brings_its_invoice_back_and_fits() {
        let key = key("123:AAE-secret");
        for invoice in [invoice(42, 50, 100), invoice(i64::MAX, 100_000, i64::MAX)] {
            let payload = key.sign(&invoice);
            assert!(payload.len() <= 128, "{payload} has {} bytes", payload.len());
            assert_eq!(key.verify(&payload), Some(invoice));
        }
    }

    #[test]
    fn all_processes_of_a_bot_sign_the_same_way() {
        let again = key("123:AAE-secret").sign(&invoice(42, 50, 100));
        assert_eq!(again, key("123:AAE-secret").sign(&invoice(42, 50, 100)));
        assert_eq!(key("124:AAE-secret").verify(&again), None);
        assert_eq!(key("123:AAE-Secret").verify(&again), None);
    }

    #[test]
    fn nothing_of_a_payload_can_be_changed() {
        let key = key("123:AAE-secret");
        let payload = key.sign(&invoice(42, 50, 100));
        for at in 0..payload.len() {
            let mut changed = payload.clone().into_bytes();
            changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(key.verify(&changed), None, "{changed}");
        }
        for wrong in ["", ":", "stars1", "something else", "stars1:a:1:1:1:USD:"] {
            assert_eq!(key.verify(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_key_is_never_shown() {
        assert_eq!(format!("{:?}", key("123:AAE-secret")), "InvoiceKey(***)");
    }
}
