//! The workers alone, on the Postgres of `DATABASE_URL` and the engine of `SKYTWIN_ENGINE_URL`.

/// Runs until SIGTERM; any error is the exit code.
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    Ok(worker::main().await?)
}
