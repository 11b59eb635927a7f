//! `bench-report`: see `--help`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressStyle};
use stepkeep_benches::report::compare::{Change, compare};
use stepkeep_benches::report::machine::{Machine, revision, version_of};
use stepkeep_benches::report::plan::Mode;
use stepkeep_benches::report::results::Results;
use stepkeep_benches::report::sections::page;
use stepkeep_benches::report::targets::targets;
use stepkeep_benches::report::{bare_calls, peers, run, scale, versions, whole_bot};
use stepkeep_benches::{Candidate, STORES, candidates_of};
use stepkeep_core::{Clock, SystemClock};

/// That of the bot. The floors and the peers have it as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long calls to Telegram alone are made.
const BARE_CALLS: Duration = Duration::from_secs(4);

/// How long each storage of another framework is measured at each number of people.
const QUICK_PEERS: Duration = Duration::from_secs(1);
const FULL_PEERS: Duration = Duration::from_secs(3);

/// A case became worse, or the run failed.
const FAILED: u8 = 1;

/// Measures every store beside the raw driver, and writes the book's page of benchmarks.
///
/// It starts the servers that it needs; `scripts/get-servers` gets them. The full run takes half an hour. Nothing else
/// should run meanwhile.
#[derive(Debug, Parser)]
#[command(
    name = "bench-report",
    after_help = "Examples:
  Three minutes, to see where one stands, without touching the book:
    cargo bench-report --quick --no-page
  What became slower since an earlier run, as a step of a release:
    cargo bench-report --compare earlier.json --fail-on-regression
  The page again from results that are there:
    cargo bench-report --from results.json
  Only SQLite with up to five million sessions, and then the page with that as well:
    cargo bench-report --only-scale --stores sqlite-full --output scale.json
    cargo bench-report --from results.json --with-scale scale.json"
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are switches of the command line"
)]
struct Cli {
    /// Three minutes instead of half an hour
    #[arg(long)]
    quick: bool,
    /// Where the results go; without it, target/bench-report/ and the date
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Measures nothing, and takes the results of an earlier run
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "output", "whole_bot", "peers", "scale", "only_scale"])]
    from: Option<PathBuf>,
    /// The folder of the book's pages, where benchmarks.md is written
    #[arg(long, value_name = "FOLDER", default_value = "docs/src")]
    book: PathBuf,
    /// Writes no page
    #[arg(long)]
    no_page: bool,
    /// An earlier run's results, to name what became worse
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// By how many per cent a ratio may become worse
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0)]
    tolerance: f64,
    /// Ends with 1 when something became worse by more than that
    #[arg(long, requires = "compare")]
    fail_on_regression: bool,
    /// Sections that other tools have recorded, as JSON files
    #[arg(long, value_name = "FOLDER", default_value = "benches/results/sections")]
    sections: PathBuf,
    /// Lets the crowd talk with whole bots in a quick run too
    #[arg(long)]
    whole_bot: bool,
    /// Measures the storages of other frameworks in a quick run too; the full one does
    #[arg(long)]
    peers: bool,
    /// Measures SQLite, Redis and MongoDB with up to millions of sessions as well
    ///
    /// That takes a quarter of an hour more, and gigabytes on the disk and in memory; what there is no room for is left
    /// out, and said.
    #[arg(long)]
    scale: bool,
    /// The same, and nothing else; writes no page
    #[arg(long, conflicts_with_all = ["quick", "whole_bot", "peers", "compare"])]
    only_scale: bool,
    /// How many sessions there are at most for --scale; on MongoDB a million
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = scale::DEFAULT_SESSIONS,
        value_parser = clap::value_parser!(u32).range(1_000..=1_000_000_000),
    )]
    scale_sessions: u32,
    /// Adds what runs with --scale or --only-scale have brought
    #[arg(long, value_name = "FILE")]
    with_scale: Vec<PathBuf>,
    /// Measures these stores only
    #[arg(
        long,
        value_name = "STORES",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(STORES),
        default_values_t = STORES.map(str::to_owned),
        conflicts_with = "from",
    )]
    stores: Vec<String>,
}

impl Cli {
    /// Those that are wanted and can be measured with many sessions.
    fn stores_of_scale(&self) -> impl Iterator<Item = &'static str> {
        let is_wanted = |store: &&str| self.stores.iter().any(|wanted| wanted == store);
        scale::STORES.into_iter().filter(is_wanted)
    }
}

fn main() -> ExitCode {
    match start(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:?}");
            FAILED.into()
        }
    }
}

#[tokio::main]
async fn start(cli: &Cli) -> anyhow::Result<ExitCode> {
    // A mistake in a path or a name shall not cost half an hour.
    ensure!(
        !cli.only_scale || cli.stores_of_scale().next().is_some(),
        "nothing is measured: --only-scale is for {}, so name one of them with --stores",
        scale::STORES.join(", ")
    );
    let earlier = cli.compare.as_deref().map(Results::read).transpose()?;
    let scales = cli.with_scale.iter().map(|path| read_scale(path));
    let scales = scales.collect::<anyhow::Result<Vec<_>>>()?;
    let mut results = match &cli.from {
        Some(path) => Results::read(path)?,
        None => measure(cli).await?,
    };
    for scale in scales {
        results.take_scale(scale);
    }
    tell_targets(&results);
    tell_scale(&results);
    let tolerance = cli.tolerance / 100.0;
    let changes = earlier.map(|earlier| compare(&earlier, &results));
    let worse = changes
        .iter()
        .flatten()
        .filter(|change| change.is_regression(tolerance));
    let worse: Vec<Change> = worse.cloned().collect();
    for change in &worse {
        println!(
            "worse: {}, {}: {:.2} then, {:.2} now ({:+.0} %)",
            change.store,
            change.case,
            change.then,
            change.now,
            change.relative() * 100.0
        );
    }
    if !cli.no_page && !cli.only_scale {
        let comparison = changes.map(|changes| (changes, tolerance));
        page(results, comparison, Some(&cli.sections))?.write(&cli.book)?;
        println!("the page is {}", cli.book.join("benchmarks.md").display());
    }
    Ok(if cli.fail_on_regression && !worse.is_empty() {
        FAILED.into()
    } else {
        ExitCode::SUCCESS
    })
}

async fn measure(cli: &Cli) -> anyhow::Result<Results> {
    let begun = Instant::now();
    let mode = if cli.quick { Mode::Quick } else { Mode::Full };
    let with_peers = (cli.peers || !cli.quick) && !cli.only_scale && peers::is_here();
    if with_peers {
        peers::build().await?;
    }
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().as_millis())?;
    let machine = Machine::this(&std::env::temp_dir().canonicalize()?);
    let date = now.strftime("%Y-%m-%d %H:%M").to_string();
    let name = if cli.only_scale { "scale" } else { mode.name() };
    let mut results = Results::begin(date, name, revision(), machine);
    results.versions = versions::of([]).await?;
    results.versions.insert("rustc".to_owned(), version_of("rustc"));
    if !cli.only_scale {
        measure_cases(cli, mode, with_peers, &mut results).await?;
    }
    if cli.scale || cli.only_scale {
        measure_scale(cli, &mut results).await;
    }
    results.seconds = begun.elapsed().as_secs();
    let default = || Path::new("target/bench-report").join(now.strftime("%Y-%m-%dT%H%M%S.json").to_string());
    let path = cli.output.clone().unwrap_or_else(default);
    results.write(&path)?;
    println!("the results are {}", path.display());
    Ok(results)
}

async fn measure_cases(cli: &Cli, mode: Mode, with_peers: bool, results: &mut Results) -> anyhow::Result<()> {
    let mut plan = mode.plan();
    if cli.whole_bot {
        plan.whole_bot = Mode::Full.plan().whole_bot;
    }
    let candidates = candidates_of(&cli.stores).await;
    results.survives = survives(&candidates);
    let urls = candidates.iter().map(|candidate| &*candidate.url);
    results.versions.extend(versions::of(urls).await?);
    let contenders = run::contenders(&candidates).await?;
    let progress = progress();
    let brought = run::run(&plan, &contenders, &progress).await?;
    progress.finish_and_clear();
    drop(contenders);
    results.cases = brought.cases;
    results.left_out = brought.left_out.iter().map(ToString::to_string).collect();
    if with_peers {
        eprintln!("the storages of other frameworks");
        let time = if cli.quick { QUICK_PEERS } else { FULL_PEERS };
        match peers::measure(&candidates, time).await {
            Ok(measured) => results.peers = measured,
            // What was measured before is not lost for that.
            Err(error) => results.left_out.push(format!("other frameworks: {error:#}")),
        }
    }
    drop(candidates);
    if let Some(time) = plan.whole_bot {
        match whole_bot::programs() {
            Some(crowd) => {
                eprintln!("calls to Telegram alone");
                let bare = bare_calls::measure(BARE_CALLS).await;
                results.bare_calls = Some(bare.context("calls to Telegram alone")?);
                for setup in whole_bot::setups_on(&cli.stores) {
                    eprintln!("a whole bot on {setup}");
                    let measured = whole_bot::measure(&crowd, setup, time).await;
                    results
                        .whole_bots
                        .push(measured.with_context(|| format!("a whole bot on {setup}"))?);
                }
            }
            None => results.left_out.push(
                "whole bots: `cargo build --release --all-features -p stepkeep -p stepkeep-crowd` builds what they need"
                    .to_owned(),
            ),
        }
    }
    Ok(())
}

/// What a run with `--scale` or `--only-scale` brought.
fn read_scale(path: &Path) -> anyhow::Result<Results> {
    let results = Results::read(path)?;
    ensure!(
        !results.scale.is_empty(),
        "{} has nothing of --scale: make it with --only-scale --output FILE",
        path.display()
    );
    Ok(results)
}

async fn measure_scale(cli: &Cli, results: &mut Results) {
    for store in cli.stores_of_scale() {
        eprintln!("{store} with up to {} sessions", cli.scale_sessions);
        let progress = progress();
        let brought = scale::measure(store, cli.scale_sessions, &progress).await;
        progress.finish_and_clear();
        for left_out in &brought.left_out {
            eprintln!("left out: {left_out}");
        }
        results.scale.extend(brought.levels);
        results.left_out.extend(brought.left_out);
        results.versions.extend(brought.versions);
    }
}

fn survives(candidates: &[Candidate]) -> BTreeMap<String, String> {
    candidates
        .iter()
        .map(|candidate| (candidate.name.to_owned(), candidate.survives.to_owned()))
        .collect()
}

/// It draws itself on a terminal only.
fn progress() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{elapsed_precise} {bar:30} {percent} %, {eta} left  {wide_msg}")
    {
        bar.set_style(style);
    }
    bar
}

fn tell_targets(results: &Results) {
    for target in targets() {
        if let Some(verdict) = target.judge(results) {
            let ratio = verdict
                .ratio
                .map_or_else(String::new, |ratio| format!(", {ratio:.2} x the raw driver"));
            println!(
                "{}: {}, {}: {:.0}{ratio}",
                if verdict.met { "met    " } else { "NOT MET" },
                target.store,
                target.case,
                verdict.found
            );
        }
    }
}

fn tell_scale(results: &Results) {
    for verdict in scale::verdicts(&results.scale) {
        println!(
            "{}: {}, {}: {}",
            if verdict.met { "met    " } else { "NOT MET" },
            verdict.store,
            verdict.goal,
            verdict.found
        );
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
        assert!(Cli::try_parse_from(["bench-report", "--fail-on-regression"]).is_err());
        assert!(Cli::try_parse_from(["bench-report", "--from", "x.json", "--quick"]).is_err());
        let only = Cli::try_parse_from(["bench-report", "--only-scale", "--stores", "mongodb,sqlite-full"]);
        assert_eq!(only.unwrap().stores, ["mongodb", "sqlite-full"]);
        assert!(Cli::try_parse_from(["bench-report", "--stores", "postgres"]).is_err());
        assert!(Cli::try_parse_from(["bench-report", "--scale-sessions", "10"]).is_err());
    }

    #[test]
    fn results_without_scale_are_refused_where_scale_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quick.json");
        let machine = Machine::this(folder.path());
        let results = Results::begin("2026-11-29 06:00".to_owned(), "quick", revision(), machine);
        results.write(&path).unwrap();
        let error = read_scale(&path).unwrap_err().to_string();
        assert!(
            error.contains("quick.json") && error.contains("--only-scale"),
            "{error}"
        );
    }

    #[test]
    fn a_run_that_would_measure_nothing_says_what_can_be_measured() {
        let cli = Cli::try_parse_from(["bench-report", "--only-scale", "--stores", "memory"]).unwrap();
        let error = start(&cli).unwrap_err();
        assert!(
            error.to_string().contains("sqlite-full, redis-always, mongodb"),
            "{error}"
        );
    }
}
