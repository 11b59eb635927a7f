//! The command line of Stepkeep.

use std::process::ExitCode;

use anyhow::Context;
use stepkeep::cli::{self, Invocation};
use stepkeep::config::Settings;
use stepkeep::{dead_letters, demo, doctor, failure, logging, run, shutdown, webhook_command};

/// A turn allocates some hundred times; with this one it takes a third less of the processor (the book, "Measuring").
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let invocation = match cli::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(message) => message.exit(),
    };
    match start(invocation) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", failure::describe(&error));
            ExitCode::from(failure::exit_code(&error))
        }
    }
}

fn start(invocation: Invocation) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime could not be started")?;
    runtime.block_on(async {
        match invocation {
            Invocation::Run(arguments) => on_a_worker(run_bot(arguments)).await,
            Invocation::Doctor(arguments) => doctor::doctor(&arguments, std::env::vars_os()).await,
            Invocation::DeadLetters(arguments) => {
                dead_letters::dead_letters(&arguments, std::env::vars_os()).await
            }
            Invocation::Webhook(arguments) => webhook_command::webhook(&arguments, std::env::vars_os()).await,
            Invocation::Demo(arguments) => Box::pin(demo::demo(&arguments, std::env::vars_os())).await,
        }
    })
}

async fn run_bot(arguments: cli::RunArgs) -> anyhow::Result<()> {
    let settings = Settings::load(&arguments.sources(std::env::vars_os()))?;
    let traces = logging::init_with_traces(&settings.log, settings.otlp_endpoint.as_ref())?;
    let stop = shutdown::on_signals()?;
    let ended = Box::pin(run::run(&settings, &stop)).await;
    traces.end().await;
    ended
}

/// Runs it on a worker of the runtime: from the main thread, all that it starts would have to be handed over to a worker.
async fn on_a_worker(
    running: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) -> anyhow::Result<()> {
    match tokio::spawn(running).await {
        Ok(ended) => ended,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => Err(cancelled.into()),
        },
    }
}
