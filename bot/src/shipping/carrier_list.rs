//! The account's carriers: asked for once in a while, however many need them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use stepkeep_core::cache::{Loaded, Source};
use tracing::warn;

use super::client::{Deadlines, within};
use super::transport::{Call, Transport};
use super::wire::{CarriersAnswer, WireCarrier};
use super::{Carrier, CarrierId, Operation, ShippingError, ShippingErrorKind};
use crate::http::Repeatable;

/// The list of carriers, as the API has it now.
#[derive(Clone)]
pub struct CarrierList {
    pub(super) transport: Arc<Transport>,
    pub(super) deadlines: Deadlines,
}

impl fmt::Debug for CarrierList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CarrierList")
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

impl CarrierList {
    /// The carriers.
    pub(super) async fn ask(&self) -> Result<Vec<Carrier>, ShippingError> {
        let call = Call {
            operation: Operation::Carriers,
            method: Method::GET,
            path: &["carriers"],
            query: &[],
            body: None,
            deadline: self.deadlines.request,
            repeatable: Repeatable::Always,
        };
        let answer = within(self.deadlines.call, call.operation, self.transport.call(&call)).await?;
        let CarriersAnswer { carriers, errors } = answer.read()?;
        if let Some(error) = errors.first() {
            warn!(
                status = answer.status.as_u16(),
                code = error.error_code.as_deref(),
                carrier = error.carrier_code.as_deref(),
                request_id = answer.request_id(),
                "the list of carriers is not complete"
            );
        }
        Ok(carriers
            .into_iter()
            .filter_map(WireCarrier::into_carrier)
            .collect())
    }

    /// A bound for one load, which no call comes near.
    pub(super) fn longest_load(&self) -> Duration {
        self.deadlines.call * 2
    }
}

#[async_trait]
impl Source<()> for CarrierList {
    type Value = Arc<[CarrierId]>;
    type Error = ShippingError;

    async fn load(&self, (): &()) -> Result<Loaded<Self::Value>, ShippingError> {
        let carriers = self.ask().await?;
        if carriers.is_empty() {
            let message = "no carrier is connected to the account";
            let kind = ShippingErrorKind::CarrierUnavailable;
            return Err(ShippingError::new(kind, Operation::Rates, message));
        }
        let ids = carriers.into_iter().map(|carrier| carrier.carrier_id);
        Ok(Loaded::present(ids.collect()))
    }
}
