//! The store keeps every promise, with both settings of what a write survives.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, named_params};
use stepkeep_core::conformance::{
    Capability, ConformanceTarget, Namespace, RawRecord, Support, TargetError, run_all,
};
use stepkeep_core::{SessionStore, Timestamp};
use stepkeep_storage_sqlite::{SqliteConfig, SqliteStorage, Synchronous};

/// A file of its own for each case.
struct Sqlite(Synchronous);

#[async_trait]
impl ConformanceTarget for Sqlite {
    async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError> {
        let folder = tempfile::tempdir()?;
        Ok(Box::new(File {
            path: folder.path().join("stepkeep.db"),
            synchronous: self.0,
            _folder: Some(folder),
        }))
    }

    async fn attach(&self, locator: &str) -> Result<Box<dyn Namespace>, TargetError> {
        Ok(Box::new(File {
            path: locator.into(),
            synchronous: self.0,
            _folder: None,
        }))
    }
}

struct File {
    path: PathBuf,
    synchronous: Synchronous,
    _folder: Option<tempfile::TempDir>,
}

#[async_trait]
impl Namespace for File {
    async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
        let mut config = SqliteConfig::new(&self.path);
        config.synchronous = self.synchronous;
        Ok(Arc::new(SqliteStorage::open(config).await?))
    }

    async fn put_record(&self, record: &RawRecord) -> Result<Support, TargetError> {
        Connection::open(&self.path)?.execute(
            "INSERT INTO session (key, scope, revision, created_at, updated_at, updated_bucket, wake_at, doc)
             VALUES (:key, :scope, :revision, 0, :updated_at, :updated_at / 600000, :wake_at, :doc)
             ON CONFLICT (key) DO UPDATE SET
                 revision = excluded.revision, updated_at = excluded.updated_at,
                 updated_bucket = excluded.updated_bucket, wake_at = excluded.wake_at, doc = excluded.doc",
            named_params! {
                ":key": record.key.encode(),
                ":scope": record.key.scope().as_str(),
                ":revision": record.revision.to_bytes(),
                ":updated_at": record.updated_at.as_millis(),
                ":wake_at": record.wake_at.map(Timestamp::as_millis),
                ":doc": record.stored_form,
            },
        )?;
        Ok(Support::Claimed)
    }

    fn locator(&self) -> Option<String> {
        self.path.to_str().map(str::to_owned)
    }
}

mod full {
    stepkeep_core::conformance_tests!(super::Sqlite(super::Synchronous::Full));
}

mod normal {
    stepkeep_core::conformance_tests!(super::Sqlite(super::Synchronous::Normal));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_claims_what_a_file_can() {
    let report = run_all(&Sqlite(Synchronous::Full)).await;
    assert!(report.passed(), "{report}");
    assert_eq!(
        report.claimed(),
        [
            Capability::Durability,
            Capability::ForeignRecords,
            Capability::Processes
        ]
    );
}
