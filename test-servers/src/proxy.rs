//! A TCP proxy that loses what it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is lost when a connection drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The request: the server never sees it.
    Request,
    /// The answer: the server has done what it was asked.
    Answer,
}

/// A proxy in front of a server. It ends when it is dropped, and with it every connection through it.
///
/// It lives in the runtime that it was started in.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    /// Connections end when this changes; while it is odd, none is let in.
    era: watch::Sender<u64>,
    planned: Mutex<Option<Plan>>,
    delay: Mutex<Duration>,
    lost: AtomicU64,
}

/// The next loss: in the first connection whose client sends these bytes.
#[derive(Debug)]
struct Plan {
    loss: Loss,
    marker: Vec<u8>,
}

impl Proxy {
    /// Starts one in front of a server, on a port of its own.
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap_or_else(|error| panic!("a proxy can't listen: {error}"));
        let address = listener
            .local_addr()
            .unwrap_or_else(|error| panic!("a proxy has no address: {error}"));
        let shared = Arc::new(Shared {
            server,
            era: watch::Sender::new(0),
            planned: Mutex::new(None),
            delay: Mutex::new(Duration::ZERO),
            lost: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            accepting,
        }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Drops every connection, and each new one at once, until [`Proxy::restore`].
    pub fn cut_off(&self) {
        self.shared.era.send_modify(|era| *era |= 1);
    }

    /// Lets connections through again.
    pub fn restore(&self) {
        self.shared.era.send_modify(|era| *era += *era & 1);
    }

    /// Loses the next request that has these bytes, or its answer, and drops its connection.
    pub fn lose_next(&self, loss: Loss, marker: &[u8]) {
        *self.shared.planned.lock() = Some(Plan {
            loss,
            marker: marker.to_vec(),
        });
    }

    /// How often something was lost.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::SeqCst)
    }

    /// Lets every request, in both directions together, take longer by this.
    pub fn delay(&self, round_trip: Duration) {
        *self.shared.delay.lock() = round_trip / 2;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_off();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if (*shared.era.borrow()).is_multiple_of(2) {
            tokio::spawn(carry(client, Arc::clone(&shared)));
        }
    }
}

async fn carry(client: TcpStream, shared: Arc<Shared>) {
    let mut era = shared.era.subscribe();
    let Ok(server) = TcpStream::connect(shared.server).await else {
        return;
    };
    // A delay of a proxy's own making would be measured as the store's.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let loses_answer = Mutex::new(false);
    tokio::select! {
        _ = era.changed() => {}
        () = requests(from_client, to_server, &shared, &loses_answer) => {}
        () = answers(from_server, to_client, &shared, &loses_answer) => {}
    }
}

/// Carries what the client sends until a request is lost or the connection ends.
async fn requests(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    shared: &Shared,
    loses_answer: &Mutex<bool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = client.read(&mut buffer).await {
        let bytes = &buffer[..length];
        match shared.loss_of(bytes) {
            Some(Loss::Request) => return shared.count_loss(),
            Some(Loss::Answer) => *loses_answer.lock() = true,
            None => {}
        }
        shared.wait().await;
        if server.write_all(bytes).await.is_err() {
            return;
        }
    }
}

/// Carries what the server sends until an answer is lost or the connection ends.
async fn answers(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    shared: &Shared,
    loses_answer: &Mutex<bool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = server.read(&mut buffer).await {
        if *loses_answer.lock() {
            return shared.count_loss();
        }
        shared.wait().await;
        if client.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

impl Shared {
    fn loss_of(&self, bytes: &[u8]) -> Option<Loss> {
        let mut planned = self.planned.lock();
        let strikes = planned.as_ref().is_some_and(|plan| {
            bytes
                .windows(plan.marker.len())
                .any(|window| window == plan.marker)
        });
        if strikes {
            planned.take().map(|plan| plan.loss)
        } else {
            None
        }
    }

    fn count_loss(&self) {
        self.lost.fetch_add(1, Ordering::SeqCst);
    }

    async fn wait(&self) {
        let delay = *self.delay.lock();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }
}
