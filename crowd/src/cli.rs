//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::faults::Faults;
use crate::soak::{Delivery, Settings};
use crate::store::StoreChoice;

/// A crowd of virtual people who use the bot while everything around it fails, and an audit of what they saw.
///
/// It starts a sandbox, a store and the bot's processes, lets people have whole conversations, injects faults, and then
/// says whether every promise was kept. It ends with 0 when every promise was kept, with 1 when one was broken, and with 2
/// when it could not run.
#[derive(Debug, Parser)]
#[command(
    name = "stepkeep-crowd",
    after_help = "Examples:
  200 people on SQLite, with all faults:
    stepkeep-crowd --people 200 --conversations 2000
  Redis, killed again and again, with two processes of the bot:
    stepkeep-crowd --store redis --processes 2 --faults kills,store-restarts --time-limit 10m
  The same people again, without any fault:
    stepkeep-crowd --seed 42 --faults none
  What one slow conversation costs the others:
    stepkeep-crowd --faults none --slow-person"
)]
pub struct Cli {
    /// How many people talk at the same time
    #[arg(long, default_value_t = 100)]
    people: usize,
    /// How many conversations are had
    #[arg(long, default_value_t = 500)]
    conversations: usize,
    /// No conversation begins later; those under way are finished
    #[arg(long, default_value = "10m", value_parser = humantime::parse_duration)]
    time_limit: Duration,
    /// `sqlite`, `redis`, `mongodb` (private servers, durable), `memory`, or the URL of one that runs already
    #[arg(long, default_value = "sqlite")]
    store: StoreChoice,
    /// How many processes of the bot run on the store
    #[arg(long, default_value_t = 1)]
    processes: usize,
    /// How updates reach the bot
    #[arg(long, value_enum, default_value_t = Delivery::Polling)]
    delivery: Delivery,
    /// `all`, `none`, or some of: redelivery, double-taps, stale-taps, bursts, api-errors, kills, restarts, freezes,
    /// store-restarts, slow-people
    #[arg(long, default_value = "all")]
    faults: Faults,
    /// The pause between two faults that hit everybody, on average
    #[arg(long, default_value = "2s", value_parser = humantime::parse_duration)]
    fault_every: Duration,
    /// Brings back the same people with the same plans, and the same faults in the same order; drawn when left out
    #[arg(long)]
    seed: Option<u64>,
    /// How long people think before they act, on average
    #[arg(long, default_value = "200ms", value_parser = humantime::parse_duration)]
    think: Duration,
    /// How long a person waits for an answer once no fault goes on any more; a purchase whose process died is taken up
    /// after a minute
    #[arg(long, default_value = "90s", value_parser = humantime::parse_duration)]
    patience: Duration,
    /// Measures what a conversation whose carriers take 3 s costs the others: half of the conversations without, half with
    #[arg(long)]
    slow_person: bool,
    /// The bot's program; without it, the `stepkeep` beside this one
    #[arg(long, value_name = "PATH")]
    bot: Option<PathBuf>,
    /// Where the bot's logs go; without it they are kept only when a promise was broken
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
    /// The report as JSON
    #[arg(long)]
    pub json: bool,
}

impl Cli {
    /// What is to run.
    pub fn settings(&self) -> Settings {
        Settings {
            people: self.people,
            conversations: self.conversations,
            time_limit: self.time_limit,
            store: self.store.clone(),
            processes: self.processes,
            delivery: self.delivery,
            faults: self.faults.clone(),
            fault_every: self.fault_every,
            seed: self.seed.unwrap_or_else(|| u64::from(rand::random::<u32>())),
            think: self.think,
            patience: self.patience,
            slow_person: self.slow_person,
            bot: self.bot.clone(),
            logs: self.logs.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
        let cli = Cli::parse_from(["crowd", "--seed", "7", "--faults", "kills", "--time-limit", "90s"]);
        let settings = cli.settings();
        assert_eq!(settings.seed, 7);
        assert_eq!(settings.time_limit, Duration::from_secs(90));
        assert_eq!(settings.faults.to_string(), "kills");
        assert!(Cli::try_parse_from(["crowd", "--store", "postgres"]).is_err());
    }
}
