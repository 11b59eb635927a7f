//! A server that is told to stop.

use crate::support::{Answered, Hook, in_time};

#[tokio::test]
async fn whoever_comes_late_is_sent_away_while_those_under_way_are_answered() {
    let mut hook = Hook::new().await;
    let (done, not_done) = (hook.bring(1), hook.bring(2));
    let mut deliveries = vec![hook.next().await, hook.next().await];
    deliveries.sort_by_key(|delivery| delivery.update.id);
    hook.stopping.cancel();

    let late = in_time(hook.bring(3)).await.unwrap();
    let sent_away = Answered {
        status: 503,
        retry_after: Some(1),
        closes: true,
    };
    assert_eq!(late, sent_away);
    hook.handed_out_nothing();

    let given_back = deliveries.pop().unwrap();
    deliveries.pop().unwrap().receipt.acknowledge();
    drop(given_back);
    assert_eq!(in_time(done).await.unwrap().status, 200);
    assert_eq!(in_time(not_done).await.unwrap(), sent_away);

    // What can't be read is not put aside by a process that stops, either.
    let unreadable = hook.post("nonsense").send().await.unwrap();
    assert_eq!(unreadable.status(), 503);
    assert!(hook.aside.kept.lock().is_empty());
}

#[tokio::test]
async fn it_ends_when_the_last_call_is_answered() {
    let mut hook = Hook::new().await;
    let call = hook.bring(1);
    let delivery = hook.next().await;
    hook.stopping.cancel();
    hook.close.cancel();
    // No connection is taken any more.
    in_time(async {
        while hook.http.get(&hook.url).send().await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!hook.serving.is_finished(), "a call is under way");
    delivery.receipt.acknowledge();
    assert_eq!(in_time(call).await.unwrap().status, 200);
    in_time(hook.serving).await.unwrap().unwrap();
}
