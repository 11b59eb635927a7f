//! teloxide's `dialogue::enter`, with keys that have more than the chat.

use std::ops::ControlFlow;
use std::sync::Arc;

use ::teloxide::dispatching::DpHandlerDescription;
use ::teloxide::dispatching::dialogue::Dialogue;
use ::teloxide::dptree::di::DependencyMap;
use ::teloxide::dptree::{Handler, HandlerSignature, Type, from_fn};
use ::teloxide::types::Update;

use super::error::DialogueError;
use super::format::DialogueFormat;
use super::keys::DialogueKeys;
use super::storage::TeloxideStorage;
use super::view::DialogueView;

/// Enters a dialogue as teloxide's `dialogue::enter` does, but one per person, per topic, or both.
///
/// Handlers take the state, and `Dialogue<D, DialogueView<F>>` where they took `Dialogue<D, S>`. Three things differ from
/// `dialogue::enter`:
/// - A dialogue that can't be read ends the chain with the error, instead of a line in the log and the next branch.
/// - Someone without a dialogue gets `D::default()`, and nothing is stored until a handler updates it.
/// - An update that doesn't say whose dialogue it belongs to (a channel's post has no person, a tap on a message that is
///   gone has no topic) is passed on to the next branch, as one without a chat is.
///
/// # Dependency requirements
/// - `Arc<TeloxideStorage<F>>`
/// - [`Update`], which the dispatcher always has.
///
/// ```
/// # use std::sync::Arc;
/// # use stepkeep_core::{BotId, MemoryStorage};
/// use stepkeep_core::teloxide::{DialogueKeys, DialogueView, JsonFormat, TeloxideStorage, enter_dialogue_by};
/// use teloxide::dispatching::UpdateFilterExt;
/// use teloxide::dispatching::dialogue::Dialogue;
/// use teloxide::dptree;
/// use teloxide::types::Update;
///
/// #[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
/// struct Score(u32);
///
/// type Failure = Box<dyn std::error::Error + Send + Sync>;
///
/// async fn count(dialogue: Dialogue<Score, DialogueView>, Score(score): Score) -> Result<(), Failure> {
///     dialogue.update(Score(score + 1)).await?;
///     Ok(())
/// }
///
/// let storage = TeloxideStorage::new(Arc::new(MemoryStorage::new()), BotId(7)).into_shared();
/// let handler = Update::filter_message()
///     .chain(enter_dialogue_by::<JsonFormat, Score, (), Failure>(DialogueKeys::User))
///     .endpoint(count);
/// let dependencies = dptree::deps![storage];
/// # let _ = (handler, dependencies);
/// ```
#[must_use]
#[track_caller]
pub fn enter_dialogue_by<F, D, T, E>(
    keys: DialogueKeys,
) -> Handler<'static, Result<T, E>, DpHandlerDescription>
where
    F: DialogueFormat<D>,
    D: Default + Clone + Send + Sync + 'static,
    T: Send + Sync + 'static,
    E: From<DialogueError> + Send + Sync + 'static,
{
    let signature = HandlerSignature::Other {
        obligations: [Type::of::<Update>(), Type::of::<Arc<TeloxideStorage<F>>>()]
            .map(|needed| (needed, std::panic::Location::caller()))
            .into(),
        guaranteed_outcomes: [Type::of::<Dialogue<D, DialogueView<F>>>(), Type::of::<D>()].into(),
        conditional_outcomes: [].into(),
        continues: true,
    };
    from_fn(
        move |container: DependencyMap, cont| async move {
            let update = container.get::<Update>();
            let (Some(chat), Some(part)) = (update.chat(), keys.part(&update)) else {
                return ControlFlow::Continue(container);
            };
            let storage = container.get::<Arc<TeloxideStorage<F>>>();
            let view = DialogueView::of_part(Arc::clone(&storage), part);
            let dialogue = Dialogue::<D, _>::new(Arc::new(view), chat.id);
            let state = match dialogue.get().await {
                Ok(state) => state.unwrap_or_default(),
                Err(error) => return ControlFlow::Break(Err(error.into())),
            };
            let mut inner = container.clone();
            inner.insert(dialogue);
            inner.insert(state);
            match cont(inner).await {
                ControlFlow::Continue(_) => ControlFlow::Continue(container),
                done @ ControlFlow::Break(_) => done,
            }
        },
        signature,
    )
}
