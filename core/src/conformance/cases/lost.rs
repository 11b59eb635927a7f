//! Writes that are lost on their way to the store, or whose answers are on their way back.

use std::future::Future;

use super::super::case::{Fixture, Outcome};
use super::super::check::{brief, ensure, ensure_absent, ensure_same, ensure_stored};
use super::super::samples::{at, field, key, plain};
use super::super::target::Loss;
use super::outage::until_reachable;
use crate::change::SessionChange;
use crate::error::{StoreError, StoreErrorKind};
use crate::field::FieldValue;
use crate::key::SessionKey;
use crate::session::Session;

/// How often each write is lost in each way.
const TIMES: i64 = 3;

/// Every loss, with the user whose session it befalls.
fn losses() -> impl Iterator<Item = (i64, Loss)> {
    (1..=2 * TIMES).zip([Loss::Request, Loss::Answer].into_iter().cycle())
}

/// Loses the call, and checks that its answer says no more than is true. `happened` and `did_not` are what is stored
/// after it and without it.
async fn lose<T>(
    fixture: &Fixture,
    what: &str,
    loss: Loss,
    call: impl Future<Output = Result<T, StoreError>>,
    key: &SessionKey,
    (happened, did_not): (Option<&Session>, Option<&Session>),
) -> Outcome {
    let what = format!(
        "{what} whose {} is lost",
        match loss {
            Loss::Request => "request",
            Loss::Answer => "answer",
        }
    );
    let before = fixture.lost_writes();
    fixture.lose_next_write(loss).await?;
    let answer = call.await;
    ensure(fixture.lost_writes() > before, || {
        format!("{what}: the target lost nothing")
    })?;
    let stored = until_reachable(|| fixture.store().get(key)).await?;
    let is = |expected: Option<&Session>| {
        stored.as_ref().map(Session::revision) == expected.map(Session::revision)
    };
    let shown = stored.as_ref().map_or_else(|| "nothing".to_owned(), brief);
    let holds = match &answer {
        // The store cleared it up by itself.
        Ok(_) => is(happened),
        Err(error) => match error.kind() {
            StoreErrorKind::Indeterminate => is(happened) || is(did_not),
            StoreErrorKind::Unavailable => is(did_not),
            _ => false,
        },
    };
    ensure(holds, || {
        let said = match &answer {
            Ok(_) => "a success".to_owned(),
            Err(error) => format!("{}: {error}", error.kind().as_str()),
        };
        format!("{what}: it answered {said}, and stored is {shown}")
    })
}

pub(in super::super) async fn a_create_that_is_lost_on_its_way_is_never_answered_wrongly(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    for (user, loss) in losses() {
        let new = plain(key(user), at(0));
        let session = new.session();
        let states = (Some(&session), None);
        lose(
            &fixture,
            "a create",
            loss,
            store.create(new.clone()),
            new.key(),
            states,
        )
        .await?;
        let again = until_reachable(|| store.create(new.clone())).await?;
        ensure_same("a create that was lost, made again", &again, &session)?;
        ensure_stored("a create that was lost", store, &session).await?;
    }
    Ok(())
}

pub(in super::super) async fn an_update_that_is_lost_on_its_way_is_never_answered_wrongly(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    for (user, loss) in losses() {
        let held = until_reachable(|| store.create(plain(key(user), at(0)))).await?;
        let change = SessionChange::new(at(1)).set(field("city"), FieldValue::text("Dallas"));
        let updated = change.apply(&held);
        let states = (Some(&updated), Some(&held));
        lose(
            &fixture,
            "an update",
            loss,
            store.update(&held, &change),
            held.key(),
            states,
        )
        .await?;
        let again = until_reachable(|| store.update(&held, &change)).await?;
        ensure_same("an update that was lost, made again", &again, &updated)?;
        ensure_stored("an update that was lost", store, &updated).await?;
    }
    Ok(())
}

pub(in super::super) async fn a_clear_that_is_lost_on_its_way_is_never_answered_wrongly(
    fixture: Fixture,
) -> Outcome {
    let store = fixture.store();
    for (user, loss) in losses() {
        let held = until_reachable(|| store.create(plain(key(user), at(0)))).await?;
        let expected = (user % 4 < 2).then(|| held.revision());
        let states = (None, Some(&held));
        lose(
            &fixture,
            "a clear",
            loss,
            store.clear(held.key(), expected),
            held.key(),
            states,
        )
        .await?;
        until_reachable(|| store.clear(held.key(), expected)).await?;
        ensure_absent("a clear that was lost, made again", store, held.key()).await?;
    }
    Ok(())
}
