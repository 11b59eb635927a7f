//! Other processes on the same sessions: this program, started again, that does a job instead of its tests.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};

use super::case::{Failure, Outcome, with_sources};
use super::samples::{at, field, key, plain};
use super::target::ConformanceTarget;
use crate::change::SessionChange;
use crate::error::StoreErrorKind;
use crate::field::FieldValue;
use crate::revision::Revision;
use crate::session::Session;
use crate::store::SessionStore;

/// What tells a process that it was started to do a job: an [`Order`] as JSON.
const ORDER_VARIABLE: &str = "STEPKEEP_CONFORMANCE_ORDER";

/// What the lines that are for the starting process begin with, whatever a test runner prints beside them.
const MARK: &str = "stepkeep-conformance:";

/// The arguments that lead this program to the test that is running.
#[derive(Clone, Debug)]
pub(super) struct Invocation(Vec<String>);

impl Invocation {
    /// To the test that is named by its module and its name.
    pub(super) fn of_test(module: &str, name: &str) -> Self {
        // A test runner's names lack the crate.
        let module = module.split_once("::").map(|(_, module)| module);
        Self::of_name(&module.map_or_else(|| name.to_owned(), |module| format!("{module}::{name}")))
    }

    /// To the test that runs on this thread, which test runners name by it; else with the arguments that this process
    /// has itself.
    pub(super) fn of_this_thread() -> Self {
        match std::thread::current().name() {
            Some(name) if name != "main" && !name.starts_with("tokio") => Self::of_name(name),
            _ => Self(std::env::args().skip(1).collect()),
        }
    }

    fn of_name(test: &str) -> Self {
        Self(
            [test, "--exact", "--nocapture", "--test-threads=1"]
                .map(str::to_owned)
                .to_vec(),
        )
    }
}

/// What another process shall do.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    locator: String,
    job: Job,
}

/// The jobs that there are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Job {
    /// Counts that many times in the session of [`COUNTED`].
    Count {
        /// How many times.
        times: u32,
    },
    /// Creates the sessions of the users from 1 to this.
    Create {
        /// How many.
        users: i64,
    },
}

/// Whose session is counted in.
pub(super) const COUNTED: i64 = 1;

/// What a job did.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Done {
    /// The updates that were acknowledged: the held revision and the one that it became.
    pub(super) updates: Vec<(Revision, Revision)>,
    /// The users whose sessions it created, with their revisions.
    pub(super) created: Vec<(i64, Revision)>,
}

/// In a process that was started for a job: does it, and ends the process.
pub(super) async fn work_if_asked(target: &dyn ConformanceTarget) {
    let Ok(order) = std::env::var(ORDER_VARIABLE) else {
        return;
    };
    let status = match work(target, &order).await {
        Ok(done) => {
            say(&serde_json::to_string(&done).unwrap_or_default());
            0
        }
        Err(Failure::Broken(problem)) => {
            say(&problem);
            1
        }
        Err(Failure::NotClaimed(capability)) => {
            say(&format!("{capability} is not claimed"));
            1
        }
    };
    std::process::exit(status)
}

/// Says a line at once and in one piece.
fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let said = writeln!(stdout, "\n{MARK}{line}").and_then(|()| stdout.flush());
    if said.is_err() {
        // Nobody hears it: the test has ended, and nobody else would end this process.
        std::process::exit(1);
    }
}

async fn work(target: &dyn ConformanceTarget, order: &str) -> Outcome<Done> {
    let Order { locator, job } = serde_json::from_str(order)?;
    let namespace = target.attach(&locator).await.map_err(Failure::of_target)?;
    let store = namespace.open().await.map_err(Failure::of_target)?;
    // All begin when the test says so.
    say("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    job.run(&*store).await
}

impl Job {
    /// Does it on a store, in whatever process.
    pub(super) async fn run(self, store: &dyn SessionStore) -> Outcome<Done> {
        let mut done = Done::default();
        match self {
            Self::Count { times } => {
                for _ in 0..times {
                    done.updates.push(count(store).await?);
                }
            }
            Self::Create { users } => {
                for user in 1..=users {
                    match store.create(plain(key(user), at(0))).await {
                        Ok(session) => done.created.push((user, session.revision())),
                        Err(error) if error.kind() == StoreErrorKind::AlreadyExists => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
        Ok(done)
    }
}

async fn count(store: &dyn SessionStore) -> Outcome<(Revision, Revision)> {
    let gone = || Failure::Broken("the session that is counted in is gone".to_owned());
    let mut held = store.get(&key(COUNTED)).await?.ok_or_else(gone)?;
    loop {
        let change = SessionChange::new(at(1)).set(field("n"), FieldValue::new(&(counted(&held) + 1))?);
        let error = match store.update(&held, &change).await {
            Ok(updated) => return Ok((held.revision(), updated.revision())),
            Err(error) if error.kind() == StoreErrorKind::Conflict => error,
            Err(error) => return Err(error.into()),
        };
        held = error
            .into_current()
            .ok_or_else(|| Failure::Broken("a conflict has no session".to_owned()))?;
    }
}

/// How far it was counted in a session.
pub(super) fn counted(session: &Session) -> u32 {
    session.field("n").and_then(|n| n.get().ok()).unwrap_or(0)
}

/// A process that waits for the word to begin its job.
#[derive(Debug)]
pub(super) struct OtherProcess {
    child: Child,
    heard: BufReader<std::process::ChildStdout>,
}

impl OtherProcess {
    /// Starts one, and waits until it has opened its store.
    pub(super) fn start(invocation: &Invocation, locator: &str, job: Job) -> Outcome<Self> {
        let order = Order {
            locator: locator.to_owned(),
            job,
        };
        let mut child = Command::new(std::env::current_exe()?)
            .args(&invocation.0)
            .env(ORDER_VARIABLE, serde_json::to_string(&order)?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let Some(stdout) = child.stdout.take() else {
            return Err(Failure::Broken("another process has no output".to_owned()));
        };
        let mut process = Self {
            child,
            heard: BufReader::new(stdout),
        };
        let word = process.hear()?;
        if word == "ready" {
            Ok(process)
        } else {
            Err(Failure::Broken(format!("another process: {word}")))
        }
    }

    /// Gives the word.
    pub(super) fn begin(&mut self) -> Outcome {
        let Some(stdin) = &mut self.child.stdin else {
            return Err(Failure::Broken("another process has no input".to_owned()));
        };
        Ok(writeln!(stdin).and_then(|()| stdin.flush())?)
    }

    /// What it did, once it has.
    pub(super) fn done(mut self) -> Outcome<Done> {
        let said = self.hear()?;
        serde_json::from_str(&said)
            .map_err(|error| Failure::Broken(format!("another process: {said} ({})", with_sources(&error))))
    }

    fn hear(&mut self) -> Outcome<String> {
        let mut line = String::new();
        while self.heard.read_line(&mut line)? > 0 {
            if let Some((_, said)) = line.split_once(MARK) {
                return Ok(said.trim_end().to_owned());
            }
            line.clear();
        }
        Err(Failure::Broken(
            "another process ended and said nothing".to_owned(),
        ))
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
