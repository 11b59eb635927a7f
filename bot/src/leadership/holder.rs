//! Who holds a lease.

use super::sign_of_life::{self, SignOfLife};

/// This process, as others know it. It is alive for as long as this exists.
#[derive(Debug)]
pub(crate) struct Holder {
    /// Random, so that no two are alike.
    pub(crate) id: String,
    /// Where others can see whether it is alive; `None` when they can't.
    pub(crate) machine: Option<String>,
    _alive: Option<SignOfLife>,
}

impl Holder {
    pub(crate) fn new() -> Self {
        let id = format!("{:032x}", rand::random::<u128>());
        let alive = SignOfLife::give(&id);
        let machine = alive.as_ref().and_then(|_| sign_of_life::machine());
        Self {
            id,
            machine,
            _alive: alive,
        }
    }

    /// Whether a holder is known to be dead: it ran where this process runs, and gives no sign of life.
    pub(crate) fn knows_dead(&self, id: &str, machine: Option<&str>) -> bool {
        machine.is_some() && machine == self.machine.as_deref() && sign_of_life::is_missing(id)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_holder_of_this_machine_is_known_to_be_dead_when_it_is() {
        let (one, other) = (Holder::new(), Holder::new());
        let (id, machine) = (other.id.clone(), other.machine.clone());
        assert!(machine.is_some());
        assert!(!one.knows_dead(&id, machine.as_deref()));
        drop(other);
        assert!(one.knows_dead(&id, machine.as_deref()));
    }

    #[test]
    fn nothing_is_known_of_a_holder_elsewhere() {
        let one = Holder::new();
        assert!(!one.knows_dead("0123", None));
        assert!(!one.knows_dead("0123", Some("another machine")));
    }
}
