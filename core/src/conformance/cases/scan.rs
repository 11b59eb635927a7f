//! `scan`.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::super::case::{Failure, Fixture, Outcome};
use super::super::check::{ensure, ensure_refused, ensure_same};
use super::super::race::all_at_once;
use super::super::samples::{at, full, key, plain, scoped};
use crate::change::SessionChange;
use crate::error::StoreErrorKind;
use crate::key::{Scope, SessionKey};
use crate::session::{NewSession, Session};
use crate::store::{ScanCursor, ScanFilter, ScanPage, SessionStore};

/// A scan of the few hundred sessions of a case that takes more pages than this doesn't come forward.
const MAX_PAGES: usize = 5_000;

/// Every page of a scan.
pub(super) async fn pages(
    store: &dyn SessionStore,
    filter: &ScanFilter,
    limit: usize,
) -> Outcome<Vec<ScanPage>> {
    pages_through(&[store], filter, limit).await
}

/// Every page of a scan, each through the next handle.
async fn pages_through(
    handles: &[&dyn SessionStore],
    filter: &ScanFilter,
    limit: usize,
) -> Outcome<Vec<ScanPage>> {
    let mut pages = Vec::new();
    let mut cursors = HashSet::new();
    let mut after = None;
    for store in handles.iter().cycle().take(MAX_PAGES) {
        let mut page = store.scan(filter, after, limit).await?;
        ensure(page.sessions.len() <= limit, || {
            format!(
                "scan, {limit} a page: saw a page of {} sessions",
                page.sessions.len()
            )
        })?;
        // Written down and read again, as a cursor is that outlives its process.
        after = page
            .next
            .take()
            .map(|cursor| ScanCursor::new(cursor.as_str().to_owned()));
        pages.push(page);
        let Some(cursor) = &after else {
            return Ok(pages);
        };
        ensure(cursors.insert(cursor.clone()), || {
            format!("scan, {limit} a page: the cursor {cursor:?} came a second time")
        })?;
        // Others get in between the pages, also where a store awaits nothing for real.
        tokio::task::yield_now().await;
    }
    Err(Failure::Broken(format!(
        "scan, {limit} a page: no end after {MAX_PAGES} pages"
    )))
}

/// Every session of a scan, by key.
pub(super) async fn collect(
    store: &dyn SessionStore,
    filter: &ScanFilter,
    limit: usize,
) -> Outcome<BTreeMap<SessionKey, Session>> {
    by_key(limit, pages(store, filter, limit).await?)
}

fn by_key(limit: usize, pages: Vec<ScanPage>) -> Outcome<BTreeMap<SessionKey, Session>> {
    let mut sessions = BTreeMap::new();
    for page in pages {
        if let Some(error) = page.unreadable.into_iter().next() {
            return Err(error.into());
        }
        for session in page.sessions {
            let key = session.key().clone();
            ensure(sessions.insert(key.clone(), session).is_none(), || {
                format!("scan, {limit} a page: saw the session {key} twice")
            })?;
        }
    }
    Ok(sessions)
}

fn ensure_all(
    what: &str,
    limit: usize,
    seen: &BTreeMap<SessionKey, Session>,
    expected: &BTreeMap<SessionKey, Session>,
) -> Outcome {
    for (key, session) in expected {
        let seen = seen.get(key).ok_or_else(|| {
            Failure::Broken(format!(
                "{what}, {limit} a page: the session {key} was not visited"
            ))
        })?;
        ensure_same(&format!("{what}, {limit} a page"), seen, session)?;
    }
    match seen.keys().find(|key| !expected.contains_key(*key)) {
        Some(key) => Err(Failure::Broken(format!(
            "{what}, {limit} a page: expected no session {key}, saw one"
        ))),
        None => Ok(()),
    }
}

async fn create_all(
    store: &dyn SessionStore,
    users: impl Iterator<Item = i64>,
) -> Outcome<BTreeMap<SessionKey, Session>> {
    let mut sessions = BTreeMap::new();
    for user in users {
        // Half of the instants are shared, so that an order by time alone has ties.
        let session = store.create(full(key(user), at(user / 2))?).await?;
        sessions.insert(session.key().clone(), session);
    }
    Ok(sessions)
}

pub(in super::super) async fn a_scan_visits_every_session_once(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let sessions = create_all(store, -20..20).await?;
    for limit in [1, 2, 7, 39, 40, 41, 1_000] {
        let seen = collect(store, &ScanFilter::default(), limit).await?;
        ensure_all("scan", limit, &seen, &sessions)?;
    }
    Ok(())
}

pub(in super::super) async fn a_cursor_goes_on_in_another_handle(fixture: Fixture) -> Outcome {
    let sessions = create_all(fixture.store(), 0..20).await?;
    let peer = fixture.peer().await?;
    let pages = pages_through(&[fixture.store(), &*peer], &ScanFilter::default(), 3).await?;
    ensure_all("scan through two handles", 3, &by_key(3, pages)?, &sessions)
}

pub(in super::super) async fn a_cursor_goes_on_after_a_reopen(fixture: Fixture) -> Outcome {
    let sessions = create_all(fixture.store(), 0..10).await?;
    let mut page = fixture.store().scan(&ScanFilter::default(), None, 4).await?;
    let next = page.next.take();
    ensure(next.is_some(), || {
        "scan of 10, 4 a page: expected a cursor, saw the end".to_owned()
    })?;
    let fixture = fixture.reopen().await?;
    let rest = fixture.store().scan(&ScanFilter::default(), next, 100).await?;
    let seen = by_key(4, vec![page, rest])?;
    ensure_all("scan across a reopen", 4, &seen, &sessions)
}

pub(in super::super) async fn a_scan_visits_those_that_stand_still_while_others_change(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    for limit in [1, 4, 9] {
        let sessions = create_all(store, 0..40).await?;
        let mut still = sessions.clone();
        let mut moving = Vec::new();
        for user in (0..40).filter(|user| user % 2 == 1) {
            moving.extend(still.remove(&key(user)));
        }
        let mut seen = BTreeMap::new();
        let mut after = None;
        let mut new_user = 1_000;
        for turn in 0..MAX_PAGES {
            let mut page = store.scan(&ScanFilter::default(), after, limit).await?;
            after = page.next.take();
            let last = page.sessions.last().cloned();
            for session in page.sessions {
                let key = session.key().clone();
                if still.contains_key(&key) {
                    ensure(seen.insert(key.clone(), session).is_none(), || {
                        format!("scan beside changes, {limit} a page: saw the session {key} twice")
                    })?;
                }
            }
            if after.is_none() {
                break;
            }
            // What the cursor may stand on goes, one moves to the end of any order by time, one goes, and new ones
            // come on both sides. Not for ever: a scan may visit all that comes.
            if let Some(last) = last.filter(|last| !still.contains_key(last.key())) {
                store.clear(last.key(), None).await?;
            }
            if let Some(held) = moving.pop() {
                // It may be gone: it was the last of a page.
                let _ = store.update(&held, &SessionChange::new(at(1_000_000))).await;
            }
            if turn % 3 == 0
                && let Some(held) = moving.pop()
            {
                store.clear(held.key(), None).await?;
            }
            if new_user < 1_020 {
                new_user += 1;
                for user in [-new_user, new_user] {
                    store.create(plain(key(user), at(-1_000))).await?;
                }
            }
        }
        ensure(after.is_none(), || {
            format!("scan beside changes, {limit} a page: no end after {MAX_PAGES} pages")
        })?;
        ensure_all("scan beside changes", limit, &seen, &still)?;
        for user in (-1_020..=1_020).filter(|user: &i64| user.abs() > 1_000 || (0..40).contains(user)) {
            store.clear(&key(user), None).await?;
        }
    }
    Ok(())
}

pub(in super::super) async fn a_scan_visits_those_that_stand_still_while_tasks_write(
    fixture: Fixture,
) -> Outcome {
    const WRITERS: usize = 2;
    let still = Arc::new(create_all(fixture.store(), 0..30).await?);
    let handles = [fixture.handle(), fixture.peer().await?];
    let (writes, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    all_at_once(WRITERS + 1, |task| {
        let (store, still) = (Arc::clone(&handles[task % 2]), Arc::clone(&still));
        let (writes, done) = (Arc::clone(&writes), Arc::clone(&done));
        async move {
            if task < WRITERS {
                // One writes before, one behind those that stand still, in any order by id.
                let first = if task == 0 { -100 } else { 100 };
                return come_and_go(&*store, first, &writes, &done).await;
            }
            let outcome = scan_beside(&*store, &still, &writes).await;
            done.store(true, Ordering::SeqCst);
            outcome
        }
    })
    .await
    .map(drop)
}

/// Sessions come, change and go, until somebody says that it is enough.
async fn come_and_go(store: &dyn SessionStore, first: i64, writes: &AtomicU64, done: &AtomicBool) -> Outcome {
    while !done.load(Ordering::SeqCst) {
        for user in first..first + 10 {
            let held = store.create(plain(key(user), at(0))).await?;
            store.update(&held, &SessionChange::new(at(user))).await?;
            writes.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
        for user in first..first + 10 {
            store.clear(&key(user), None).await?;
            writes.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

/// Scans until a number of scans had writes between their pages.
async fn scan_beside(
    store: &dyn SessionStore,
    still: &BTreeMap<SessionKey, Session>,
    writes: &AtomicU64,
) -> Outcome {
    const SCANS: usize = 8;
    let mut scans = 0;
    while scans < SCANS {
        let before = writes.load(Ordering::SeqCst);
        let mut seen = BTreeMap::new();
        for page in pages(store, &ScanFilter::default(), 2).await? {
            for session in page.sessions {
                let key = session.key().clone();
                if still.contains_key(&key) {
                    ensure(seen.insert(key.clone(), session).is_none(), || {
                        format!("scan beside writers: saw the session {key} twice")
                    })?;
                }
            }
        }
        ensure_all("scan beside writers", 2, &seen, still)?;
        if writes.load(Ordering::SeqCst) > before + 2 {
            scans += 1;
        }
    }
    Ok(())
}

pub(in super::super) async fn all_conditions_of_a_filter_hold(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let mut sessions = BTreeMap::new();
    let mut user = 0;
    for scope in ["main", "other", "%25/'\u{1F4E6}"] {
        for updated_at in [-1, 0, 1] {
            for wake_at in [None, Some(at(-1)), Some(at(0)), Some(at(1))] {
                user += 1;
                let change = SessionChange::new(at(updated_at)).wake_at(wake_at);
                let session = store
                    .create(NewSession::new(scoped(user, scope)?, change))
                    .await?;
                sessions.insert(session.key().clone(), session);
            }
        }
    }
    let scopes = [
        None,
        Some("main"),
        Some("other"),
        Some("%25/'\u{1F4E6}"),
        Some("none"),
    ];
    for scope in scopes {
        let scope = scope.map(Scope::new).transpose()?;
        for updated_before in [None, Some(at(-1)), Some(at(0)), Some(at(5))] {
            for due_at in [None, Some(at(-2)), Some(at(0)), Some(at(5))] {
                let filter = ScanFilter {
                    scope: scope.clone(),
                    updated_before,
                    due_at,
                };
                let mut expected = sessions.clone();
                expected.retain(|_, session| filter.matches(session));
                for limit in [2, 100] {
                    let seen = collect(store, &filter, limit).await?;
                    ensure_all(&format!("scan of {filter:?}"), limit, &seen, &expected)?;
                }
            }
        }
    }
    Ok(())
}

pub(in super::super) async fn a_page_has_at_most_its_limit_and_the_last_has_no_cursor(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    for limit in [1, 10, usize::MAX] {
        let seen = collect(store, &ScanFilter::default(), limit).await?;
        ensure(seen.is_empty(), || {
            format!("scan of nothing: saw {} sessions", seen.len())
        })?;
    }
    let sessions = create_all(store, 0..12).await?;
    for limit in [1, 5, 11, 12, 13, 10_000, usize::MAX / 2, usize::MAX] {
        let pages = pages(store, &ScanFilter::default(), limit).await?;
        ensure(limit < 12 || pages[0].sessions.len() == 12, || {
            format!(
                "scan of 12, {limit} a page: expected all on the first page, saw {}",
                pages[0].sessions.len()
            )
        })?;
        ensure_all("scan", limit, &by_key(limit, pages)?, &sessions)?;
    }
    Ok(())
}

pub(in super::super) async fn a_page_of_none_and_a_cursor_of_another_store_are_refused(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    let sessions = create_all(store, 0..3).await?;
    let filter = ScanFilter::default();
    ensure_refused(
        "scan with a limit of zero",
        store.scan(&filter, None, 0).await,
        StoreErrorKind::Invalid,
    )?;
    for text in ["", " ", "no store makes this \u{1F4E6}", "\0", "'; --"] {
        let cursor = ScanCursor::new(text);
        ensure_refused(
            &format!("scan after the cursor {text:?}"),
            store.scan(&filter, Some(cursor), 10).await,
            StoreErrorKind::Invalid,
        )?;
    }
    let seen = collect(store, &filter, 10).await?;
    ensure_all("scan after refused ones", 10, &seen, &sessions)
}
