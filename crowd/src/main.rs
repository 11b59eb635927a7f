//! `stepkeep-crowd`: see `--help`.

use std::process::ExitCode;

use clap::Parser as _;
use indicatif::{ProgressBar, ProgressStyle};
use stepkeep_crowd::cli::Cli;
use stepkeep_crowd::soak::{Progress, run};

/// The bot and the crowd share the machine, so the crowd's own work shall be small.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A promise was broken.
const BROKEN: u8 = 1;
/// The soak could not run.
const FAILED: u8 = 2;
/// Ctrl-C.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let settings = cli.settings();
    eprintln!("seed {}", settings.seed);
    // It draws itself on a terminal only.
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {pos}/{len} conversations")
    {
        bar.set_style(style);
    }
    let shown = bar.clone();
    let soak = run(settings, move |Progress { done, of }| {
        shown.set_length(u64::try_from(of).unwrap_or(u64::MAX));
        shown.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    });
    let report = tokio::select! {
        report = soak => report,
        _ = tokio::signal::ctrl_c() => {
            bar.abandon();
            eprintln!("interrupted; what was started has ended");
            return INTERRUPTED.into();
        }
    };
    bar.finish_and_clear();
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            eprintln!("{error:?}");
            return FAILED.into();
        }
    };
    if cli.json {
        match serde_json::to_string_pretty(&report) {
            Ok(json) => println!("{json}"),
            Err(error) => {
                eprintln!("the report can't be written: {error}");
                return FAILED.into();
            }
        }
    } else {
        println!("{}", report.for_people());
    }
    if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        BROKEN.into()
    }
}
