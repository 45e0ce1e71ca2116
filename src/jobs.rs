//! The queue from a terminal: how deep, what stands where and why, who works; run again, call off, let stand still.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::job::Kind;
use runtime::Config;
use store::{
    engines,
    jobs::{self, Stand, Which},
};

use crate::{
    Error, Result,
    operate::open,
    terminal::{audited, rung_again},
};

/// Dead jobs that are told with the depths.
const DEAD: u32 = 50;
/// Most characters of what a job said that a line of a table has room for.
const SAID: usize = 200;

/// How deep every queue is, then what is dead and why.
pub async fn show(json: bool) -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    let (queues, dead) = (jobs::depth(&store).await?, jobs::dead(&store, None, None, DEAD).await?);
    if json {
        println!("{}", serde_json::json!({ "queues": queues, "dead": dead }));
        return Ok(());
    }
    println!(
        "{:<18} {:>8} {:>10} {:>8} {:>7} {:>10}  oldest due",
        "queue", "due", "scheduled", "running", "dead", "done"
    );
    for queue in queues {
        let age = queue.oldest_due.map_or_else(|| "-".to_owned(), |age| format!("{} s", age.as_secs()));
        let [due, scheduled, running, dead, done] =
            [queue.due, queue.scheduled, queue.running, queue.dead, queue.done.unwrap_or_default()].map(counted);
        println!("{:<18} {due:>8} {scheduled:>10} {running:>8} {dead:>7} {done:>10}  {age}", queue.queue);
    }
    for pause in jobs::pauses(&store).await? {
        println!("{} stands still since {}: {}", pause.queue, instant(pause.paused_at), line(&pause.why));
    }
    for engines::Engine { name, breaker, .. } in engines::list(&store).await? {
        let why = line(&breaker.last_failure.unwrap_or_default());
        match breaker.open {
            Some(open) => println!("engine {name} is in trouble, its work waits until {}: {why}", open.until),
            None => println!("engine {name} works, with {} failures of late", breaker.failures.len()),
        }
        if let Some((since, why)) = breaker.misconfigured {
            println!("engine {name} turns us away since {since}: {}", line(&why));
        }
    }
    for job in dead {
        println!("dead {} in {} after {} attempts: {}", job.id, job.queue, job.attempts, line(&job.why));
    }
    Ok(())
}

/// The jobs that stand so, of one queue or all, those whose last run said `because` or all.
pub async fn list(stand: Stand, queue: Option<Kind>, because: Option<&str>, limit: u32, json: bool) -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    let found = jobs::list(&store, queue.map(Kind::as_str), stand, because, limit).await?;
    if json {
        println!("{}", serde_json::json!({ "items": found }));
        return Ok(());
    }
    println!(
        "{:<26} {:<18} {:>8}  {:<20} what it is about, and what was said last",
        "job", "queue", "attempts", "due or ended"
    );
    for job in found {
        let attempts = format!("{}/{}", job.attempts, job.max_attempts);
        let at = instant(job.ended_at.unwrap_or(job.due_at));
        let said = [Some(job.payload), job.held_by.map(|by| format!("held by {by}")), job.said];
        let said = said.into_iter().flatten().collect::<Vec<_>>().join(" | ");
        println!("{:<26} {:<18} {attempts:>8}  {at:<20} {}", job.id, job.queue, line(&said));
    }
    Ok(())
}

/// Runs a dead job again.
pub async fn retry(id: &str) -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    audited(&store, "jobs retry", id, async {
        found(jobs::redrive(&store, id).await, || {
            format!("no dead job has the id `{id}`; `skytwin jobs list --state dead` lists those there are")
        })
    })
    .await?;
    println!("{id} runs again");
    Ok(())
}

/// Runs dead jobs again: all, of one queue, or those that died of the same.
pub async fn retry_many(queue: Option<Kind>, because: Option<&str>) -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    let which = Which { queue: queue.map(Kind::as_str), because };
    let driven = async { Ok(jobs::redrive_many(&store, which).await?) };
    println!("{} jobs run again", rung_again(&store, "jobs retry", which, driven).await?);
    Ok(())
}

/// Calls a waiting job off.
pub async fn cancel(id: &str) -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    audited(&store, "jobs cancel", id, async {
        found(jobs::cancel(&store, id, "called off by an operator").await, || {
            format!("no waiting job has the id `{id}`; what runs, is done or is dead can't be called off")
        })
    })
    .await?;
    println!("{id} is called off");
    Ok(())
}

/// Lets a queue stand still for the whole fleet.
pub async fn pause(queue: Kind, why: &str) -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    audited(&store, "jobs pause", queue, async { Ok(jobs::pause(&store, queue.as_str(), why).await?) }).await?;
    println!("{queue} stands still until `skytwin jobs resume {queue}`");
    Ok(())
}

/// Lets it go on; one that goes on already does so.
pub async fn resume(queue: Kind) -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    let resumed = async {
        match jobs::resume(&store, queue.as_str()).await {
            Ok(()) | Err(store::Error::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        }
    };
    audited(&store, "jobs resume", queue, resumed).await?;
    println!("{queue} goes on");
    Ok(())
}

/// Lists the workers of the fleet that are alive.
pub async fn workers() -> Result<()> {
    let store = open(&Config::from_env()?).await?;
    for worker in jobs::workers(&store).await? {
        let since = worker.started_at.map(instant).unwrap_or_default();
        println!("{:<18} {:>4} running  since {since}  {}", worker.queue, worker.running, worker.id);
    }
    Ok(())
}

fn found(done: store::Result<()>, otherwise: impl FnOnce() -> String) -> Result<()> {
    match done {
        Err(store::Error::NotFound) => Err(Error::Usage(otherwise())),
        done => Ok(done?),
    }
}

/// A count, and whether it went on.
fn counted(count: i32) -> String {
    if count < jobs::COUNTED { count.to_string() } else { format!("{count}+") }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Text from outside in one line of a terminal: it must not move the cursor or paint the screen.
pub(crate) fn line(text: &str) -> String {
    let plain = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    plain.take(SAID).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_from_outside_is_one_line_that_commands_nothing() {
        assert_eq!(line("gone\r\n\u{1b}[2Jagain"), "gone   [2Jagain");
        assert_eq!(line(&"x".repeat(500)).len(), SAID);
    }
}
