//! Several processes on one file, and processes that are killed.
//!
//! Each test plays both parts: it starts the program that it is in again, with its own name and the file's path, and
//! that copy of it is the other process.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use stepkeep_core::{SessionStore, StoreErrorKind};
use stepkeep_storage_sqlite::{SqliteConfig, SqliteStorage};

use crate::{get, key, n_of, new_file, new_session, open, raw, set_n};

const FILE: &str = "STEPKEEP_TEST_FILE";

/// The file that the other process is to use; `None` in the process that was started as a test.
fn other_process() -> Option<PathBuf> {
    std::env::var_os(FILE).map(PathBuf::from)
}

fn start_other_process(test: &str, path: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// A line that the test that started this process reads, at once and in one piece.
fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    if writeln!(stdout, "said:{line}")
        .and_then(|()| stdout.flush())
        .is_err()
    {
        // The test ended early: nobody else would end this process.
        std::process::exit(1);
    }
}

/// What the other process said, whatever the test runner prints beside it.
fn heard(line: &str) -> Option<&str> {
    line.split_once("said:").map(|(_, said)| said)
}

async fn increment(store: &SqliteStorage) {
    loop {
        let held = get(store, 1).await;
        match store.update(&held, &set_n(n_of(&held) + 1)).await {
            Ok(_) => return,
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict, "{error}"),
        }
    }
}

#[tokio::test]
async fn two_processes_that_count_in_one_session_lose_no_count() {
    if let Some(path) = other_process() {
        let store = open(&path).await;
        say("ready");
        for _ in 0..200 {
            increment(&store).await;
        }
        return store.close().await;
    }
    let (_folder, path) = new_file();
    let store = open(&path).await;
    store.create(new_session(1)).await.unwrap();
    let (mut child, output) = start_other_process(
        "processes::two_processes_that_count_in_one_session_lose_no_count",
        &path,
    );
    let mut lines = output.lines();
    while heard(&lines.next().unwrap().unwrap()) != Some("ready") {}
    for _ in 0..200 {
        increment(&store).await;
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(n_of(&get(&store, 1).await), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_kill_9() {
    const PEOPLE: i64 = 12;
    let kills = kills();
    if let Some(path) = other_process() {
        let store = open(&path).await;
        for person in 0..PEOPLE {
            let store = store.clone();
            tokio::spawn(async move {
                let mut held = match store.get(&key(person)).await.unwrap() {
                    Some(session) => session,
                    None => store.create(new_session(person)).await.unwrap(),
                };
                loop {
                    held = store.update(&held, &set_n(n_of(&held) + 1)).await.unwrap();
                    say(&format!("{person} {}", n_of(&held)));
                }
            });
        }
        return std::future::pending().await;
    }
    let (_folder, path) = new_file();
    let mut acknowledged = vec![0_u64; usize::try_from(PEOPLE).unwrap()];
    let mut longest_recovery = Duration::ZERO;
    for kill in 0..kills {
        let (mut child, output) =
            start_other_process("processes::what_was_acknowledged_is_there_after_kill_9", &path);
        let mut countdown = 20 + kill * 37 % 400;
        for line in output.lines() {
            let line = line.unwrap();
            if let Some((person, n)) = heard(&line).and_then(|said| said.split_once(' ')) {
                acknowledged[person.parse::<usize>().unwrap()] = n.parse().unwrap();
                countdown = countdown.saturating_sub(1);
            }
            if countdown == 0 {
                // What it has said up to its end still comes.
                child.kill().unwrap();
            }
        }
        assert_eq!(countdown, 0, "it was killed, it did not end");
        child.wait().unwrap();

        let begun = Instant::now();
        let store = open(&path).await;
        get(&store, 0).await;
        longest_recovery = longest_recovery.max(begun.elapsed());
        for (person, acknowledged) in (0..).zip(&acknowledged) {
            let stored = store
                .get(&key(person))
                .await
                .unwrap()
                .map_or(0, |session| n_of(&session));
            // One more may have been committed whose answer did not come.
            assert!(
                (*acknowledged..=*acknowledged + 1).contains(&stored),
                "person {person}: {acknowledged} was acknowledged, {stored} is stored"
            );
        }
        assert_eq!(store.check_integrity().await.unwrap(), Vec::<String>::new());
        for (person, acknowledged) in (0..).zip(&mut acknowledged) {
            *acknowledged = store
                .get(&key(person))
                .await
                .unwrap()
                .map_or(0, |session| n_of(&session));
        }
        store.close().await;
    }
    let counts: u64 = acknowledged.iter().sum();
    println!(
        "{counts} counts through {kills} kills; at most {longest_recovery:?} until the first answer after one"
    );
}

/// How many kills there are: a run that looks longer sets `STEPKEEP_TEST_KILLS`.
fn kills() -> u64 {
    let kills = std::env::var("STEPKEEP_TEST_KILLS").ok();
    kills.map_or(20, |kills| kills.parse().unwrap())
}

#[tokio::test]
async fn a_lock_that_stays_is_unavailable_and_reads_go_on() {
    let (_folder, path) = new_file();
    let mut config = SqliteConfig::new(&path);
    config.busy_timeout_ms = 50;
    let store = SqliteStorage::open(config).await.unwrap();
    let held = store.create(new_session(1)).await.unwrap();

    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.update(&held, &set_n(1)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(
        error.to_string().contains("another process holds the lock"),
        "{error}"
    );
    assert_eq!(get(&store, 1).await, held);

    other.execute_batch("ROLLBACK").unwrap();
    store.update(&held, &set_n(1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_goes_is_waited_for() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let held = store.create(new_session(1)).await.unwrap();
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let change = set_n(1);
    let mut update = std::pin::pin!(store.update(&held, &change));
    let early = tokio::time::timeout(Duration::from_millis(50), &mut update).await;
    assert!(
        early.is_err(),
        "nothing is written while another process has the lock"
    );
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(n_of(&update.await.unwrap()), 1);
}

/// As after a crash, when the first process that opens the file recovers it alone.
#[tokio::test]
async fn opening_waits_for_an_exclusive_lock_and_blocks_no_async_thread() {
    let (_folder, path) = new_file();
    let store = open(&path).await;
    let session = store.create(new_session(1)).await.unwrap();
    store.close().await;
    let other = raw(&path);
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; SELECT count(*) FROM session;")
        .unwrap();
    let mut opening = std::pin::pin!(SqliteStorage::open(SqliteConfig::new(&path)));
    // This thread is the only one that runs tasks: the time would not pass if opening blocked it.
    let early = tokio::time::timeout(Duration::from_millis(50), &mut opening).await;
    assert!(early.is_err(), "another process has the file to itself");
    drop(other);
    assert_eq!(get(&opening.await.unwrap(), 1).await, session);
}
