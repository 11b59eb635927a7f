//! What comes from elsewhere and is kept for a while, so that nobody waits twice for the same thing.

mod rates;

pub use rates::{Offers, QuoteTerms, RatesAtHand, RatesCatalogue};
