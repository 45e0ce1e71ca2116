//! `skytwin bench`: what the system does in a second, on this machine, measured from outside.
//!
//! Real processes of this very executable, real HTTP, a PostgreSQL of its own that flushes to disk as one in production
//! does, and the simulated engine. Each part has a database of its own, so that no part pays for another. What is
//! measured is told as it is, beside the goal; a goal that is missed does not make the command fail.

mod backlog;
mod consumer;
mod figures;
mod fleet;
mod floor;
mod ground;
mod latency;
mod load;
mod looks;
mod people;
mod pipeline;
mod rescue;
mod scaling;
mod spend;
mod wake;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use self::{
    figures::{Figure, Report},
    ground::Ground,
};
use crate::{Error, Result};

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Signals to decisions and settled executions, as many as fit; memory, processor, WAL and dead rows on the way.
    Pipeline,
    /// The bare statements of one signal's life, on as many connections, and what the pipeline makes of them.
    Floor,
    /// From a POST to its decision, at steady rates.
    Latency,
    /// From an enqueue to its job's start, idle and under load.
    Wake,
    /// The queue in front of a great many due jobs.
    Backlog,
    /// Setting money aside.
    Spend,
    /// One, two and four workers.
    Scaling,
    /// From the kill of a worker to the end of what it had in hands.
    Rescue,
}

impl Part {
    /// All, in the order in which they are measured.
    const ALL: [Self; 8] = [
        Self::Pipeline,
        Self::Floor,
        Self::Latency,
        Self::Wake,
        Self::Backlog,
        Self::Spend,
        Self::Scaling,
        Self::Rescue,
    ];
}

/// What to measure, and for how long.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Only these parts, separated by commas; all by default.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub parts: Vec<Part>,
    /// API processes.
    #[arg(long, default_value_t = 1)]
    pub apis: u32,
    /// Worker processes.
    #[arg(long, default_value_t = 2)]
    pub workers: u32,
    /// People the signals belong to.
    #[arg(long, default_value_t = 200)]
    pub people: u32,
    /// Signals per measured throughput.
    #[arg(long, default_value_t = 6_000)]
    pub signals: u32,
    /// Requests under way at once while throughput is measured.
    #[arg(long, default_value_t = 16)]
    pub clients: u32,
    /// Seconds per steady rate.
    #[arg(long, default_value_t = 15)]
    pub seconds: u32,
    /// Signals a second whose latency is measured, each for itself.
    #[arg(long, value_delimiter = ',', default_value = "20,50,200")]
    pub rates: Vec<u32>,
    /// Due jobs in front of the queue.
    #[arg(long, default_value_t = 1_000_000)]
    pub backlog: u32,
    /// Jobs taken off it, and off an empty queue.
    #[arg(long, default_value_t = 40_000)]
    pub taken: u32,
    /// Reservations tried.
    #[arg(long, default_value_t = 70_000)]
    pub reservations: u32,
    /// Writes the results as JSON to this file as well (`-` for standard output instead of the table).
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Keeps the processes' log lines in this folder.
    #[arg(long)]
    pub logs: Option<PathBuf>,
    /// Also prints which statements cost the pipeline most; needs PostgreSQL's `pg_stat_statements`.
    #[arg(long)]
    pub statements: bool,
}

/// Measures, prints, and writes what was asked for.
pub async fn run(options: &Options) -> Result<()> {
    worker::adapters::install_crypto();
    let wanted = |part: Part| options.parts.is_empty() || options.parts.contains(&part);
    let ground = Ground::prepare(options).await?;
    let mut report = Report::new(options);
    let measured = async {
        for part in Part::ALL.into_iter().filter(|part| wanted(*part)) {
            // the pipeline is measured in the middle of what it is compared with
            if part == Part::Pipeline && wanted(Part::Floor) {
                continue;
            }
            eprintln!("measuring: {part:?}");
            report.add(measure(part, &ground, options, wanted(Part::Pipeline)).await?);
        }
        Ok(())
    };
    let outcome: Result<()> = measured.await;
    let stopped = ground.stop().await;
    outcome?;
    stopped?;
    match &options.json {
        Some(path) if path.as_os_str() == "-" => println!("{}", report.json()),
        Some(path) => {
            print!("{report}");
            std::fs::write(path, report.json()).map_err(Error::file("write", path))?;
        }
        None => print!("{report}"),
    }
    Ok(())
}

async fn measure(part: Part, ground: &Ground, options: &Options, with_pipeline: bool) -> Result<Vec<Figure>> {
    match part {
        Part::Pipeline => pipeline::measure(ground, options).await,
        Part::Floor => {
            let between =
                async || if with_pipeline { pipeline::measure(ground, options).await } else { Ok(Vec::new()) };
            floor::measure(ground, options, between).await
        }
        Part::Latency => latency::measure(ground, options).await,
        Part::Wake => wake::measure(ground, options).await,
        Part::Backlog => backlog::measure(ground, options).await,
        Part::Spend => spend::measure(ground, options).await,
        Part::Scaling => scaling::measure(ground, options).await,
        Part::Rescue => rescue::measure(ground, options).await,
    }
}
