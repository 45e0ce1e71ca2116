//! The API as a process of its own: `DATABASE_URL` says where the database is, `SKYTWIN_LISTEN` or `PORT` where to listen.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match api::main().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Before the logs are there, and when they are not looked at: one readable line.
            eprintln!("api: {error}");
            ExitCode::FAILURE
        }
    }
}
