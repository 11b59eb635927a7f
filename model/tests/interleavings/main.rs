//! Every interleaving of the turn protocol: as the code has it, and with one rule broken at a time.

mod broken;
mod protocol;
mod scenarios;
