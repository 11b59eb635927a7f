//! Does one piece of work again and again, for a tool that counts instructions: `scripts/check-instructions` runs it under
//! Valgrind, and compares what it counts with `instructions/baseline.json`.
//!
//! Without an argument it names the pieces of work.

mod answers;
mod cases;
mod form;

use std::env::args;
use std::hint::black_box;

use anyhow::{Context, bail};

/// How often a piece of work is done while instructions are counted.
const TIMES: u32 = 200;

/// How often before, so that what is made once is there.
const BEFORE: u32 = 20;

/// Only what happens in here is counted.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    for _ in 0..TIMES {
        work();
    }
    black_box(());
}

fn main() -> anyhow::Result<()> {
    let Some(wanted) = args().nth(1) else {
        for name in cases::NAMES {
            println!("{name} {TIMES}");
        }
        return Ok(());
    };
    let Some(mut work) = cases::prepare(&wanted).context("it could not be prepared")? else {
        bail!("there is no piece of work called {wanted}");
    };
    for _ in 0..BEFORE {
        work();
    }
    counted(&mut *work);
    Ok(())
}
