//! The command line. Everything that is made of parts is put together here.

mod command;
mod config;
mod jobs;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Parser;
use command::{Cli, Stop};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match command::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop { code, message }) => {
            #[expect(clippy::print_stderr, reason = "the last word of a command goes to its terminal")]
            {
                eprintln!("berth: {message}");
            }
            ExitCode::from(code)
        }
    }
}
