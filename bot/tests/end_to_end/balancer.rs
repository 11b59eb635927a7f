//! What stands in front of several processes: hands connections to them in turn.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A balancer for TCP. It takes no connection any more when it is dropped.
#[derive(Debug)]
pub(crate) struct Balancer {
    port: u16,
    accepting: JoinHandle<()>,
}

impl Balancer {
    /// Starts one in front of these ports of 127.0.0.1. One where nobody listens is passed over.
    pub(crate) fn start(listener: TcpListener, ports: Vec<u16>) -> Self {
        let port = listener.local_addr().expect("an address").port();
        let ports: Arc<[u16]> = ports.into();
        let turn = Arc::new(AtomicUsize::new(0));
        let accepting = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (ports, turn) = (Arc::clone(&ports), Arc::clone(&turn));
                tokio::spawn(async move {
                    for _ in 0..ports.len() {
                        let next = ports[turn.fetch_add(1, Ordering::Relaxed) % ports.len()];
                        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, next));
                        if let Ok(mut server) = TcpStream::connect(server).await {
                            // Either side may break off; then so does the other.
                            let _ = copy_bidirectional(&mut client, &mut server).await;
                            return;
                        }
                    }
                });
            }
        });
        Self { port, accepting }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
