//! How processes of one machine see whether another one is alive, however it ended.
//!
//! On Linux a process has a socket with a name that is no file. The kernel takes it away when the process ends, also by
//! `kill -9`; one that only stands still keeps it. Nothing is ever sent. Elsewhere nobody can tell, and a lease has to
//! be up before it is taken over.

#[cfg(target_os = "linux")]
pub(super) use linux::{SignOfLife, is_missing, machine};
#[cfg(not(target_os = "linux"))]
pub(super) use none::{SignOfLife, is_missing, machine};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io::{self, ErrorKind};
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    /// The socket.
    #[derive(Debug)]
    pub(crate) struct SignOfLife {
        _socket: UnixDatagram,
    }

    impl SignOfLife {
        /// Others see that this holder is alive until this is dropped; `None` when the system has no such sockets.
        pub(crate) fn give(id: &str) -> Option<Self> {
            let socket = address(id).and_then(|address| UnixDatagram::bind_addr(&address));
            socket.ok().map(|socket| Self { _socket: socket })
        }
    }

    /// Whether there positively is no such holder in the part of the machine that [`machine`] names.
    pub(crate) fn is_missing(id: &str) -> bool {
        let met = || UnixDatagram::unbound()?.connect_addr(&address(id)?);
        met().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    }

    /// Names what sees the same sockets: this start of the machine, and the network namespace (that of a container, for
    /// one).
    pub(crate) fn machine() -> Option<String> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let network = fs::read_link("/proc/self/ns/net").ok()?;
        Some(format!("{}/{}", boot.trim(), network.display()))
    }

    fn address(id: &str) -> io::Result<SocketAddr> {
        SocketAddr::from_abstract_name(format!("stepkeep-{id}"))
    }
}

#[cfg(not(target_os = "linux"))]
mod none {
    /// Nothing to show.
    #[derive(Debug)]
    pub(crate) struct SignOfLife;

    impl SignOfLife {
        pub(crate) fn give(_: &str) -> Option<Self> {
            None
        }
    }

    pub(crate) fn is_missing(_: &str) -> bool {
        false
    }

    pub(crate) fn machine() -> Option<String> {
        None
    }
}
