//! Calls that are none of Telegram's.

use reqwest::Body;
use stepkeep::telegram::webhook::SECRET_HEADER;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Answered, Hook, PATH, SECRET, in_time};

const UPDATE: &str = r#"{"update_id":7}"#;

#[tokio::test]
async fn without_the_whole_secret_nobody_gets_in() {
    let mut hook = Hook::new().await;
    let json = |secret: Option<&str>| {
        let request = hook
            .http
            .post(&hook.url)
            .header("content-type", "application/json");
        let request = secret
            .into_iter()
            .fold(request, |request, secret| request.header(SECRET_HEADER, secret));
        request.body(UPDATE).send()
    };
    for wrong in [
        None,
        Some(""),
        Some("open-sesam"),
        Some("open-sesame1"),
        Some("OPEN-SESAME"),
    ] {
        let answered = Answered::of(&json(wrong).await.unwrap());
        assert_eq!((answered.status, answered.retry_after), (401, None), "{wrong:?}");
    }
    assert_eq!(hook.counts.unauthorized(), 5);
    hook.handed_out_nothing();
    assert!(hook.aside.kept.lock().is_empty());

    let call = hook.bring(7);
    hook.next().await.receipt.acknowledge();
    assert_eq!(in_time(call).await.unwrap().status, 200);
}

#[tokio::test]
async fn nothing_of_the_body_is_waited_for_before_the_secret_is_right() {
    let hook = Hook::new().await;
    let address = hook
        .url
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let mut connection = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    in_time(connection.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
}

#[tokio::test]
async fn other_paths_methods_and_content_types_are_refused() {
    let mut hook = Hook::new().await;
    let call = |method: &str, url: &str, kind: &str| {
        hook.http
            .request(method.parse().unwrap(), url)
            .header("content-type", kind)
            .header(SECRET_HEADER, SECRET)
            .body(UPDATE)
            .send()
    };
    let root = hook.url.trim_end_matches(PATH).to_owned();
    for (method, url, kind, expected) in [
        ("POST", root.clone(), "application/json", 404),
        ("POST", format!("{}/", hook.url), "application/json", 404),
        ("GET", root, "application/json", 404),
        ("GET", hook.url.clone(), "application/json", 405),
        ("PUT", hook.url.clone(), "application/json", 405),
        ("POST", hook.url.clone(), "text/plain", 400),
        ("POST", hook.url.clone(), "application/x-www-form-urlencoded", 400),
    ] {
        let answer = call(method, &url, kind).await.unwrap();
        assert_eq!(answer.status(), expected, "{method} {url} {kind}");
    }
    hook.handed_out_nothing();
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_its_length_is_told_or_not() {
    let mut hook = Hook::with(|config| config.body_limit = 100).await;
    let long = format!(r#"{{"update_id":7,"x":"{}"}}"#, "x".repeat(100));
    assert_eq!(hook.post(long.clone()).send().await.unwrap().status(), 413);
    let chunks = futures::stream::iter(
        long.into_bytes()
            .chunks(30)
            .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
            .collect::<Vec<_>>(),
    );
    let chunked = hook.post(Body::wrap_stream(chunks)).send().await.unwrap();
    assert_eq!(chunked.status(), 413);
    hook.handed_out_nothing();
    assert!(hook.aside.kept.lock().is_empty());

    let fits = format!(r#"{{"update_id":8,"x":"{}"}}"#, "x".repeat(70));
    let call = tokio::spawn(hook.post(fits).send());
    hook.next().await.receipt.acknowledge();
    assert_eq!(in_time(call).await.unwrap().unwrap().status(), 200);
}
