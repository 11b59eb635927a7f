//! The listener, and what runs behind it.

use std::{
    collections::BTreeSet,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Router, serve::ListenerExt as _};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    bot_api, generation,
    part::Part,
    shipping, sim,
    state::{Changes, PutAside, StateKeeper, Worlds},
    web,
};

/// As long open connections may take to end once the sandbox is told to stop.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// How a sandbox is to run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What to stand in for.
    pub parts: BTreeSet<Part>,
    /// By what the pauses between the tries of a webhook are multiplied: 1 is Telegram's pace, 0 leaves no pauses.
    pub webhook_retry_scale: f64,
    /// How many calls to the Bot API are kept to be looked at; older ones are dropped.
    pub kept_calls: usize,
    /// The file that keeps people, chats, updates and shipments from one process to the next; without one, all is gone
    /// with the process. One sandbox at a time may use it.
    pub state: Option<PathBuf>,
}

impl Default for Config {
    /// Every part, on a free port of this computer only.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            parts: Part::ALL.into_iter().collect(),
            webhook_retry_scale: 1.0,
            kept_calls: 200_000,
            state: None,
        }
    }
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("{0} is in use by another program; give a free port, or port 0 for any")]
    AddressInUse(SocketAddr),
    /// The address cannot be listened at for another reason.
    #[error("cannot listen at {address}")]
    Listen {
        /// The wanted address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The state file is there, and cannot be read.
    #[error("the sandbox's state cannot be read from {path}", path = .path.display())]
    State {
        /// The state file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A sandbox that has its address, and is not serving yet.
#[derive(Debug)]
pub struct Sandbox {
    listener: TcpListener,
    address: SocketAddr,
    worlds: Worlds,
    keeper: Option<StateKeeper>,
    put_aside: Option<PutAside>,
    router: Router,
}

impl Sandbox {
    /// Takes the address, and takes up the state. Connections wait until [`serve`](Self::serve).
    ///
    /// # Errors
    /// The address is in use, or cannot be listened at; the state file cannot be read.
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        let wanted = config.listen;
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::AddressInUse(wanted),
            _ => StartError::Listen {
                address: wanted,
                source,
            },
        };
        let listener = TcpListener::bind(wanted).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let changes = Changes::default();
        let worlds = Worlds::new(config.webhook_retry_scale, config.kept_calls, &changes);
        let (keeper, put_aside) = match config.state {
            None => (None, None),
            Some(path) => {
                let opened = StateKeeper::open(path.clone(), worlds.clone(), changes);
                let (keeper, put_aside) = opened.map_err(|source| StartError::State { path, source })?;
                (Some(keeper), put_aside)
            }
        };
        let router = router(&worlds, &config.parts);
        Ok(Self {
            listener,
            address,
            worlds,
            keeper,
            put_aside,
            router,
        })
    }

    /// The state file that could not be understood, for somebody to be told.
    pub fn put_aside(&self) -> Option<&PutAside> {
        self.put_aside.as_ref()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the future is done; then ends long polls and event streams, lets the other requests finish for a
    /// few seconds, and writes the state for the last time.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let (stopping, stopped) = oneshot::channel();
        let telegram = Arc::clone(&self.worlds.telegram);
        let shutdown = async move {
            shutdown.await;
            telegram.stop();
            // It fails only after serving has ended, when nobody needs to know any more.
            let _ = stopping.send(());
        };
        let listener = self.listener.tap_io(|connection| {
            // Answers are small, and somebody waits for each. Where it can't be set, they only come later.
            let _ = connection.set_nodelay(true);
        });
        let serve = axum::serve(listener, self.router).with_graceful_shutdown(shutdown);
        let serve = pin!(serve.into_future());
        let overdue = async move {
            if stopped.await.is_err() {
                // Serving ends by itself.
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(STOP_WITHIN).await;
        };
        let keep = async {
            match &self.keeper {
                Some(keeper) => keeper.keep().await,
                None => std::future::pending().await,
            }
        };
        let served = tokio::select! {
            served = serve => served,
            () = overdue => Ok(()),
            never = keep => match never {},
        };
        if let Some(keeper) = &self.keeper {
            keeper.write().await;
        }
        served
    }

    /// Binds and serves in a task of its own, until the handle is stopped or dropped.
    ///
    /// # Errors
    /// Those of [`bind`](Self::bind).
    pub async fn start(config: Config) -> Result<SandboxHandle, StartError> {
        let sandbox = Self::bind(config).await?;
        let address = sandbox.address();
        let put_aside = sandbox.put_aside.clone();
        let router = sandbox.router.clone();
        let worlds = sandbox.worlds.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(sandbox.serve(async {
            // A dropped handle stops the sandbox as well.
            let _ = stopped.await;
        }));
        Ok(SandboxHandle {
            address,
            put_aside,
            router,
            worlds,
            stop,
            task,
        })
    }
}

fn router(worlds: &Worlds, parts: &BTreeSet<Part>) -> Router {
    let mut router = Router::new();
    if parts.contains(&Part::Telegram) {
        router = router
            .merge(bot_api::router(Arc::clone(&worlds.telegram)))
            .merge(sim::router(Arc::clone(&worlds.telegram)))
            .merge(web::router());
    }
    if parts.contains(&Part::Shipping) {
        router = router.nest("/shipping", shipping::router_of(Arc::clone(&worlds.shipping)));
    }
    if parts.contains(&Part::Generation) {
        let generation = generation::router_of(Arc::clone(&worlds.generation));
        router = router.nest("/generation", generation);
    }
    router
}

/// A sandbox that runs in the background. Dropping it stops the sandbox.
#[derive(Debug)]
pub struct SandboxHandle {
    address: SocketAddr,
    put_aside: Option<PutAside>,
    router: Router,
    worlds: Worlds,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl SandboxHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The state file that could not be understood, for somebody to be told.
    pub fn put_aside(&self) -> Option<&PutAside> {
        self.put_aside.as_ref()
    }

    /// The root of everything it serves, without a slash at the end: `http://127.0.0.1:8090`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything it serves, for the people's side that is in the same process: without a connection.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// How many calls to the Bot API were answered so far, kept or not, long polls among them.
    pub fn telegram_calls(&self) -> u64 {
        self.worlds.telegram.calls.lock().count()
    }

    /// Stops the sandbox, and waits until it has ended.
    pub async fn stop(self) {
        let Self { stop, task, .. } = self;
        drop(stop);
        // Whether the listener failed before makes no difference any more.
        let _ = task.await;
    }
}
