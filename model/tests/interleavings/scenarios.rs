//! What is checked: small, and with enough trouble to break whatever can be broken.

use stepkeep_model::{Scenario, Trouble, Update};

/// Two answers and all that can befall a turn.
pub(crate) fn two_answers() -> Scenario {
    Scenario {
        updates: vec![Update::Answer, Update::Answer],
        trouble: Trouble {
            crashes: 2,
            lost_answers: 1,
            late_writes: 1,
            failed_sends: 1,
            ..Trouble::default()
        },
    }
}

/// One button, pressed twice, and an answer in between.
pub(crate) fn a_double_press() -> Scenario {
    Scenario {
        updates: vec![Update::Press, Update::Press, Update::Answer],
        trouble: Trouble {
            crashes: 1,
            late_writes: 1,
            failed_sends: 1,
            ..Trouble::default()
        },
    }
}

/// A purchase and all that can befall an outside call.
pub(crate) fn a_purchase() -> Scenario {
    Scenario {
        updates: vec![Update::Buy],
        trouble: Trouble {
            crashes: 2,
            lost_answers: 1,
            failed_sends: 1,
            lost_purchases: 1,
            lost_requests: 1,
            delays: 1,
            ..Trouble::default()
        },
    }
}

/// A purchase while the person presses again.
pub(crate) fn a_purchase_pressed_twice() -> Scenario {
    Scenario {
        updates: vec![Update::Buy, Update::Buy],
        trouble: Trouble {
            crashes: 1,
            late_writes: 1,
            lost_purchases: 1,
            delays: 1,
            ..Trouble::default()
        },
    }
}

/// A purchase while the person goes on.
pub(crate) fn a_purchase_and_an_answer() -> Scenario {
    Scenario {
        updates: vec![Update::Buy, Update::Answer],
        trouble: Trouble {
            crashes: 1,
            lost_purchases: 1,
            delays: 1,
            ..Trouble::default()
        },
    }
}
