//! The steps that bring a database to this version, in their order, each from its own file in `migrations/`.

use std::sync::LazyLock;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// What is there, by number: `NNNN_name.sql` without its ending, and its text.
const STEPS: &[(&str, &str)] = &[
    ("0001_start", include_str!("migrations/0001_start.sql")),
    ("0002_people", include_str!("migrations/0002_people.sql")),
    ("0003_time", include_str!("migrations/0003_time.sql")),
    ("0004_audit", include_str!("migrations/0004_audit.sql")),
    ("0005_requests", include_str!("migrations/0005_requests.sql")),
    ("0006_changes", include_str!("migrations/0006_changes.sql")),
    ("0007_network", include_str!("migrations/0007_network.sql")),
    ("0008_asks", include_str!("migrations/0008_asks.sql")),
    ("0009_truth", include_str!("migrations/0009_truth.sql")),
    ("0010_folded", include_str!("migrations/0010_folded.sql")),
    ("0011_disk", include_str!("migrations/0011_disk.sql")),
    ("0012_hosts", include_str!("migrations/0012_hosts.sql")),
    ("0013_activities", include_str!("migrations/0013_activities.sql")),
    ("0014_parts", include_str!("migrations/0014_parts.sql")),
];

pub(super) static MIGRATIONS: LazyLock<Migrator> =
    LazyLock::new(|| Migrator::with_migrations(STEPS.iter().map(|(name, sql)| step(name, sql)).collect()));

fn step(file: &'static str, sql: &'static str) -> Migration {
    let (number, name) = file.split_once('_').expect("a test reads all names");
    let version = number.parse().expect("a test reads all names");
    Migration::new(version, name.replace('_', " ").into(), MigrationType::Simple, sql.into_sql_str(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_of_migrations_is_a_step_and_they_are_numbered_without_a_gap() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder")
            .map(|file| file.expect("a file").file_name().to_string_lossy().trim_end_matches(".sql").to_owned())
            .collect();
        files.sort();
        assert_eq!(files, STEPS.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
        let versions: Vec<i64> = MIGRATIONS.iter().map(|step| step.version).collect();
        assert_eq!(versions, (1..=i64::try_from(STEPS.len()).expect("few")).collect::<Vec<_>>());
    }
}
