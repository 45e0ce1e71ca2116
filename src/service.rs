//! One service per process, as the `Procfile` runs them: the API or the workers, on the Postgres of `DATABASE_URL`.
//!
//! The same code as the binaries `api` and `worker`.

use crate::Result;

/// The API until SIGTERM.
pub async fn api() -> Result<()> {
    Ok(api::main().await?)
}

/// The workers until SIGTERM.
pub async fn worker() -> Result<()> {
    Ok(worker::main().await?)
}
