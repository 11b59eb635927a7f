//! A store on one file that several processes share, with a lock that may hold in one process only.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use stepkeep_core::conformance::{ConformanceTarget, Namespace, Support, TargetError};
use stepkeep_core::{
    CleanupPolicy, CleanupReport, MemoryStorage, NewSession, Revision, ScanCursor, ScanFilter, ScanPage,
    Session, SessionChange, SessionKey, SessionStore, StoreError, document,
};
use tokio::sync::Mutex;

use crate::defect::Defect;

/// Stores on files, with a defect or without.
pub(crate) struct Files(pub(crate) Option<Defect>);

#[async_trait]
impl ConformanceTarget for Files {
    async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError> {
        let folder = tempfile::tempdir()?;
        Ok(Box::new(Folder {
            path: folder.path().to_owned(),
            defect: self.0,
            in_this_process: Arc::default(),
            _temporary: Some(folder),
        }))
    }

    /// The locator says the defect too: the process that was started runs the same test from its beginning, and may
    /// come to another target first.
    async fn attach(&self, locator: &str) -> Result<Box<dyn Namespace>, TargetError> {
        let (word, path) = locator.split_once(':').ok_or("no locator")?;
        Ok(Box::new(Folder {
            path: path.into(),
            defect: (word == "defective").then_some(Defect::LocksOneProcessOnly),
            in_this_process: Arc::default(),
            _temporary: None,
        }))
    }
}

struct Folder {
    path: PathBuf,
    defect: Option<Defect>,
    in_this_process: Arc<Mutex<()>>,
    _temporary: Option<tempfile::TempDir>,
}

#[async_trait]
impl Namespace for Folder {
    async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
        Ok(Arc::new(FileStore {
            path: self.path.clone(),
            locks_out_processes: self.defect.is_none(),
            in_this_process: Arc::clone(&self.in_this_process),
        }))
    }

    async fn close(&self, _: Arc<dyn SessionStore>) -> Result<Support, TargetError> {
        Ok(Support::NotClaimed)
    }

    fn locator(&self) -> Option<String> {
        let word = if self.defect.is_some() {
            "defective"
        } else {
            "right"
        };
        Some(format!("{word}:{}", self.path.display()))
    }
}

#[derive(Debug)]
struct FileStore {
    path: PathBuf,
    locks_out_processes: bool,
    in_this_process: Arc<Mutex<()>>,
}

impl FileStore {
    /// Lets an operation loose on what the file has, and puts what it left into the file.
    async fn with<T, F>(&self, operation: impl FnOnce(MemoryStorage) -> F + Send) -> T
    where
        F: Future<Output = T> + Send,
    {
        let _here = self.in_this_process.lock().await;
        let lock = File::create(self.path.join("lock")).unwrap();
        if self.locks_out_processes {
            lock.lock().unwrap();
        }
        let file = self.path.join("sessions.json");
        let sessions = read(&file);
        if !self.locks_out_processes {
            // Others shall have the time to read the same.
            tokio::time::sleep(std::time::Duration::from_micros(500)).await;
        }
        let answer = operation(sessions.clone()).await;
        write(&file, &sessions).await;
        answer
    }
}

fn read(file: &Path) -> MemoryStorage {
    let sessions = MemoryStorage::new();
    let text = fs::read_to_string(file).unwrap_or_else(|_| "{}".to_owned());
    let forms: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
    for (key, form) in forms {
        sessions.insert_encoded(&key.parse().unwrap(), form.into_bytes());
    }
    sessions
}

async fn write(file: &Path, sessions: &MemoryStorage) {
    let page = sessions
        .scan(&ScanFilter::default(), None, usize::MAX)
        .await
        .unwrap();
    let form = |session: &Session| {
        let form = document::encode(session, usize::MAX).unwrap();
        (session.key().encode(), String::from_utf8(form).unwrap())
    };
    let forms: BTreeMap<_, _> = page.sessions.iter().map(form).collect();
    let partial = file.with_extension(std::process::id().to_string());
    fs::write(&partial, serde_json::to_vec(&forms).unwrap()).unwrap();
    fs::rename(partial, file).unwrap();
}

#[async_trait]
impl SessionStore for FileStore {
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        self.with(|sessions| async move { sessions.create(new).await })
            .await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.with(|sessions| async move { sessions.get(key).await }).await
    }

    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        self.with(|sessions| async move { sessions.update(held, change).await })
            .await
    }

    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.with(|sessions| async move { sessions.clear(key, expected).await })
            .await
    }

    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        self.with(|sessions| async move { sessions.cleanup(policy).await })
            .await
    }

    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        self.with(|sessions| async move { sessions.scan(filter, after, limit).await })
            .await
    }
}
