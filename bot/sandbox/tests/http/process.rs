//! The command, as a process.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
};

use stepkeep_sandbox::{Config, Part, Sandbox, StartError};

use crate::support::{Room, until};

fn serve(listen: &str, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_stepkeep-sandbox"))
        .args(["serve", "--listen", listen])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn it_says_where_it_listens_and_ends_well_when_asked_to() {
    let mut process = serve("127.0.0.1:0", &["--only", "telegram"]);
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let root = first.split_whitespace().last().unwrap();
    let url = format!("{root}bot42:secret/getMe");
    let status = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(url)
        .send()
        .await
        .unwrap()
        .status();
    assert_eq!(status, 200);
    let kill = Command::new("kill")
        .args(["-TERM", &process.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let mut process = serve(&sandbox.address().to_string(), &[]);
    assert_eq!(process.wait().unwrap().code(), Some(1));
    let mut said = String::new();
    process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(
        said.contains(&format!("{} is in use", sandbox.address())),
        "{said}"
    );
    let taken = Config {
        listen: sandbox.address(),
        ..Config::default()
    };
    assert!(matches!(
        Sandbox::bind(taken).await,
        Err(StartError::AddressInUse(_))
    ));
}

#[test]
fn an_unknown_part_is_refused_with_those_that_exist() {
    let mut process = serve("127.0.0.1:0", &["--only", "telegram,coffee"]);
    assert_eq!(process.wait().unwrap().code(), Some(2));
    let mut said = String::new();
    process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(
        said.contains("coffee") && said.contains("telegram, shipping, generation"),
        "{said}"
    );
}

#[tokio::test]
async fn a_sandbox_that_stops_ends_long_polls_and_frees_its_port() {
    let Room { sandbox, http } = Room::new().await;
    let (address, root) = (sandbox.address(), sandbox.url());
    let poll = tokio::spawn(
        http.get(format!("{root}/bot42:secret/getUpdates?timeout=50"))
            .send(),
    );
    until(|| async {
        let bots = http.get(format!("{root}/sim/bots")).send().await.unwrap();
        bots.text().await.unwrap() != "[]"
    })
    .await;
    sandbox.stop().await;
    assert_eq!(poll.await.unwrap().unwrap().status(), 200);
    Sandbox::start(Config {
        listen: address,
        ..Config::default()
    })
    .await
    .unwrap()
    .stop()
    .await;
}

#[tokio::test]
async fn only_the_chosen_parts_are_served() {
    for (part, telegram, shipping, generation) in [
        (Part::Telegram, 200, 404, 404),
        (Part::Shipping, 404, 200, 404),
        (Part::Generation, 404, 404, 200),
    ] {
        let room = Room::with(Config {
            parts: [part].into(),
            ..Config::default()
        })
        .await;
        let status = async |path: &str| {
            let request = room.http.get(room.address(path)).header("api-key", "TEST_key");
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(status("/bot42:secret/getMe").await, telegram);
        assert_eq!(status("/shipping/v2/carriers").await, shipping);
        assert_eq!(status("/generation/api/v1/models").await, generation);
    }
}
