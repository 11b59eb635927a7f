//! What comes with the secret and is no update.

use crate::support::{Answered, Hook, in_time};

#[tokio::test]
async fn what_can_not_be_read_is_put_aside_with_its_text_and_comes_no_more() {
    let mut hook = Hook::new().await;
    for body in [r#"{"message":{"text":"hi"}}"#, "nonsense", "", "[]", "\u{1F980}"] {
        let answer = hook.post(body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{body:?}");
    }
    let kept: Vec<_> = hook.aside.kept.lock().clone();
    let texts: Vec<_> = kept.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(
        texts,
        [r#"{"message":{"text":"hi"}}"#, "nonsense", "", "[]", "\u{1F980}"]
    );
    assert_eq!(kept[0].1, "it has no update_id");
    assert_eq!(hook.counts.unreadable(), 5);
    hook.handed_out_nothing();

    // An update that is readable by its id alone is for whoever handles it.
    let call = hook.bring(7);
    hook.next().await.receipt.acknowledge();
    assert_eq!(in_time(call).await.unwrap().status, 200);
}

#[tokio::test]
async fn what_can_not_be_put_aside_comes_again() {
    let hook = Hook::new().await;
    *hook.aside.is_broken.lock() = true;
    let answered = Answered::of(&hook.post("nonsense").send().await.unwrap());
    assert_eq!(answered.status, 503);
    assert!(answered.retry_after.is_some());
    assert_eq!(hook.counts.unreadable(), 0);

    *hook.aside.is_broken.lock() = false;
    assert_eq!(hook.post("nonsense").send().await.unwrap().status(), 200);
    assert_eq!(hook.counts.unreadable(), 1);
}
