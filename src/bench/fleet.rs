//! A fleet as a team runs it: API and worker processes of this very executable, on one database, with one engine.

use std::{fs, fs::File, net::Ipv4Addr, process::Stdio, time::Duration};

use runtime::clock::Stopwatch;
use simulator::{Options as EngineOptions, Running, Simulator};
use tokio::{
    process::{Child, Command},
    time::sleep,
};

use super::{
    Options,
    ground::{Site, free_port},
    looks,
};
use crate::{Error, Result};

const ENGINE_TOKEN: &str = "engine-token";
const READY_WITHIN: Duration = Duration::from_secs(30);
/// The kernel counts processor time in these.
const TICKS_PER_SECOND: f64 = 100.0;
const MIB: f64 = 1024.0;

/// One process; it ends with this value.
pub(super) struct Member {
    child: Child,
    name: String,
}

/// What a process takes of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Footprint {
    /// Resident memory in MiB.
    pub(super) mib: f64,
    /// Processor time since its start, in seconds.
    pub(super) processor: f64,
}

impl Member {
    fn start(role: &str, options: &Options, variables: &[(&str, &str)], number: u32) -> Result<Self> {
        let name = format!("{role} {number}");
        let failed = |source| Error::System { what: format!("start the {name}"), source };
        let program = std::env::current_exe().map_err(failed)?;
        let log = match &options.logs {
            Some(folder) => {
                let path = folder.join(format!("{role}-{number}.log"));
                Stdio::from(File::options().create(true).append(true).open(&path).map_err(Error::file("open", path))?)
            }
            None => Stdio::null(),
        };
        let child = Command::new(program)
            .arg(role)
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        Ok(Self { child, name })
    }

    /// What it takes of the machine now; nothing where the kernel does not say.
    pub(super) fn footprint(&self) -> Footprint {
        let Some(pid) = self.child.id() else { return Footprint::default() };
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // the name in parentheses may contain anything; user and system time are the 12th and 13th after it
        let after = stat.rsplit(')').next().unwrap_or_default();
        let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
        Footprint { mib: kib.unwrap_or(0.0_f64) / MIB, processor: ticks / TICKS_PER_SECOND }
    }

    /// Ends it at once, as a crash would.
    pub(super) async fn kill(&mut self) -> Result<()> {
        let failed = |source| Error::System { what: format!("kill the {}", self.name), source };
        self.child.kill().await.map_err(failed)
    }
}

/// The processes of one measurement.
pub(super) struct Fleet {
    pub(super) engine: Running,
    pub(super) apis: Vec<Member>,
    pub(super) workers: Vec<Member>,
    /// Where the APIs are.
    pub(super) roots: Vec<String>,
    options: Options,
    url: runtime::Secret,
}

impl Fleet {
    /// Starts so many of each on this database and waits until all of them are ready.
    pub(super) async fn start(site: &Site, options: &Options, apis: u32, workers: u32) -> Result<Self> {
        if let Some(folder) = &options.logs {
            fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        }
        let engine = Simulator::start((Ipv4Addr::LOCALHOST, 0).into(), EngineOptions::new(ENGINE_TOKEN)).await?;
        let mut fleet = Self {
            engine,
            apis: Vec::new(),
            workers: Vec::new(),
            roots: Vec::new(),
            options: options.clone(),
            url: site.url.clone(),
        };
        for number in 0..apis {
            let address = format!("127.0.0.1:{}", free_port()?);
            let api = fleet.member("api", &address, number)?;
            fleet.apis.push(api);
            fleet.roots.push(format!("http://{address}"));
        }
        for _ in 0..workers {
            fleet.add_worker()?;
        }
        fleet.ready(site, workers).await?;
        Ok(fleet)
    }

    /// One worker more.
    pub(super) fn add_worker(&mut self) -> Result<()> {
        let worker = self.member("worker", "127.0.0.1:0", u32::try_from(self.workers.len()).unwrap_or(u32::MAX))?;
        self.workers.push(worker);
        Ok(())
    }

    fn member(&self, role: &str, address: &str, number: u32) -> Result<Member> {
        let variables = [
            ("DATABASE_URL", self.url.reveal()),
            ("SKYTWIN_LISTEN", address),
            ("SKYTWIN_ENGINE_URL", &self.engine.url),
            ("SKYTWIN_ENGINE_TOKEN", ENGINE_TOKEN),
            ("SKYTWIN_ENGINE_CALLS_PER_MINUTE", "unlimited"),
            ("SKYTWIN_LOG_FORMAT", "json"),
        ];
        Member::start(role, &self.options, &variables, number)
    }

    /// Waits until every API answers and `workers` workers have signed on.
    pub(super) async fn ready(&mut self, site: &Site, workers: u32) -> Result<()> {
        let (http, started) = (super::load::http()?, Stopwatch::start());
        loop {
            let mut answering = 0;
            for root in &self.roots {
                let answer = http.get(format!("{root}/api/v1/health/ready")).send().await;
                answering += usize::from(answer.is_ok_and(|answer| answer.status().is_success()));
            }
            let signed_on = looks::workers(site.store.pool()).await?;
            if answering == self.roots.len() && signed_on >= i64::from(workers) {
                return Ok(());
            }
            for member in self.apis.iter_mut().chain(&mut self.workers) {
                if let Ok(Some(status)) = member.child.try_wait() {
                    return Err(Error::Usage(format!(
                        "the {} ended ({status}); `--logs` keeps its words",
                        member.name
                    )));
                }
            }
            if started.elapsed() > READY_WITHIN {
                return Err(Error::Usage("the processes did not get ready; `--logs` keeps their words".to_owned()));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends everything; the database is thrown away anyway.
    pub(super) async fn stop(mut self) -> Result<()> {
        for member in self.apis.iter_mut().chain(&mut self.workers) {
            member.kill().await?;
        }
        self.engine.stop().await;
        Ok(())
    }
}
