//! A session that gets another key: a group that became a supergroup has a new id.

use crate::change::SessionChange;
use crate::engine::{TurnEngine, TurnError};
use crate::error::{StoreError, StoreErrorKind};
use crate::key::SessionKey;
use crate::session::{NewSession, Session};
use crate::turn_state::TurnState;

/// How often the move begins anew when somebody else changes the session meanwhile.
const MAX_ATTEMPTS: u32 = 8;

/// What became of a session that was to be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relocated {
    /// It is under the new key now, and no longer under the old one.
    Moved,
    /// There was none, or it had been moved before.
    Nothing,
    /// Under the new key somebody is in a flow already, who keeps it. What was under the old one is gone.
    Superseded,
}

impl TurnEngine {
    /// Moves a session to another key, with everything in it: data, step, what was seen, what is to be sent, what is
    /// under way.
    ///
    /// It may be called again, by any process, after one that died in the middle: the old session first stops waking
    /// anybody, then the new one is made, then the old one is emptied, but for where it went; so at no moment do two of
    /// them act. An input that was on its way to the old key, in any process, is handled under the new one. The caller
    /// sees to it that inputs for the new key are handled afterwards.
    ///
    /// # Errors
    /// [`TurnError`]: the move may be half done, and calling it again finishes it.
    ///
    /// # Cancellation
    /// As after an error.
    pub async fn relocate(&self, from: &SessionKey, to: &SessionKey) -> Result<Relocated, TurnError> {
        let store = self.store();
        let mut written: Option<Session> = None;
        for _ in 0..MAX_ATTEMPTS {
            let old = store.get(from).await?;
            let Some(mut old) = old.filter(|old| old.turn().moved_to.is_none()) else {
                return Ok(match written {
                    Some(_) => Relocated::Moved,
                    None => Relocated::Nothing,
                });
            };
            if old.wake_at().is_some() {
                let quiet = SessionChange::new(self.clock().now()).wake_at(None);
                match store.update(&old, &quiet).await {
                    Ok(session) => old = session,
                    Err(error) if is_overtaken(&error) => continue,
                    Err(error) => return Err(error.into()),
                }
            }
            let mut superseded = false;
            let made = if let Some(new) = &written {
                store.update(new, &self.contents(&old, Some(new))).await
            } else {
                let new = NewSession::new(to.clone(), self.contents(&old, None));
                match store.create(new).await {
                    Err(error) if error.kind() == StoreErrorKind::AlreadyExists => match error.current() {
                        Some(current) if current.position().is_none() => {
                            store.update(current, &self.contents(&old, Some(current))).await
                        }
                        Some(current) => {
                            // This very move, by a process that died before it was done, looks the same.
                            superseded = current.position() != old.position();
                            Ok(current.clone())
                        }
                        None => Err(error),
                    },
                    made => made,
                }
            };
            match made {
                Ok(new) => written = Some(new),
                Err(error) if is_overtaken(&error) => {
                    // Somebody went on under the new key; what they have there is looked at anew.
                    written = None;
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            match store.update(&old, &self.forwarding(&old, to)).await {
                Ok(_) if superseded => return Ok(Relocated::Superseded),
                Ok(_) => return Ok(Relocated::Moved),
                Err(error) if is_overtaken(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(TurnError::Contention { key: from.clone() })
    }

    /// Leaves nothing in a session but where it is now. It goes when it has been idle, as every session.
    fn forwarding(&self, old: &Session, to: &SessionKey) -> SessionChange {
        let change = SessionChange::new(self.clock().now()).leave_flow().wake_at(None);
        let change = old
            .data()
            .keys()
            .fold(change, |change, name| change.unset(name.clone()));
        change.turn(TurnState {
            moved_to: Some(to.chat()),
            ..TurnState::default()
        })
    }

    /// Everything that is in a session, as a change. What was seen under the new key stays seen.
    fn contents(&self, old: &Session, current: Option<&Session>) -> SessionChange {
        let mut turn = old.turn().clone();
        if let Some(current) = current {
            turn.seen.join(&current.turn().seen);
        }
        let wake_at = turn.wake_at();
        let change = SessionChange::new(self.clock().now());
        let change = match old.position() {
            Some(position) => change.go_to(position.clone()),
            None => change.leave_flow(),
        };
        let change = old.data().iter().fold(change, |change, (name, value)| {
            change.set(name.clone(), value.clone())
        });
        change.turn(turn).wake_at(wake_at)
    }
}

fn is_overtaken(error: &StoreError) -> bool {
    matches!(
        error.kind(),
        StoreErrorKind::Conflict | StoreErrorKind::NotFound | StoreErrorKind::AlreadyExists
    )
}
