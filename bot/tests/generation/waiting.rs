//! Generations that have to wait for their turn at the API.

use std::sync::Arc;
use std::time::Duration;

use stepkeep::effects::{EffectResult, Effects as _, GenerationCare};
use stepkeep::flows::generation::calls::{Job, SUBMIT, SubmitOutcome};
use stepkeep::generation::{Allowance, ModelId};
use stepkeep_core::{FieldValue, FlowName, PendingEffect, Timestamp, UserId};

use crate::studio::{Studio, usd};

const USER: UserId = UserId(1);

/// One create at a time, and a hold that makes each wait last for a tenth of a second.
async fn crowded_studio() -> Studio {
    let care = GenerationCare {
        hold: Duration::from_millis(200),
        ..GenerationCare::default()
    };
    let creates = Allowance {
        calls: 1,
        within: Duration::from_millis(700),
    };
    Studio::open_with(creates, care).await
}

fn job(number: i64) -> Job {
    let input = serde_json::json!({ "prompt": format!("picture {number}"), "aspect_ratio": "1:1" });
    Job {
        id: format!("generation-{number}"),
        user: USER,
        model: ModelId::new("z-image").unwrap(),
        title: "Z-Image".to_owned(),
        price: usd(1),
        message: None,
        input: input.as_object().cloned().unwrap(),
    }
}

async fn submit(studio: &Studio, job: &Job) -> SubmitOutcome {
    let effect = PendingEffect {
        id: format!("e-{}", job.id),
        flow: FlowName::constant("generation"),
        name: SUBMIT.to_owned(),
        payload: FieldValue::new(job).unwrap(),
        outlives_flow: true,
        recoveries: 0,
        lease_millis: 75_000,
        requested_at: Timestamp::EPOCH,
        recover_at: Timestamp::EPOCH,
    };
    match studio.effects.run(&effect).await {
        EffectResult::Finished(outcome) => outcome.get().unwrap(),
        EffectResult::Later => panic!("waiting for a turn is no trouble"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_turn_comes_to_an_end_each_time_and_is_made_once() {
    let studio = Arc::new(crowded_studio().await);
    studio.credit(USER, 100).await;
    let made = (0..4).map(|number| {
        let studio = Arc::clone(&studio);
        tokio::spawn(async move {
            let mut job = job(number);
            let mut waited = 0;
            loop {
                match submit(&studio, &job).await {
                    SubmitOutcome::Waiting { input } => {
                        waited += 1;
                        job.input = input;
                    }
                    SubmitOutcome::Submitted { .. } => return waited,
                    other => panic!("{other:?}"),
                }
            }
        })
    });
    let waited: Vec<u32> = futures::future::join_all(made)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(waited.iter().any(|times| *times > 1), "{waited:?}");
    assert_eq!(studio.tasks().await.len(), 4);
    assert_eq!(studio.balance(USER).await, (100, 4), "each is reserved once");
}

#[tokio::test]
async fn who_called_it_off_while_it_waited_pays_nothing() {
    let studio = crowded_studio().await;
    studio.credit(USER, 100).await;
    assert!(matches!(
        submit(&studio, &job(1)).await,
        SubmitOutcome::Submitted { .. }
    ));
    assert!(matches!(
        submit(&studio, &job(2)).await,
        SubmitOutcome::Waiting { .. }
    ));
    studio.ledger.cancel(USER, "generation-2").await.unwrap();
    assert_eq!(submit(&studio, &job(2)).await, SubmitOutcome::Cancelled);
    assert_eq!(studio.tasks().await.len(), 1);
    assert_eq!(studio.balance(USER).await, (100, 1));
}

#[tokio::test]
async fn who_waited_for_too_long_is_told_and_pays_nothing() {
    let care = GenerationCare {
        hold: Duration::from_millis(200),
        overdue: Duration::ZERO,
    };
    let creates = Allowance {
        calls: 1,
        within: Duration::from_hours(1),
    };
    let studio = Studio::open_with(creates, care).await;
    studio.credit(USER, 100).await;
    assert!(matches!(
        submit(&studio, &job(1)).await,
        SubmitOutcome::Submitted { .. }
    ));
    assert!(matches!(
        submit(&studio, &job(2)).await,
        SubmitOutcome::Waiting { .. }
    ));
    let ended = submit(&studio, &job(2)).await;
    assert!(matches!(ended, SubmitOutcome::Failed(_)), "{ended:?}");
    assert_eq!(studio.balance(USER).await, (100, 1));
}
