//! Shipping: what a person sends, what carriers ask for it, and the client that buys the label.

pub mod parcel;

pub use parcel::{Dimensions, LengthUnit, Weight, WeightUnit};
