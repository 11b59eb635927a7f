//! The files behind the sources that replies name: a session keeps the name, never the bytes.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::flows::shipping::LABEL_SOURCE;
use crate::shipping::{LabelId, ShippingApi, ShippingError};

/// Gets files.
#[async_trait]
pub trait Documents: fmt::Debug + Send + Sync + 'static {
    /// The file behind a source.
    ///
    /// # Errors
    /// [`DocumentError`], which says whether it makes sense later.
    async fn fetch(&self, source: &str) -> Result<Document, DocumentError>;

    /// Where a person can get the file without the bot, for one that is too large to be sent. `None` when nowhere.
    async fn link(&self, source: &str) -> Option<String> {
        let _ = source;
        None
    }

    /// The message that a person reads in the place of a file that can't be got.
    fn apology(&self, source: &str) -> &'static str {
        let _ = source;
        "label-file-missing"
    }
}

/// A file to be sent.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its media type.
    pub media_type: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// A file that could not be got.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Nobody knows this source.
    #[error("no file is known behind this source")]
    Unknown,
    /// The API that has it failed. Shown by its kind alone, and not kept as a source: the API's words may quote an
    /// address, and whoever logs an error logs its sources.
    #[error("the file could not be fetched ({})", .0.kind().as_str())]
    Api(ShippingError),
    /// The API that has it can't be asked now.
    #[error("the file can't be fetched at the moment")]
    Later,
    /// The API that has it doesn't give it. The word says why.
    #[error("the file is refused ({0})")]
    Refused(&'static str),
}

impl DocumentError {
    /// Whether it makes sense to try again later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unknown | Self::Refused(_) => false,
            Self::Later => true,
            Self::Api(error) => error.is_retryable(),
        }
    }
}

/// The files of labels.
#[derive(Debug)]
pub struct LabelDocuments {
    api: Arc<dyn ShippingApi>,
}

impl LabelDocuments {
    /// Gets them from this API.
    pub fn new(api: Arc<dyn ShippingApi>) -> Self {
        Self { api }
    }
}

#[async_trait]
impl Documents for LabelDocuments {
    async fn fetch(&self, source: &str) -> Result<Document, DocumentError> {
        let label = source
            .strip_prefix(LABEL_SOURCE)
            .and_then(|id| LabelId::new(id).ok());
        let label = label.ok_or(DocumentError::Unknown)?;
        let label = self.api.label(&label).await.map_err(DocumentError::Api)?;
        let bytes = self
            .api
            .download_label(&label)
            .await
            .map_err(DocumentError::Api)?;
        Ok(Document {
            media_type: "application/pdf".to_owned(),
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;
    use crate::shipping::{Operation, ShippingErrorKind};

    #[test]
    fn what_the_api_said_reaches_no_log() {
        let said = ShippingError::new(
            ShippingErrorKind::Timeout,
            Operation::Download,
            "no such place: 500 W 2nd St",
        );
        let error = DocumentError::Api(said);
        assert_eq!(error.to_string(), "the file could not be fetched (timeout)");
        assert!(error.source().is_none());
        assert!(error.is_retryable());
    }
}
