//! The command `stepkeep` as its caller sees it: exit codes, and what it prints where.
#![expect(clippy::unwrap_used, reason = "what a test's set-up can't do fails the test")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// Runs the command in a folder, with nothing in the environment.
fn stepkeep(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stepkeep"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(output.stdout.is_empty(), "complaints go to standard error");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn missing_settings_end_a_run_with_code_2_and_the_whole_list() {
    let folder = tempfile::tempdir().unwrap();
    let output = stepkeep(folder.path(), &["run"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(complaint(&output));
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was begun"
    );
}

#[test]
fn the_file_in_the_working_directory_is_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stepkeep.toml"), "store = 'nowhere'\n").unwrap();
    let output = stepkeep(folder.path(), &["run", "--telegram-token", "1:a"]);
    assert_eq!(output.status.code(), Some(2));
    let complaint = complaint(&output);
    assert!(complaint.contains("\"nowhere\""), "{complaint}");
    assert!(complaint.contains("the file stepkeep.toml"), "{complaint}");
    assert!(!complaint.contains("telegram_token is"), "{complaint}");
}

#[test]
fn a_store_that_can_not_be_opened_ends_a_run_with_code_1_the_reason_and_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let output = stepkeep(
        folder.path(),
        &[
            "run",
            "--telegram-token=1:a",
            "--shipping-api-key=k",
            "--store=sqlite://missing/x.sqlite",
            "--log=off",
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    let complaint = complaint(&output);
    assert!(
        complaint.starts_with("error: the store sqlite://missing/x.sqlite could not be opened\n"),
        "{complaint}"
    );
    assert!(complaint.contains("because: "), "{complaint}");
    assert!(complaint.contains("next: "), "{complaint}");
}

#[test]
fn a_flag_that_there_is_not_ends_with_code_2_and_the_one_that_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let output = stepkeep(folder.path(), &["run", "--stoer", "memory:"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("'--store'"));
}

#[test]
fn the_version_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let output = stepkeep(folder.path(), &["--version"]);
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("stepkeep {}\n", env!("CARGO_PKG_VERSION"))
    );
}

/// A demo that runs in the background, up to the line with its address.
struct Demo {
    process: Child,
    output: BufReader<std::process::ChildStdout>,
    greeting: String,
}

impl Demo {
    fn start(folder: &Path, listen: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_stepkeep"))
            .args(["demo", "--listen", listen])
            .current_dir(folder)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut greeting = String::new();
        while !greeting.contains("Ctrl-C") {
            assert_ne!(
                output.read_line(&mut greeting).unwrap(),
                0,
                "it ended: {greeting}"
            );
        }
        Self {
            process,
            output,
            greeting,
        }
    }

    /// Sends a signal, and waits for the end.
    #[cfg(unix)]
    fn end_by(mut self, signal: &str) -> (ExitStatus, String) {
        let id = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        let mut farewell = String::new();
        self.output.read_to_string(&mut farewell).unwrap();
        (self.process.wait().unwrap(), farewell)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // After an orderly end there is nothing left to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[cfg(unix)]
fn a_demo_says_where_it_is_and_ends_in_order_at_either_signal() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["-INT", "-TERM"] {
        let demo = Demo::start(folder.path(), "127.0.0.1:0");
        assert!(demo.greeting.contains("http://127.0.0.1:"), "{}", demo.greeting);
        let (status, farewell) = demo.end_by(signal);
        assert_eq!(status.code(), Some(0), "after {signal}");
        assert!(farewell.contains("Stopped"), "{farewell}");
    }
    assert!(folder.path().join("stepkeep-demo.sqlite").exists());
}

#[test]
#[cfg(unix)]
fn a_demo_takes_another_port_when_its_own_is_busy_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let wanted = busy.local_addr().unwrap();
    let demo = Demo::start(folder.path(), &wanted.to_string());
    let port = wanted.port();
    assert!(
        demo.greeting.contains(&format!("{port} is busy")),
        "{}",
        demo.greeting
    );
    assert!(
        !demo.greeting.contains(&format!("http://127.0.0.1:{port}")),
        "{}",
        demo.greeting
    );
    assert_eq!(demo.end_by("-INT").0.code(), Some(0));
}

#[test]
fn a_doctor_says_how_the_store_is_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = stepkeep(folder.path(), &["doctor", "--store", "sqlite://x.sqlite"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(complaint(&missing).contains("x.sqlite is not there"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let memory = stepkeep(folder.path(), &["doctor", "--store", "memory:"]);
    assert_eq!(memory.status.code(), Some(0), "warnings are no failure");
    let said = String::from_utf8(memory.stdout).unwrap();
    assert!(said.starts_with("store     memory: (memory)\n"), "{said}");
    assert!(said.contains("\nwarning   "), "{said}");
}

#[test]
#[cfg(feature = "redis")]
fn a_doctor_says_what_a_server_loses_and_shows_no_password() {
    let settings = stepkeep_test_servers::RedisSettings::default().with("requirepass", "hunter2");
    let server = stepkeep_test_servers::RedisServer::start(&settings);
    let folder = tempfile::tempdir().unwrap();
    let of = |password: &str| {
        let url = format!("redis://:{password}@127.0.0.1:{}", server.port());
        stepkeep(folder.path(), &["doctor", "--log", "trace", "--store", &url])
    };
    let new = of("hunter2");
    assert_eq!(new.status.code(), Some(0), "a bot that starts sets it up");
    let said = String::from_utf8(new.stdout).unwrap() + &String::from_utf8(new.stderr).unwrap();
    assert!(said.contains("schema    none yet"), "{said}");
    assert!(said.contains("appendonly is off"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");

    let wrong = of("open-sesame");
    assert_eq!(wrong.status.code(), Some(1));
    let said = complaint(&wrong);
    assert!(said.contains("the password is wrong"), "{said}");
    assert!(!said.contains("open-sesame"), "{said}");
}

#[test]
#[cfg(feature = "redis")]
fn an_encrypted_redis_is_reached_by_those_who_trust_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args(["-days", "2", "-subj", "/CN=localhost"])
        .args([
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args(["-keyout", &file("key.pem"), "-out", &file("certificate.pem")])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let port = stepkeep_test_servers::free_port();
    let settings = stepkeep_test_servers::RedisSettings::default()
        .with("tls-port", &port.to_string())
        .with("tls-cert-file", &file("certificate.pem"))
        .with("tls-key-file", &file("key.pem"))
        .with("tls-auth-clients", "no");
    let _server = stepkeep_test_servers::RedisServer::start(&settings);
    let look = |certificates: &[(&str, String)]| {
        Command::new(env!("CARGO_BIN_EXE_stepkeep"))
            .args(["doctor", "--store", &format!("rediss://127.0.0.1:{port}")])
            .env_clear()
            .envs(certificates.iter().cloned())
            .output()
            .unwrap()
    };
    let trusting = look(&[("SSL_CERT_FILE", file("certificate.pem"))]);
    let said = String::from_utf8(trusting.stdout).unwrap();
    assert!(
        said.contains("schema    none yet"),
        "{said} {:?}",
        String::from_utf8(trusting.stderr)
    );
    let stranger = look(&[]);
    assert_eq!(stranger.status.code(), Some(1));
    assert!(
        stranger.stdout.is_empty(),
        "it did not talk to whom it can't trust"
    );
}
