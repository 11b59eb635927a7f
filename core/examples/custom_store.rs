//! A store of your own, whole: one file for each session in a folder, with the suite that proves it right.
//!
//! `cargo run -p stepkeep-core --example custom_store --features conformance` prints what the suite found.
//!
//! Every write is on the disk before it is acknowledged, and several processes may share the folder. It is for Unix: not
//! every system lets a program bring a folder to the disk.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use stepkeep_core::conformance::{ConformanceTarget, Namespace, RawRecord, Support, TargetError, run_all};
use stepkeep_core::{
    CleanupPolicy, CleanupReport, NewSession, Revision, ScanCursor, ScanFilter, ScanPage, Session,
    SessionChange, SessionKey, SessionStore, StoreError, StoreErrorKind, StoreOperation, document,
};

// ANCHOR: store
/// Sessions as files of a folder. A clone is another handle on them.
#[derive(Clone, Debug)]
pub struct FolderStore {
    folder: Arc<Path>,
    /// The planted defect, for the last of the tests below: leave it out of a store that is to be used.
    ignores_the_revision: bool,
}

const BACKEND: &str = "folder";

/// The file that writers lock. While it can't be found, neither can the sessions: the disk is not mounted, say.
const LOCK: &str = "lock";

impl FolderStore {
    /// The sessions of a folder. While it is not there, no call succeeds.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
            ignores_the_revision: false,
        }
    }

    /// Makes the folder, if it is not there. To be called by a person, or once: a bot that did it at every start would begin
    /// with no session at all when the disk is not mounted.
    ///
    /// # Errors
    /// When it can't be made or written to.
    pub fn set_up(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut lock = File::options();
        lock.create(true).append(true).open(self.folder.join(LOCK))?;
        File::open(&self.folder)?.sync_all()
    }

    /// Does file work where it keeps no other task waiting.
    async fn blocking<T: Send + 'static>(
        &self,
        operation: StoreOperation,
        work: impl FnOnce(&Self, &Caller) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let waiting = Arc::new(());
        let caller = Caller(Arc::downgrade(&waiting));
        let done = tokio::task::spawn_blocking(move || work(&store, &caller)).await;
        done.unwrap_or_else(|broken_off| {
            let kind = if operation.is_write() {
                StoreErrorKind::Indeterminate
            } else {
                StoreErrorKind::Unavailable
            };
            Err(StoreError::new(kind, operation, BACKEND).with_source(broken_off))
        })
    }
}

/// Who waits for the work; nobody any more, when the future was dropped.
struct Caller(Weak<()>);
// ANCHOR_END: store

// ANCHOR: files
/// What of a file's name tells that it is a session.
const SUFFIX: &str = ".session";

/// The name of a session's file. A key can be longer than the name of a file, and names that differ in case only are the
/// same to some systems; a hash is neither.
fn file_name(key: &SessionKey) -> String {
    let digits = Sha256::digest(key.encode())
        .iter()
        .fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    digits + SUFFIX
}

/// What a file has: a line with the key, since the name doesn't tell it, and the stored form.
fn contents(key: &SessionKey, stored_form: &[u8]) -> Vec<u8> {
    [key.encode().as_bytes(), b"\n", stored_form].concat()
}

/// The session that a file has. What can't be read is an error with the key, where it can be told, and stays there.
fn session(contents: &[u8], operation: StoreOperation) -> Result<Session, StoreError> {
    let mut lines = contents.splitn(2, |byte| *byte == b'\n');
    let key = lines
        .next()
        .and_then(|line| str::from_utf8(line).ok()?.parse().ok());
    let Some(key): Option<SessionKey> = key else {
        let error = StoreError::new(StoreErrorKind::Corrupt, operation, BACKEND);
        return Err(error.with_message("its file has no key"));
    };
    document::decode(&key, lines.next().unwrap_or_default())
        .map_err(|error| StoreError::decode(operation, BACKEND, &key, error))
}

/// A file, or the folder, that can't be worked with. Nothing changed.
fn unavailable(operation: StoreOperation) -> impl Fn(io::Error) -> StoreError {
    move |error| StoreError::new(StoreErrorKind::Unavailable, operation, BACKEND).with_source(error)
}
// ANCHOR_END: files

impl FolderStore {
    // ANCHOR: read
    /// What a file has; `None` when there positively is none.
    ///
    /// A folder that is gone has no file either. So the lock is looked for before and after: if it is there, the folder is.
    fn read(&self, file: &str) -> io::Result<Option<Vec<u8>>> {
        let lock = self.folder.join(LOCK);
        fs::metadata(&lock)?;
        match fs::read(self.folder.join(file)) {
            Err(error) if error.kind() == ErrorKind::NotFound => fs::metadata(&lock).map(|_| None),
            read => read.map(Some),
        }
    }

    /// The session under a key, as it is at this moment.
    fn find(&self, key: &SessionKey, operation: StoreOperation) -> Result<Option<Session>, StoreError> {
        let contents = self.read(&file_name(key)).map_err(unavailable(operation))?;
        let found = contents.map(|contents| session(&contents, operation)).transpose();
        match found.map_err(|error| error.with_key(key))? {
            Some(session) if session.key() != key => {
                let error = StoreError::new(StoreErrorKind::Corrupt, operation, BACKEND).with_key(key);
                Err(error.with_message("its file is another session's"))
            }
            found => Ok(found),
        }
    }
    // ANCHOR_END: read

    // ANCHOR: put
    /// The conditional write. `settle` sees what is stored, and says that the session is to be written (`None`), or
    /// what the call answers instead.
    fn put(
        &self,
        session: &Session,
        operation: StoreOperation,
        caller: &Caller,
        settle: impl FnOnce(Option<Session>) -> Result<Option<Session>, StoreError>,
    ) -> Result<Session, StoreError> {
        let (key, limit) = (session.key(), document::DEFAULT_MAX_BYTES);
        let _lock = self.lock(caller).map_err(unavailable(operation))?;
        if let Some(answer) = settle(self.find(key, operation)?)? {
            // A repetition. The first time, the process may have died before it came to this.
            return self.sync(operation).map(|()| answer);
        }
        let stored_form = document::encode(session, limit)
            .map_err(|length| StoreError::too_large(operation, BACKEND, key, length, limit))?;
        let write = || -> io::Result<()> {
            // It gets its name when it is whole and on the disk. What a process that died left here is written over.
            let unfinished = self.folder.join("unfinished");
            let mut file = File::create(&unfinished)?;
            file.write_all(&contents(key, &stored_form))?;
            file.sync_all()?;
            fs::rename(unfinished, self.folder.join(file_name(key)))
        };
        write().map_err(unavailable(operation))?;
        self.sync(operation).map(|()| session.clone())
    }

    /// Waits until no other writer is between looking and writing, in this process or another. The system releases the
    /// lock of a process that dies. Each call opens the file anew, so that threads exclude each other too.
    fn lock(&self, caller: &Caller) -> io::Result<File> {
        let lock = File::options().append(true).open(self.folder.join(LOCK))?;
        lock.lock()?;
        if caller.0.strong_count() == 0 {
            // Done now it could undo what its caller has done since.
            return Err(io::Error::other("nobody waits for this write any more"));
        }
        Ok(lock)
    }

    /// Brings the names of the files to the disk, too. The write is done: nobody knows whether it will survive.
    fn sync(&self, operation: StoreOperation) -> Result<(), StoreError> {
        let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| {
            StoreError::new(StoreErrorKind::Indeterminate, operation, BACKEND).with_source(error)
        })
    }
    // ANCHOR_END: put

    /// The names of all sessions' files, in order.
    fn file_names(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.folder)?;
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        let mut names: Vec<String> = names.collect::<io::Result<_>>()?;
        names.retain(|name| name.ends_with(SUFFIX));
        names.sort_unstable();
        Ok(names)
    }
}

#[async_trait]
impl SessionStore for FolderStore {
    // ANCHOR: create
    async fn create(&self, new: NewSession) -> Result<Session, StoreError> {
        let operation = StoreOperation::Create;
        self.blocking(operation, move |store, caller| {
            let created = new.session();
            store.put(&created, operation, caller, |stored| match stored {
                // The very same call again, because its first answer was lost: it succeeded.
                Some(stored) if stored.revision() == created.revision() => Ok(Some(stored)),
                Some(stored) => Err(StoreError::already_exists(BACKEND, stored)),
                None => Ok(None),
            })
        })
        .await
    }
    // ANCHOR_END: create

    // ANCHOR: get
    async fn get(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        let (operation, key) = (StoreOperation::Get, key.clone());
        // A file is replaced as a whole, so a read needs no lock.
        self.blocking(operation, move |store, _| store.find(&key, operation))
            .await
    }
    // ANCHOR_END: get

    // ANCHOR: update
    async fn update(&self, held: &Session, change: &SessionChange) -> Result<Session, StoreError> {
        let operation = StoreOperation::Update;
        // Computed from what the caller holds: nothing is read for it.
        let (held, updated) = (held.clone(), change.apply(held));
        self.blocking(operation, move |store, caller| {
            store.put(&updated, operation, caller, |stored| match stored {
                None => {
                    Err(StoreError::new(StoreErrorKind::NotFound, operation, BACKEND).with_key(held.key()))
                }
                Some(stored) if stored.revision() == updated.revision() => Ok(Some(stored)),
                Some(stored) if stored.revision() == held.revision() || store.ignores_the_revision => {
                    Ok(None)
                }
                Some(stored) => Err(StoreError::conflict(operation, BACKEND, stored)),
            })
        })
        .await
    }
    // ANCHOR_END: update

    // ANCHOR: clear
    async fn clear(&self, key: &SessionKey, expected: Option<Revision>) -> Result<bool, StoreError> {
        let (operation, key) = (StoreOperation::Clear, key.clone());
        self.blocking(operation, move |store, caller| {
            let _lock = store.lock(caller).map_err(unavailable(operation))?;
            if let Some(expected) = expected
                && let Some(stored) = store.find(&key, operation)?
                && stored.revision() != expected
            {
                return Err(StoreError::conflict(operation, BACKEND, stored));
            }
            // Without a revision, what is there may be anything.
            let file = file_name(&key);
            let was_there = store.read(&file).map_err(unavailable(operation))?.is_some();
            if was_there {
                fs::remove_file(store.folder.join(file)).map_err(unavailable(operation))?;
            }
            store.sync(operation).map(|()| was_there)
        })
        .await
    }
    // ANCHOR_END: clear

    // ANCHOR: cleanup
    async fn cleanup(&self, policy: &CleanupPolicy) -> Result<CleanupReport, StoreError> {
        let (operation, policy) = (StoreOperation::Cleanup, policy.clone());
        self.blocking(operation, move |store, caller| {
            let is_idle = |file: &str| -> io::Result<bool> {
                let contents = store.read(file)?;
                let session = contents.and_then(|contents| session(&contents, operation).ok());
                Ok(session.is_some_and(|session| policy.is_idle(&session)))
            };
            let clean_up = || -> io::Result<u64> {
                let mut removed = 0;
                for file in store.file_names()? {
                    if is_idle(&file)? {
                        // The lock is for one session, so updates get through; and one that got through is seen.
                        let _lock = store.lock(caller)?;
                        if is_idle(&file)? {
                            fs::remove_file(store.folder.join(&file))?;
                            removed += 1;
                        }
                    }
                }
                Ok(removed)
            };
            let removed = clean_up().map_err(unavailable(operation))?;
            store.sync(operation).map(|()| CleanupReport::removed(removed))
        })
        .await
    }
    // ANCHOR_END: cleanup

    // ANCHOR: scan
    async fn scan(
        &self,
        filter: &ScanFilter,
        after: Option<ScanCursor>,
        limit: usize,
    ) -> Result<ScanPage, StoreError> {
        let operation = StoreOperation::Scan;
        let invalid = || StoreError::new(StoreErrorKind::Invalid, operation, BACKEND);
        if limit == 0 {
            return Err(invalid().with_message("a page has at least one session"));
        }
        let after = after
            .map(|cursor| {
                let name = cursor.as_str().strip_prefix("folder:").map(str::to_owned);
                name.filter(|name| name.ends_with(SUFFIX)).ok_or_else(invalid)
            })
            .transpose()?;
        let filter = filter.clone();
        self.blocking(operation, move |store, _| {
            let names = store.file_names().map_err(unavailable(operation))?;
            // In the order of names, which never change: who stands still is met once.
            let rest = names.partition_point(|name| Some(name) <= after.as_ref());
            let mut page = ScanPage::default();
            for name in &names[rest..] {
                match store
                    .read(name)
                    .map_err(unavailable(operation))?
                    .map(|contents| session(&contents, operation))
                {
                    Some(Ok(session)) if filter.matches(&session) => page.sessions.push(session),
                    Some(Err(error)) => page.unreadable.push(error),
                    // Another's, or cleared since the names were read.
                    Some(Ok(_)) | None => continue,
                }
                if page.sessions.len() + page.unreadable.len() == limit {
                    page.next = Some(ScanCursor::new(format!("folder:{name}")));
                    break;
                }
            }
            Ok(page)
        })
        .await
    }
    // ANCHOR_END: scan
}

// ANCHOR: target
/// What the suite is told about the store: where an empty one comes from.
struct Folders {
    ignores_the_revision: bool,
}

#[async_trait]
impl ConformanceTarget for Folders {
    async fn fresh(&self) -> Result<Box<dyn Namespace>, TargetError> {
        let temporary = tempfile::tempdir()?;
        let path = temporary.path().join("sessions");
        FolderStore::new(&path).set_up()?;
        Ok(Box::new(FolderNamespace {
            path,
            ignores_the_revision: self.ignores_the_revision,
            _temporary: Some(temporary),
        }))
    }

    async fn attach(&self, locator: &str) -> Result<Box<dyn Namespace>, TargetError> {
        Ok(Box::new(FolderNamespace {
            path: locator.into(),
            ignores_the_revision: self.ignores_the_revision,
            _temporary: None,
        }))
    }
}

/// The sessions of one case. Where the folder was made for it, it goes with it.
struct FolderNamespace {
    path: PathBuf,
    ignores_the_revision: bool,
    _temporary: Option<tempfile::TempDir>,
}

#[async_trait]
impl Namespace for FolderNamespace {
    async fn open(&self) -> Result<Arc<dyn SessionStore>, TargetError> {
        let mut store = FolderStore::new(&self.path);
        store.ignores_the_revision = self.ignores_the_revision;
        Ok(Arc::new(store))
    }

    async fn put_record(&self, record: &RawRecord) -> Result<Support, TargetError> {
        let contents = contents(&record.key, record.stored_form.as_bytes());
        fs::write(self.path.join(file_name(&record.key)), contents)?;
        Ok(Support::Claimed)
    }

    async fn cut_off(&self) -> Result<Support, TargetError> {
        fs::rename(&self.path, self.path.with_extension("away"))?;
        Ok(Support::Claimed)
    }

    async fn restore(&self) -> Result<(), TargetError> {
        Ok(fs::rename(self.path.with_extension("away"), &self.path)?)
    }

    fn locator(&self) -> Option<String> {
        self.path.to_str().map(str::to_owned)
    }
}
// ANCHOR_END: target

// ANCHOR: main
#[tokio::main]
async fn main() -> ExitCode {
    let report = run_all(&Folders {
        ignores_the_revision: false,
    })
    .await;
    println!("{report}");
    if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
// ANCHOR_END: main

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    stepkeep_core::conformance_tests!(Folders {
        ignores_the_revision: false
    });

    // ANCHOR: defect
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn the_suite_names_the_planted_defect() {
        let report = run_all(&Folders {
            ignores_the_revision: true,
        })
        .await;
        let mut failed: BTreeSet<_> = report.failures().map(|(case, _)| case.promise()).collect();
        // Counting through an outage: whether a count gets lost is a matter of luck.
        failed.remove("any-7");
        // The updates that need the revision fail, and what is built on them: two handles, a reopen, the history.
        let expected = [
            "any-3", "any-4", "any-5", "update-2", "update-3", "update-4", "update-6",
        ];
        assert_eq!(failed, BTreeSet::from(expected), "{report}");
        // Each failure is named by its promise and its case, with what was expected and what was seen.
        let found = report.to_string();
        let line = "FAILED       update-2   an_update_of_an_older_revision_changes_nothing_and_gets_the_stored_session";
        assert!(found.contains(line), "{found}");
        assert!(
            found.contains("update of an older revision: expected conflict, saw a success"),
            "{found}"
        );
        assert!(
            found.contains("16 updates of one revision at once: expected 1 winner, saw"),
            "{found}"
        );
    }
    // ANCHOR_END: defect
}
