//! Whether the bot is alive, and whether it can do its work.

use std::net::TcpListener;
use std::sync::Arc;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use stepkeep::config::{Delivery, StatusListen, StatusSettings};
use stepkeep::flows::flow_maps;
use stepkeep::observation::{Batched, Observer, Observers, UpdateCame};
use stepkeep::status::{Activity, MetricsSource, Status, StatusParts, StatusServer, StatusToken};
use stepkeep::telegram::{BotToken, Origin};
use stepkeep_core::{Fault, MemoryStorage, StoreOperation, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::support::{BOT_TOKEN, Bot, TOKEN, eventually};

fn reason(readiness: &Value, name: &str) -> Value {
    let checks = readiness["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(check["ok"], check["reason"].is_null(), "{check}");
    check["reason"].clone()
}

#[tokio::test]
async fn a_store_that_is_down_makes_the_bot_unready_and_not_dead() {
    let bot = Bot::start().await;
    let (status, readiness) = bot.readiness().await;
    assert_eq!((status, &readiness["ready"]), (200, &Value::Bool(true)));

    bot.faults.inject(Fault::unavailable(StoreOperation::Get));
    eventually(async || bot.readiness().await.0 == 503).await;
    let (_, readiness) = bot.readiness().await;
    assert_eq!(readiness["ready"], false);
    assert_eq!(reason(&readiness, "store"), "unavailable");
    assert_eq!(reason(&readiness, "telegram"), Value::Null);
    assert_eq!(bot.get("/healthz").send().await.unwrap().status(), 200);

    bot.faults.heal();
    eventually(async || bot.readiness().await.0 == 200).await;
    bot.end().await;
}

#[tokio::test]
async fn asking_often_is_no_load_for_the_store() {
    let bot = Bot::start().await;
    bot.readiness().await;
    bot.faults
        .inject(Fault::unavailable(StoreOperation::Get).times(1));
    let began = bot.faults.struck();
    for _ in 0..200 {
        bot.readiness().await;
    }
    assert!(bot.faults.struck() - began <= 1);
    bot.end().await;
}

/// A status without a bot.
fn status(metrics: Option<MetricsSource>, stopping: &CancellationToken) -> Status {
    Status::new(parts(metrics, stopping))
}

fn parts(metrics: Option<MetricsSource>, stopping: &CancellationToken) -> StatusParts {
    let clock = Arc::new(SystemClock);
    StatusParts {
        bot: BotToken::parse(BOT_TOKEN).unwrap(),
        delivery: Delivery::Polling,
        store: Arc::new(MemoryStorage::new()),
        administration: Some(Arc::new(MemoryStorage::new())),
        backend: "memory".to_owned(),
        flows: flow_maps(),
        activity: Arc::new(Activity::new(Arc::<SystemClock>::clone(&clock))),
        batched: None,
        metrics,
        clock,
        stopping: stopping.clone(),
    }
}

fn at(listen: StatusListen) -> StatusSettings {
    StatusSettings { listen, token: None }
}

fn request(server: &StatusServer, path: &str) -> RequestBuilder {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    http.get(format!("http://{}{path}", server.address()))
}

/// What somebody without a token gets.
async fn answer(server: &StatusServer, path: &str) -> (u16, String) {
    let answer = request(server, path).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_bot_that_starts_and_one_that_stops_are_not_ready() {
    let stopping = CancellationToken::new();
    let anywhere = at(StatusListen::At("127.0.0.1:0".parse().unwrap()));
    let server = StatusServer::start(&anywhere, &status(None, &stopping))
        .await
        .unwrap()
        .unwrap();
    for (expected, act) in [("starting", None), ("draining", Some(&stopping))] {
        if let Some(stopping) = act {
            stopping.cancel();
        }
        let (status, text) = answer(&server, "/readyz").await;
        let readiness: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, reason(&readiness, "accepting")), (503, expected.into()));
        assert_eq!(reason(&readiness, "telegram"), "not asked yet");
        assert_eq!(answer(&server, "/healthz").await, (200, "ok\n".to_owned()));
    }
    server.stop().await;
}

#[tokio::test]
async fn metrics_are_whatever_their_source_says() {
    let anywhere = at(StatusListen::At("127.0.0.1:0".parse().unwrap()));
    let source: MetricsSource = Arc::new(|| "stepkeep_turns_total 7\n".to_owned());
    let status = |metrics| status(metrics, &CancellationToken::new());
    let with = StatusServer::start(&anywhere, &status(Some(source)))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        answer(&with, "/metrics").await,
        (200, "stepkeep_turns_total 7\n".to_owned())
    );
    let without = StatusServer::start(&anywhere, &status(None))
        .await
        .unwrap()
        .unwrap();
    let (code, text) = answer(&without, "/metrics").await;
    assert!(code == 404 && text.contains("without metrics"), "{code} {text}");
}

#[tokio::test]
async fn what_still_waits_in_a_batch_is_shown() {
    let anywhere = StatusSettings {
        token: Some(StatusToken::parse(TOKEN).unwrap()),
        ..at(StatusListen::At("127.0.0.1:0".parse().unwrap()))
    };
    let mut parts = parts(None, &CancellationToken::new());
    let seen: Arc<dyn Observer> = Arc::<Activity>::clone(&parts.activity);
    let batched = Arc::new(Batched::new(Observers::new([seen])));
    parts.batched = Some(Arc::clone(&batched));
    let server = StatusServer::start(&anywhere, &Status::new(parts))
        .await
        .unwrap()
        .unwrap();
    for update_id in 1..4 {
        batched.update_came(&UpdateCame {
            update_id,
            origin: Origin::Polling,
            kind: "text",
            attempt: 1,
        });
        let asked = request(&server, "/api/telegram/status").bearer_auth(TOKEN);
        let shown: Value = asked.send().await.unwrap().json().await.unwrap();
        assert_eq!(
            (&shown["updates"], &shown["last_update"]["id"]),
            (&update_id.into(), &update_id.into()),
            "{shown}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn an_address_that_is_taken_stops_only_who_chose_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let status = status(None, &CancellationToken::new());
    let chosen = StatusServer::start(&at(StatusListen::At(address)), &status).await;
    assert!(chosen.unwrap_err().to_string().contains(&address.to_string()));
    let default = StatusServer::start(&at(StatusListen::Default(address)), &status).await;
    assert!(default.unwrap().is_none());
    let off = StatusServer::start(&at(StatusListen::Off), &status).await;
    assert!(off.unwrap().is_none());
    let another = StatusServer::start(&at(StatusListen::OrAnotherPort(address)), &status).await;
    assert_ne!(another.unwrap().unwrap().address(), address);
}

#[tokio::test]
async fn where_others_can_reach_it_the_dashboard_is_closed_without_a_token() {
    let everywhere = at(StatusListen::At("0.0.0.0:0".parse().unwrap()));
    let status = status(None, &CancellationToken::new());
    let server = StatusServer::start(&everywhere, &status).await.unwrap().unwrap();
    assert_eq!(server.link(), None);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let port = server.address().port();
    let page = http
        .get(format!("http://127.0.0.1:{port}/?token="))
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 403);
    assert!(page.text().await.unwrap().contains("STEPKEEP_STATUS_TOKEN"));
    let health = http
        .get(format!("http://127.0.0.1:{port}/healthz"))
        .send()
        .await
        .unwrap();
    assert_eq!(health.status(), 200);
}

#[tokio::test]
async fn a_link_works_once_and_who_only_asks_for_the_head_does_not_use_it_up() {
    let anywhere = at(StatusListen::At("127.0.0.1:0".parse().unwrap()));
    let status = status(None, &CancellationToken::new());
    let server = StatusServer::start(&anywhere, &status).await.unwrap().unwrap();
    let link = server.link().unwrap();
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let http = http.build().unwrap();
    assert_eq!(http.head(&link).send().await.unwrap().status(), 401);
    assert_eq!(http.get(&link).send().await.unwrap().status(), 303);
    assert_eq!(http.get(&link).send().await.unwrap().status(), 401);
    assert_ne!(server.link().unwrap(), link);
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_so_and_heads_have_no_body() {
    let bot = Bot::start().await;
    for (method, path, code) in [
        (Method::GET, "/nothing", 404),
        (Method::GET, "/assets/../Cargo.toml", 404),
        (Method::GET, "/assets/nothing.js", 404),
        (Method::POST, "/healthz", 405),
        (Method::GET, "/sign-in", 405),
        (Method::GET, "/dashboard", 303),
        (Method::HEAD, "/healthz", 200),
        (Method::HEAD, "/readyz", 200),
    ] {
        let is_head = method == Method::HEAD;
        let answer = bot.request(method, path).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(answer.status(), code, "{path}");
        if is_head {
            assert_eq!(answer.text().await.unwrap(), "");
        }
    }
    bot.end().await;
}
