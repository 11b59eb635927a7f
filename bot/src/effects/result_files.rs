//! The files that generations brought.

use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::cache::CacheError;

use super::generation::RESULT_SOURCE;
use super::{Document, DocumentError, Documents};
use crate::catalogue::ResultsCatalogue;
use crate::generation::{GenerationApi, GenerationError, TaskId};

/// The largest file that a bot can send (Bot API, "Sending files").
const LARGEST: u64 = 50 * 1024 * 1024;

/// The files that generations brought, from the API as long as it has them.
#[derive(Debug)]
pub struct ResultFiles {
    api: Arc<dyn GenerationApi>,
    results: ResultsCatalogue,
}

impl ResultFiles {
    /// Gets them from this API, and asks this catalogue where they are.
    pub fn new(api: Arc<dyn GenerationApi>, results: ResultsCatalogue) -> Self {
        Self { api, results }
    }

    /// The address of the file behind a source.
    async fn address(&self, source: &str) -> Result<String, DocumentError> {
        let (task, index) = parse(source).ok_or(DocumentError::Unknown)?;
        let task = self.results.task(&task).await.map_err(|error| match error {
            CacheError::Failed(error) => failed(&error),
            _ => DocumentError::Later,
        })?;
        // A task that isn't known now was known when it was done, so it is asked for again.
        let task = task.ok_or(DocumentError::Later)?;
        let address = task.value.results.get(index).cloned();
        address.ok_or(DocumentError::Unknown)
    }
}

#[async_trait]
impl Documents for ResultFiles {
    async fn fetch(&self, source: &str) -> Result<Document, DocumentError> {
        let address = self.address(source).await?;
        let file = self.api.download(&address, LARGEST).await;
        let file = file.map_err(|error| failed(&error))?;
        Ok(Document {
            media_type: file.media_type,
            bytes: file.bytes,
        })
    }

    async fn link(&self, source: &str) -> Option<String> {
        self.address(source).await.ok()
    }

    fn apology(&self, _: &str) -> &'static str {
        "generation-file-missing"
    }
}

/// The task and the number of the file that a source names.
fn parse(source: &str) -> Option<(TaskId, usize)> {
    let (task, index) = source.strip_prefix(RESULT_SOURCE)?.rsplit_once(':')?;
    Some((TaskId::new(task).ok()?, index.parse().ok()?))
}

fn failed(error: &GenerationError) -> DocumentError {
    if error.is_retryable() {
        DocumentError::Later
    } else {
        DocumentError::Refused(error.kind().as_str())
    }
}

/// Files of several sorts, each known by what its source begins with.
#[derive(Debug, Default)]
pub struct DocumentsBySource(Vec<(&'static str, Box<dyn Documents>)>);

impl DocumentsBySource {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and sources that begin so are for `documents`.
    #[must_use]
    pub fn with(mut self, prefix: &'static str, documents: impl Documents) -> Self {
        self.0.push((prefix, Box::new(documents)));
        self
    }

    fn of(&self, source: &str) -> Option<&dyn Documents> {
        let found = self.0.iter().find(|(prefix, _)| source.starts_with(prefix));
        found.map(|(_, documents)| &**documents)
    }
}

#[async_trait]
impl Documents for DocumentsBySource {
    async fn fetch(&self, source: &str) -> Result<Document, DocumentError> {
        match self.of(source) {
            Some(documents) => documents.fetch(source).await,
            None => Err(DocumentError::Unknown),
        }
    }

    async fn link(&self, source: &str) -> Option<String> {
        self.of(source)?.link(source).await
    }

    fn apology(&self, source: &str) -> &'static str {
        self.of(source)
            .map_or("generation-file-missing", |documents| documents.apology(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_names_the_task_and_the_file() {
        let (task, index) = parse("generation:task_google_17:2").unwrap();
        assert_eq!((task.as_str(), index), ("task_google_17", 2));
        for bad in [
            "label:1:2",
            "generation:task",
            "generation::1",
            "generation:task:x",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
