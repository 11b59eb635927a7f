//! What an update is answered with, and when.

use std::sync::atomic::Ordering;
use std::time::Duration;

use stepkeep::telegram::Origin;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{Hook, PATH, SECRET, in_time, until};

#[tokio::test]
async fn an_update_is_answered_200_only_when_it_is_acknowledged() {
    let mut hook = Hook::new().await;
    let call = hook.bring(7);
    let delivery = hook.next().await;
    assert_eq!((delivery.update.id, delivery.attempt), (7, 1));
    assert_eq!(delivery.receipt.origin(), Origin::Webhook);
    assert_eq!(delivery.update.raw.get(), r#"{"message":{},"update_id":7}"#);
    // Others are answered while this one is under way.
    let other = hook.bring(8);
    hook.next().await.receipt.acknowledge();
    assert_eq!(in_time(other).await.unwrap().status, 200);
    assert!(!call.is_finished());
    delivery.receipt.acknowledge();
    assert_eq!(in_time(call).await.unwrap().status, 200);
    assert_eq!((hook.counts.acknowledged(), hook.counts.put_off()), (2, 0));
}

#[tokio::test]
async fn an_update_that_is_given_back_is_answered_503_with_a_pause() {
    let mut hook = Hook::new().await;
    let call = hook.bring(7);
    drop(hook.next().await);
    let answered = in_time(call).await.unwrap();
    assert_eq!(answered.status, 503);
    let pause = answered.retry_after.expect("a pause");
    assert!((1..=5).contains(&pause), "{pause}");
    assert!(!answered.closes, "the connection can be used again");
    assert_eq!(hook.counts.put_off(), 1);

    // Telegram sends it again, and it is taken.
    let again = hook.bring(7);
    hook.next().await.receipt.acknowledge();
    assert_eq!(in_time(again).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_same_update_twice_at_once_is_handed_out_twice_and_answered_twice() {
    let mut hook = Hook::new().await;
    let calls = [hook.bring(7), hook.bring(7)];
    let (one, other) = (hook.next().await, hook.next().await);
    assert_eq!((one.update.id, other.update.id), (7, 7));
    one.receipt.acknowledge();
    drop(other);
    let mut answers = Vec::new();
    for call in calls {
        answers.push(in_time(call).await.unwrap().status);
    }
    answers.sort_unstable();
    assert_eq!(answers, [200, 503]);
}

#[tokio::test]
async fn past_the_deadline_the_caller_is_sent_away_and_the_turn_goes_on() {
    let mut hook = Hook::with(|config| config.deadline = Duration::from_millis(20)).await;
    let call = hook.bring(7);
    let delivery = hook.next().await;
    let answered = in_time(call).await.unwrap();
    assert_eq!(answered.status, 503);
    assert!(answered.retry_after.is_some());
    // Whoever handles it doesn't notice.
    delivery.receipt.acknowledge();
    let again = hook.bring(8);
    hook.next().await.receipt.acknowledge();
    assert_eq!(in_time(again).await.unwrap().status, 200);
}

#[tokio::test]
async fn an_update_whose_caller_hangs_up_is_handled_all_the_same() {
    let mut hook = Hook::new().await;
    let address = hook
        .url
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let mut connection = TcpStream::connect(&address).await.unwrap();
    let body = r#"{"update_id":7}"#;
    let call = format!(
        "POST {PATH} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    hook.has_room.send_replace(false);
    connection.write_all(call.as_bytes()).await.unwrap();
    until(|| hook.waiting.load(Ordering::SeqCst) == 1).await;
    drop(connection);
    until(|| hook.counts.hung_up() == 1).await;
    hook.has_room.send_replace(true);
    let delivery = hook.next().await;
    assert_eq!(delivery.update.id, 7);
    delivery.receipt.acknowledge();

    // It comes again, since nobody heard the answer.
    let again = hook.bring(7);
    hook.next().await.receipt.acknowledge();
    assert_eq!(in_time(again).await.unwrap().status, 200);
    assert_eq!((hook.counts.acknowledged(), hook.counts.hung_up()), (1, 1));
}
