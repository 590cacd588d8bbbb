//! `berth apply FILE [--dry-run]`.

use std::path::PathBuf;

use clock::Clock;
use service::apply;
use store::Access;

use clap::Args;

use super::{Stop, data};
use crate::config::Config;

#[derive(Debug, Args)]
pub struct Apply {
    /// The catalogue, in TOML.
    file: PathBuf,
    /// Only shows what would change.
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(config: &Config, arguments: &Apply) -> Result<(), Stop> {
    let named = |error: &dyn std::fmt::Display| Stop::failed(format!("{}: {error}", arguments.file.display()));
    let text = std::fs::read_to_string(&arguments.file).map_err(|error| named(&error))?;
    let store = data::open(config, Access::Write).await?;
    let differences = apply::apply(&store, &text, arguments.dry_run, Clock::system().now()).await;
    store.close().await;
    let differences = differences.map_err(|error| named(&error))?;
    for line in &differences {
        println!("{line}");
    }
    let changed = differences
        .iter()
        .filter(|line| !matches!(line, apply::Difference::Kept(_) | apply::Difference::Over(_)))
        .count();
    println!("{}", summary(changed, arguments.dry_run));
    Ok(())
}

fn summary(changed: usize, dry_run: bool) -> String {
    match (changed, dry_run) {
        (0, _) => "Nothing to change.".to_owned(),
        (1, true) => "1 change; nothing was applied.".to_owned(),
        (count, true) => format!("{count} changes; nothing was applied."),
        (1, false) => "1 change applied.".to_owned(),
        (count, false) => format!("{count} changes applied."),
    }
}
