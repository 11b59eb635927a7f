use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use super::*;
use crate::telegram::{BotToken, ClientConfig, Method};

fn sender() -> Sender {
    let client = TelegramClient::new(BotToken::parse("1:a").unwrap(), &ClientConfig::default()).unwrap();
    Sender::new(client, SenderConfig::default())
}

fn failure(kind: TelegramErrorKind) -> Result<u32, TelegramError> {
    Err(TelegramError::new(Method::new("sendMessage"), kind))
}

fn told_to_wait(seconds: u64) -> Result<u32, TelegramError> {
    failure(TelegramErrorKind::RetryAfter(Duration::from_secs(seconds)))
}

/// Delivers to `chat` what answers `answers` one after the other.
async fn deliver(
    sender: &Sender,
    chat: Option<i64>,
    answers: impl IntoIterator<Item = Result<u32, TelegramError>>,
) -> Result<u32, TelegramErrorKind> {
    let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
    let attempt = || {
        let answer = answers
            .lock()
            .pop_front()
            .expect("no further attempt is expected");
        async move { answer }
    };
    let result = sender.deliver(chat.map(ChatId), attempt).await;
    assert!(answers.lock().is_empty(), "attempts are missing");
    result.map_err(|error| error.kind().clone())
}

#[tokio::test(start_paused = true)]
async fn a_429_is_waited_out_for_as_long_as_it_says_and_nothing_is_lost() {
    let (sender, start) = (sender(), Instant::now());
    assert_eq!(
        deliver(&sender, Some(1), [told_to_wait(7), told_to_wait(90), Ok(5)]).await,
        Ok(5)
    );
    assert_eq!(start.elapsed().as_secs(), 97);
}

#[tokio::test(start_paused = true)]
async fn while_one_chat_waits_another_goes_out_at_once() {
    let (sender, start) = (sender(), Instant::now());
    let paused = async {
        deliver(&sender, Some(1), [told_to_wait(30), Ok(1)])
            .await
            .unwrap();
        start.elapsed()
    };
    let others = async {
        sleep(Duration::from_secs(1)).await;
        deliver(&sender, Some(2), [Ok(2)]).await.unwrap();
        deliver(&sender, None, [Ok(3)]).await.unwrap();
        let free = start.elapsed();
        deliver(&sender, Some(1), [Ok(4)]).await.unwrap();
        (free, start.elapsed())
    };
    let (first, (free, second)) = tokio::join!(paused, others);
    assert_eq!((first.as_secs(), free.as_secs(), second.as_secs()), (30, 1, 30));
}

#[tokio::test(start_paused = true)]
async fn when_several_chats_are_told_to_wait_at_once_everything_waits() {
    let (sender, start) = (sender(), Instant::now());
    let chats = (1..=3).map(|chat| deliver(&sender, Some(chat), [told_to_wait(9), Ok(1)]));
    let bystander = async {
        sleep(Duration::from_secs(1)).await;
        deliver(&sender, Some(77), [Ok(2)]).await.unwrap();
        start.elapsed()
    };
    let (_, bystander) = tokio::join!(futures::future::join_all(chats), bystander);
    assert_eq!(bystander.as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn server_and_network_trouble_is_tried_again() {
    use TelegramErrorKind::{Network, Server, Timeout};
    let answers = [failure(Server(502)), failure(Network), failure(Timeout), Ok(5)];
    assert_eq!(deliver(&sender(), Some(1), answers).await, Ok(5));
}

#[tokio::test(start_paused = true)]
async fn lasting_trouble_is_given_up_after_the_deadline() {
    let (sender, start, attempts) = (sender(), Instant::now(), Arc::new(AtomicUsize::new(0)));
    let attempt = || {
        attempts.fetch_add(1, SeqCst);
        async { failure(TelegramErrorKind::Server(500)) }
    };
    let error = sender.deliver(Some(ChatId(1)), attempt).await.unwrap_err();
    assert_eq!(*error.kind(), TelegramErrorKind::Server(500));
    assert!(start.elapsed() < SenderConfig::default().retry_for);
    assert!(attempts.load(SeqCst) > 5);
}

#[tokio::test(start_paused = true)]
async fn what_can_not_get_better_goes_back_at_once() {
    use TelegramErrorKind as Kind;
    let start = Instant::now();
    let kinds = [
        Kind::ChatGone("Forbidden: bot was blocked by the user".to_owned()),
        Kind::MigratedTo(-100),
        Kind::NotModified,
        Kind::QueryTooOld,
        Kind::BadRequest("Bad Request: message text is empty".to_owned()),
        Kind::Malformed("line 1 column 1".to_owned()),
    ];
    for kind in kinds {
        assert_eq!(
            deliver(&sender(), Some(1), [failure(kind.clone())]).await,
            Err(kind)
        );
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn replies_sent_one_after_the_other_keep_their_order_through_a_pause() {
    let (sender, order) = (sender(), Mutex::new(Vec::new()));
    for number in 0..3 {
        let refused = AtomicUsize::new(0);
        let attempt = || {
            let first = refused.fetch_add(1, SeqCst) == 0;
            let answer = if first { told_to_wait(3) } else { Ok(number) };
            if answer.is_ok() {
                order.lock().push(number);
            }
            async move { answer }
        };
        sender.deliver(Some(ChatId(1)), attempt).await.unwrap();
    }
    assert_eq!(*order.lock(), [0, 1, 2]);
}
