//! Topping up with Telegram's Stars: the packages, the invoice, what is said of payments, and giving Stars back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use stepkeep_core::{
    EffectRequest, FieldValue, FlowError, Invoice, Message, Next, Reply, Session, Turn, TurnContext,
};

use super::calls::{REFUND_STARS, RefundOutcome, RefundRequest};
use super::{CLOSE, person};
use crate::flows::parts;
use crate::flows::speech::Speech;
use crate::localization::Args;
use crate::stars::{InvoiceKey, PaymentOutcome, STARS, StarsInvoice, StarsPackage};

/// The button that shows the packages.
const PACKAGES: &str = "stars:packages";
const BUY_PREFIX: &str = "stars:buy:";

/// How many packages stand beside each other.
const PACKAGES_IN_ROW: usize = 2;

/// How long a process has to give Stars back: the patience of the ledger, twice, and a call to Telegram.
const REFUND_LEASE: Duration = Duration::from_secs(90);

/// The longest id of a payment that is looked for, in characters.
const LONGEST_CHARGE: usize = 256;

/// What is offered for Stars, and what has to be said about it.
#[derive(Clone)]
pub struct StarsOffer {
    /// The packages, the fewest Stars first.
    pub packages: Vec<StarsPackage>,
    /// Signs the invoices.
    pub key: Arc<InvoiceKey>,
    /// Whom people turn to about a payment.
    pub support: String,
    /// The terms, or where they are.
    pub terms: String,
}

impl fmt::Debug for StarsOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StarsOffer")
            .field("packages", &self.packages)
            .finish_non_exhaustive()
    }
}

impl StarsOffer {
    /// The button for the packages, where an invoice can be sent: over a business connection it can't (Bot API, "sendInvoice").
    pub(super) fn button(speech: &Speech<'_>, session: &Session) -> Option<(String, String)> {
        let can_be_sent = session.key().business().is_none();
        can_be_sent.then(|| (speech.plain("button-stars"), PACKAGES.to_owned()))
    }

    /// The turn for a command that is about Stars.
    pub(super) fn command(&self, speech: &Speech<'_>, name: &str) -> Option<Turn> {
        let args = Args::new();
        let text = match name {
            "paysupport" => speech.text("stars-support", &args.with("contact", self.support.clone())),
            "terms" => speech.text("stars-terms", &args.with("terms", self.terms.clone())),
            _ => return None,
        };
        Some(Turn::say(Reply::text(text)))
    }

    /// The turn for a button that is about Stars.
    pub(super) fn action(
        &self,
        context: &TurnContext<'_>,
        speech: &Speech<'_>,
        action: &str,
    ) -> Option<Turn> {
        if action == PACKAGES {
            return Some(Turn::say(in_place(context, self.choice(speech))));
        }
        let stars = action.strip_prefix(BUY_PREFIX)?.parse().ok();
        let package = self.packages.iter().find(|package| Some(package.stars) == stars);
        Some(match package {
            Some(package) => self.bill(context, speech, *package),
            // It is not offered any more.
            None => Turn::say(in_place(context, self.choice(speech))),
        })
    }

    fn choice(&self, speech: &Speech<'_>) -> Message {
        let buttons: Vec<_> = self
            .packages
            .iter()
            .map(|package| {
                let label = speech.text("stars-package", &of_package(speech, package));
                (label, format!("{BUY_PREFIX}{}", package.stars))
            })
            .collect();
        let message = Message::text(speech.plain("stars-choose"));
        buttons
            .chunks(PACKAGES_IN_ROW)
            .fold(message, |message, row| message.row(row.to_vec()))
            .row([(speech.plain("button-back"), CLOSE)])
    }

    fn bill(&self, context: &TurnContext<'_>, speech: &Speech<'_>, package: StarsPackage) -> Turn {
        let invoice = StarsInvoice {
            id: context.token.to_owned(),
            user: context.session.key().user(),
            package,
        };
        let args = || of_package(speech, &package);
        let bill = Invoice {
            title: speech.text("stars-invoice-title", &args()),
            description: speech.text("stars-invoice-description", &args()),
            payload: self.key.sign(&invoice),
            currency: STARS.to_owned(),
            amount: package.stars,
        };
        let chosen =
            Message::text(speech.text("stars-chosen", &args())).row([(speech.plain("button-back"), CLOSE)]);
        Turn::say(in_place(context, chosen)).and_say(Reply::Invoice(bill))
    }
}

fn of_package(speech: &Speech<'_>, package: &StarsPackage) -> Args {
    Args::new()
        .with("stars", i64::from(package.stars))
        .with("amount", speech.money(package.amount))
}

/// The message, in the place of the one whose button was pressed.
fn in_place(context: &TurnContext<'_>, message: Message) -> Reply {
    match context.tapped_message {
        Some(target) => Reply::Edit { target, message },
        None => Reply::Message(message),
    }
}

/// The turn that tells what became of a payment. The step is shown again: what was short of money may go on now. And as that
/// offers buttons, the turn is stored, so that a payment that is heard of again isn't told again.
pub(in crate::flows) fn paid(speech: &Speech<'_>, details: &FieldValue) -> Result<Turn, FlowError> {
    let args = |stars: u32, amount, available| {
        Args::new()
            .with("stars", i64::from(stars))
            .with("amount", speech.money(amount))
            .with("available", speech.money(available))
    };
    let text = match parts::outcome(details)? {
        PaymentOutcome::Credited {
            stars,
            amount,
            available,
        } => speech.text("stars-paid", &args(stars, amount, available)),
        PaymentOutcome::Returned {
            stars,
            amount,
            available,
        } => speech.text("stars-returned", &args(stars, amount, available)),
        PaymentOutcome::Unknown => speech.plain("stars-unknown"),
        PaymentOutcome::UnknownReturned => return Ok(Turn::default()),
    };
    Ok(Turn {
        next: Next::Resume,
        ..Turn::say(Reply::text(text))
    })
}

/// The turn for `/refund <user> <charge> [force]`.
pub(super) fn refund(
    context: &TurnContext<'_>,
    speech: &Speech<'_>,
    arguments: &str,
) -> Result<Turn, FlowError> {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let request = match words[..] {
        [user, charge] => person(user).map(|user| (user, charge, false)),
        [user, charge, "force"] => person(user).map(|user| (user, charge, true)),
        _ => None,
    };
    let request = request.filter(|(_, charge, _)| charge.chars().count() <= LONGEST_CHARGE);
    let Some((user, charge, is_forced)) = request else {
        return Ok(Turn::say(Reply::text(speech.plain("refund-usage"))));
    };
    let request = RefundRequest {
        user,
        charge: charge.to_owned(),
        is_forced,
        by: context.session.key().user(),
    };
    let request: EffectRequest = parts::request(REFUND_STARS, &request, REFUND_LEASE, true)?;
    Ok(Turn::default().and_ask(request))
}

/// What became of a refund, in words.
pub(super) fn refunded(speech: &Speech<'_>, asked: &RefundRequest, outcome: &RefundOutcome) -> String {
    let args = Args::new()
        .with("user", asked.user.0.to_string())
        .with("charge", asked.charge.clone());
    match outcome {
        RefundOutcome::Done => speech.text("refund-done", &args),
        RefundOutcome::Spent { missing } => {
            speech.text("refund-spent", &args.with("missing", speech.money(*missing)))
        }
        RefundOutcome::NoPayment => speech.text("refund-no-payment", &args),
        RefundOutcome::Refused { reason } => {
            speech.text("refund-refused", &args.with("reason", reason.clone()))
        }
        RefundOutcome::Unclear => speech.text("refund-unclear", &args),
    }
}
