//! The command line: reads arguments and environment, hands over, and turns the end into an exit code.

use std::{path::PathBuf, process::ExitCode};

use chrono_tz::Tz;
use clap::{Parser, Subcommand};
use domain::{id::UserId, job::Kind, tier::TrustTier};
use skytwin::{Error, bench, jobs, keys, operate, people, post, service, up, watch};
use store::jobs::Stand;

/// A digital twin that acts for a person, durably.
#[derive(Parser)]
#[command(version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Everything in one process on a Postgres of its own (the default).
    Up {
        /// Where the data lives; a folder of this machine's state by default.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// The HTTP API alone, on the Postgres that `DATABASE_URL` names.
    Api,
    /// The workers alone, on the Postgres that `DATABASE_URL` names.
    Worker,
    /// Brings the database up to date.
    Migrate,
    /// The people the twin acts for.
    #[command(subcommand)]
    User(UserCommand),
    /// Tokens for the API.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Prints a link that signs a browser in, once, within 15 minutes.
    Login {
        /// Who; without one it is the demo person of the `skytwin up` that runs on this machine.
        user: Option<UserId>,
    },
    /// The vault's keys: which are in use, and for how much.
    Keys {
        #[command(subcommand)]
        command: Option<KeysCommand>,
    },
    /// Prints what happens to a person, as it happens, until it is stopped.
    Watch {
        /// Begin after this event instead of now; 0 is the beginning.
        #[arg(long)]
        after: Option<i64>,
    },
    /// Posts a signal from a file, or from standard input.
    Signal {
        /// A JSON file; `-` or nothing reads standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Runs a scenario file through the decision path; fails when any scenario fails.
    Eval {
        /// A JSON file of scenarios.
        file: PathBuf,
        /// Print JSON instead of tables.
        #[arg(long)]
        json: bool,
    },
    /// Measures this machine: throughput, latency, memory, on a database of its own. Takes some minutes.
    Bench(bench::Options),
    /// The workers of the fleet that are alive.
    Workers,
    /// The environment.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The stop switch of the whole system: where it stands.
    System {
        #[command(subcommand)]
        command: Option<SystemCommand>,
    },
    /// Removes what is older than it is to be kept, now instead of at the next tick.
    Retention,
    /// The latest privileged acts: who did what, over the API and at terminals.
    Audit {
        /// So many at most.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// The queue: depth, due, running, dead.
    #[command(args_conflicts_with_subcommands = true)]
    Jobs {
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
        #[command(subcommand)]
        command: Option<JobsCommand>,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Adds a person; prints their id.
    Add {
        /// Their name.
        name: String,
        /// Their address.
        #[arg(long)]
        email: Option<String>,
        /// Their time zone, such as Europe/Berlin.
        #[arg(long, default_value = "UTC", value_parser = zone)]
        timezone: Tz,
        /// Where their trust starts; new users start at observer.
        #[arg(long, default_value = "observer")]
        tier: TrustTier,
    },
    /// Lists everybody.
    List,
    /// Prints everything that is stored about a person, as JSON.
    Export {
        /// Who.
        user: UserId,
    },
    /// Deletes a person and everything that is theirs, for good.
    Delete {
        /// Who.
        user: UserId,
        /// It is meant.
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Adds a token and prints it; it is shown this once.
    Add {
        /// For which person; without one it is an operator's.
        #[arg(long)]
        user: Option<UserId>,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        name: String,
    },
    /// Prints the demo person's token of the `skytwin up` that runs on this machine.
    Demo,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Makes a key and prints it as `id:key`, to be put in front of the others; it is shown this once.
    New {
        /// What it is called: 1 to 32 of a-z, 0-9, - and _.
        id: String,
    },
    /// Seals everything anew under the newest key; may be cut short and run again.
    Rotate,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Says everything that is wrong with the environment, at once.
    Check {
        /// For which process: up, api, worker or command.
        #[arg(default_value = "up")]
        role: String,
    },
}

#[derive(Subcommand)]
enum SystemCommand {
    /// Stops everything, for everybody: signals are still taken, nothing is decided or done.
    Stop,
    /// Lets everything go on.
    Resume,
}

#[derive(Subcommand)]
enum JobsCommand {
    /// Lists jobs, the next to run first; of what has ended, the latest.
    List {
        /// Only those that stand so: due, scheduled, running, dead or done.
        #[arg(long, default_value = "due", value_parser = stand)]
        state: Stand,
        /// Only of this queue.
        #[arg(long)]
        queue: Option<Kind>,
        /// Only those whose last run said something that contains this, of the first 10000 of a queue that stand so.
        #[arg(long)]
        because: Option<String>,
        /// So many at most.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Runs dead jobs again: one, or many.
    Retry {
        /// Its id, as `skytwin jobs` lists it; without one, all that the rest says.
        id: Option<String>,
        /// Only of this queue.
        #[arg(long, conflicts_with = "id")]
        queue: Option<Kind>,
        /// Only those whose reason contains this.
        #[arg(long, conflicts_with = "id")]
        because: Option<String>,
    },
    /// Calls a waiting job off.
    Cancel {
        /// Its id.
        id: String,
    },
    /// Lets a queue stand still for the whole fleet; its jobs wait.
    Pause {
        /// Which.
        queue: Kind,
        /// What for, for whoever finds it standing.
        #[arg(long, default_value = "by hand")]
        why: String,
    },
    /// Lets a queue go on.
    Resume {
        /// Which.
        queue: Kind,
    },
}

fn zone(text: &str) -> Result<Tz, String> {
    text.parse().map_err(|_| "it is no IANA time zone; write one such as Europe/Berlin".to_owned())
}

fn stand(text: &str) -> Result<Stand, String> {
    Stand::named(text).ok_or_else(|| "use due, scheduled, running, dead or done".to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        None => up::run(None).await,
        Some(Command::Up { data }) => up::run(data).await,
        Some(Command::Api) => service::api().await,
        Some(Command::Worker) => service::worker().await,
        Some(Command::Migrate) => operate::migrate().await,
        Some(Command::User(UserCommand::Add { name, email, timezone, tier })) => {
            people::add(name, email, timezone, tier).await
        }
        Some(Command::User(UserCommand::List)) => people::list().await,
        Some(Command::User(UserCommand::Export { user })) => people::take_out(user).await,
        Some(Command::User(UserCommand::Delete { user, yes: _ })) => people::delete(user).await,
        Some(Command::Workers) => jobs::workers().await,
        Some(Command::Config(ConfigCommand::Check { role })) => operate::check(&role),
        Some(Command::System { command: None }) => operate::show_switch().await,
        Some(Command::System { command: Some(SystemCommand::Stop) }) => operate::turn_switch(true).await,
        Some(Command::System { command: Some(SystemCommand::Resume) }) => operate::turn_switch(false).await,
        Some(Command::Retention) => operate::prune().await,
        Some(Command::Audit { limit, json }) => operate::show_audit(limit, json).await,
        Some(Command::Token(TokenCommand::Add { user, name })) => people::add_token(user, &name).await,
        Some(Command::Token(TokenCommand::Demo)) => people::demo_token(),
        Some(Command::Keys { command: None }) => keys::show().await,
        Some(Command::Keys { command: Some(KeysCommand::New { id }) }) => keys::make(&id),
        Some(Command::Keys { command: Some(KeysCommand::Rotate) }) => keys::rotate().await,
        Some(Command::Login { user }) => people::login(user).await,
        Some(Command::Watch { after }) => watch::run(after).await,
        Some(Command::Signal { file }) => post::signal(&file).await,
        Some(Command::Eval { file, json }) => operate::evaluate(&file, json),
        Some(Command::Bench(options)) => bench::run(&options).await,
        Some(Command::Jobs { json, command: None }) => jobs::show(json).await,
        Some(Command::Jobs { json: _, command: Some(command) }) => match command {
            JobsCommand::List { state, queue, because, limit, json } => {
                jobs::list(state, queue, because.as_deref(), limit, json).await
            }
            JobsCommand::Retry { id: Some(id), .. } => jobs::retry(&id).await,
            JobsCommand::Retry { id: None, queue, because } => jobs::retry_many(queue, because.as_deref()).await,
            JobsCommand::Cancel { id } => jobs::cancel(&id).await,
            JobsCommand::Pause { queue, why } => jobs::pause(queue, &why).await,
            JobsCommand::Resume { queue } => jobs::resume(queue).await,
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Failed) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("skytwin: {error}");
            ExitCode::FAILURE
        }
    }
}
