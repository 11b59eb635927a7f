//! `cleanup`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::case::{Fixture, Outcome};
use super::super::check::{brief, ensure, ensure_absent, ensure_stored};
use super::super::race::all_at_once;
use super::super::samples::{at, full, key, plain, scoped};
use crate::change::SessionChange;
use crate::clock::Timestamp;
use crate::error::StoreErrorKind;
use crate::key::Scope;
use crate::session::{NewSession, Session};
use crate::store::{CleanupPolicy, SessionStore};

/// Cleans up, and checks that of these sessions exactly the idle ones are gone.
async fn ensure_exact(
    what: &str,
    store: &dyn SessionStore,
    policy: &CleanupPolicy,
    sessions: &mut Vec<Session>,
) -> Outcome {
    store.cleanup(policy).await?;
    for session in &*sessions {
        let (idle, is_there) = (policy.is_idle(session), store.get(session.key()).await?.is_some());
        ensure(idle != is_there, || {
            let word = if idle { "gone" } else { "there" };
            format!(
                "{what}: expected {} to be {word}: it was updated at {}, wakes at {:?}, and the policy is {policy:?}",
                brief(session),
                session.updated_at(),
                session.wake_at()
            )
        })?;
    }
    sessions.retain(|session| !policy.is_idle(session));
    Ok(())
}

pub(in super::super) async fn a_cleanup_removes_what_was_last_updated_before_the_cutoff(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    let mut sessions = Vec::new();
    // Long before and long after the clock of whatever runs this, which must not matter.
    let cutoffs = [-86_400_000, 1_000, 1_700_000_000_000, 16_725_225_600_000];
    for (number, cutoff) in (1..).zip(cutoffs) {
        for age in -2..=2 {
            let updated_at = Timestamp::from_millis(cutoff + age);
            let user = number * 100 + 10 * (age + 2);
            sessions.push(store.create(plain(key(user), updated_at)).await?);
            // It counts when a session was updated last, not when it was created.
            let long_ago = Timestamp::from_millis(cutoff - 50_000);
            let created = store.create(plain(key(user + 1), long_ago)).await?;
            sessions.push(store.update(&created, &SessionChange::new(updated_at)).await?);
        }
        let policy = CleanupPolicy::before(Timestamp::from_millis(cutoff));
        ensure_exact("cleanup", store, &policy, &mut sessions).await?;
    }
    Ok(())
}

pub(in super::super) async fn each_scope_has_its_own_cutoff(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let scopes = ["main", "earlier", "later", "%25/'\u{1F4E6}", "unnamed"];
    let policies = [
        CleanupPolicy::before(at(0))
            .scope_before(Scope::new("earlier")?, at(-100))
            .scope_before(Scope::new("later")?, at(100))
            .scope_before(Scope::new("%25/'\u{1F4E6}")?, at(50)),
        // The same, but the scope of conversations is the exception.
        CleanupPolicy::before(at(100)).scope_before(Scope::main(), at(0)),
    ];
    for policy in policies {
        let mut sessions = Vec::new();
        for scope in scopes {
            for (user, offset) in (1..).zip([-101, -100, -1, 0, 49, 50, 99, 100, 101]) {
                let key = scoped(user, scope)?;
                store.clear(&key, None).await?;
                sessions.push(store.create(plain(key, at(offset))).await?);
            }
        }
        ensure_exact("cleanup by scope", store, &policy, &mut sessions).await?;
    }
    Ok(())
}

pub(in super::super) async fn a_kept_scope_stays_however_old(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let mut sessions = Vec::new();
    for scope in ["main", "profile", "Profile"] {
        for millis in [-1_000_000_i64, 0] {
            let user = 2 + millis.signum();
            sessions.push(store.create(plain(scoped(user, scope)?, at(millis))).await?);
        }
    }
    let policy = CleanupPolicy::before(at(0)).keep_scope(Scope::new("profile")?);
    ensure_exact("cleanup that keeps a scope", store, &policy, &mut sessions).await?;
    let policy = CleanupPolicy::before(at(1)).keep_scope(Scope::main());
    ensure_exact("cleanup that keeps main", store, &policy, &mut sessions).await
}

pub(in super::super) async fn a_session_with_a_wake_time_stays(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let mut sessions = Vec::new();
    for (user, wake_at) in (1..).zip([None, Some(at(-1_000_000)), Some(at(0)), Some(at(1_000_000))]) {
        let change = SessionChange::new(at(-10)).wake_at(wake_at);
        sessions.push(store.create(NewSession::new(key(user), change)).await?);
    }
    let policy = CleanupPolicy::before(at(0));
    ensure_exact("cleanup beside wake times", store, &policy, &mut sessions).await?;

    // Once there is nothing to be done any more, it goes like any other.
    for session in &mut sessions {
        let change = SessionChange::new(at(-5)).wake_at(None);
        *session = store.update(session, &change).await?;
    }
    ensure_exact("cleanup after the wake times", store, &policy, &mut sessions).await
}

pub(in super::super) async fn a_session_that_is_updated_while_a_cleanup_runs_stays(
    fixture: Fixture,
) -> Outcome {
    const SESSIONS: usize = 40;
    const UPDATERS: usize = 4;
    let handles = [fixture.handle(), fixture.peer().await?];
    let policy = CleanupPolicy::before(at(10));
    for round in 0..5_i64 {
        let mut sessions = Vec::new();
        for user in (1_000 * round..).take(SESSIONS) {
            sessions.push(fixture.store().create(plain(key(user), at(0))).await?);
        }
        let sessions = Arc::new(sessions);
        let answers = all_at_once(UPDATERS + 1, |task| {
            let (store, sessions) = (Arc::clone(&handles[task % 2]), Arc::clone(&sessions));
            let policy = policy.clone();
            async move {
                if task == UPDATERS {
                    store.cleanup(&policy).await?;
                    return Ok(Vec::new());
                }
                let mut answers = Vec::new();
                for (index, held) in sessions.iter().enumerate().skip(task).step_by(UPDATERS) {
                    // Some are touched, some get something that is still to be done.
                    let change = if index % 2 == 0 {
                        SessionChange::new(at(10))
                    } else {
                        SessionChange::new(at(0)).wake_at(Some(at(0)))
                    };
                    answers.push((held.clone(), store.update(held, &change).await));
                    tokio::task::yield_now().await;
                }
                Ok(answers)
            }
        })
        .await?;
        for (held, answer) in answers.into_iter().flatten() {
            let what = "update during a cleanup";
            match answer {
                Ok(updated) => ensure_stored(what, fixture.store(), &updated).await?,
                Err(error) if error.kind() == StoreErrorKind::NotFound => {
                    ensure_absent(what, fixture.store(), held.key()).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

pub(in super::super) async fn updates_get_through_while_many_sessions_are_removed(
    fixture: Fixture,
) -> Outcome {
    const IDLE: i64 = 600;
    const CREATORS: i64 = 8;
    const LIVE: usize = 4;
    let store = fixture.handle();
    all_at_once(8, |task| {
        let store = Arc::clone(&store);
        async move {
            let first = i64::try_from(task)?;
            for user in (first..IDLE).step_by(usize::try_from(CREATORS)?) {
                store.create(plain(key(user), at(0))).await?;
            }
            Ok(())
        }
    })
    .await?;
    let handles = [fixture.handle(), fixture.peer().await?];
    let policy = CleanupPolicy::before(at(10));
    let cleaned = Arc::new(AtomicBool::new(false));
    all_at_once(LIVE + 1, |task| {
        let (store, policy) = (Arc::clone(&handles[task % 2]), policy.clone());
        let cleaned = Arc::clone(&cleaned);
        async move {
            if task == LIVE {
                let answer = store.cleanup(&policy).await;
                cleaned.store(true, Ordering::SeqCst);
                return Ok(answer.map(drop)?);
            }
            let user = IDLE + i64::try_from(task)?;
            let mut held = store.create(full(key(user), at(10))?).await?;
            while !cleaned.load(Ordering::SeqCst) {
                held = store.update(&held, &SessionChange::new(at(10))).await?;
                tokio::task::yield_now().await;
            }
            ensure_stored("update beside a cleanup of many", &*store, &held).await
        }
    })
    .await?;
    for user in 0..IDLE {
        ensure_absent("cleanup of many", &*store, &key(user)).await?;
    }
    Ok(())
}

pub(in super::super) async fn a_cleanup_counts_what_it_removed(fixture: Fixture) -> Outcome {
    let store = fixture.store();
    let policy = CleanupPolicy::before(at(0)).keep_scope(Scope::new("kept")?);
    let counted = |what: &str, seen: u64, expected: u64| {
        ensure(seen == expected, || {
            format!("{what}: expected {expected} removed, saw {seen}")
        })
    };
    counted("cleanup of nothing", store.cleanup(&policy).await?.removed, 0)?;
    for user in 1..=9 {
        store.create(plain(key(user), at(-1))).await?;
        store.create(plain(scoped(user, "kept")?, at(-1))).await?;
        store.create(plain(scoped(user, "new")?, at(0))).await?;
    }
    counted("cleanup of 9", store.cleanup(&policy).await?.removed, 9)?;
    counted("cleanup again", store.cleanup(&policy).await?.removed, 0)?;

    // Two at once remove each session once.
    for user in 1..=40 {
        store.create(plain(key(user), at(-1))).await?;
    }
    let handles = [fixture.handle(), fixture.peer().await?];
    let removed = all_at_once(2, |task| {
        let (store, policy) = (Arc::clone(&handles[task]), policy.clone());
        async move { Ok(store.cleanup(&policy).await?.removed) }
    })
    .await?;
    counted("two cleanups of 40 at once", removed.iter().sum(), 40)
}
