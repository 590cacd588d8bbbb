//! The commands: `serve`, `apply`, `export`, `token create`, `token list`, `token revoke`.

mod apply;
pub mod data;
mod export;
mod serve;
mod token;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::Config;

/// The traffic cop of a shared Docker host.
#[derive(Debug, Parser)]
#[command(name = "berth", version, about)]
pub struct Cli {
    /// The configuration file; without it `berth.toml` here, where there is one.
    #[arg(long, global = true, env = "BERTH_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves pages and API until it is told to end (SIGTERM, Ctrl-C).
    Serve,
    /// Declares teams, sizes and templates from a file, and shows the difference.
    Apply(apply::Apply),
    /// Prints what is declared as the file that `apply` reads; the defaults of secrets stay hidden.
    Export,
    /// API tokens for scripts.
    #[command(subcommand)]
    Token(token::Token),
}

/// Why a command ends early: its exit code, and the words for the terminal.
#[derive(Debug)]
pub struct Stop {
    pub code: u8,
    pub message: String,
}

impl Stop {
    /// What was asked cannot be done: exit code 1.
    pub fn failed(message: impl std::fmt::Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }
}

/// # Errors
/// What the person at the terminal is told: exit code 2 for a wrong configuration, 1 for everything else.
pub async fn run(cli: Cli) -> Result<(), Stop> {
    let own = |(name, _): &(String, String)| name != "BERTH_CONFIG" && !name.starts_with("BERTH_TEST_");
    let config = Config::load(cli.config.as_deref(), std::env::vars().filter(own));
    let config = config.map_err(|error| Stop { code: 2, message: error.to_string() })?;
    match cli.command {
        Command::Serve => serve::run(config).await,
        Command::Apply(arguments) => apply::run(&config, &arguments).await,
        Command::Export => export::run(&config).await,
        Command::Token(token) => token::run(&config, &token).await,
    }
}
