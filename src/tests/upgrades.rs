//! Databases of earlier versions, as their releases left them: each is migrated, and what ran then runs on.
//!
//! `upgrades/NNNN.sql` is the dump of one with schema NNNN. A release that migrates adds the one before it.

use std::path::Path;

use docker::Patience;
use model::access::{Actor, InstallationRole, TeamRole};
use model::audit::Search;
use model::environment::{Operation, State};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use store::Store;

use super::stage::{Stage, ask, reconciled};
use super::stand_in::{Call, Image, Process, StandIn};

/// What must be there after as it was before.
const KEPT: [&str; 9] =
    ["users", "sessions", "tokens", "teams", "template_versions", "environments", "steps", "requests", "audit"];

async fn fill(file: &Path, dump: &str) {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).foreign_keys(false);
    let mut database = options.connect().await.expect("a database");
    sqlx::raw_sql(AssertSqlSafe(dump.to_owned())).execute(&mut database).await.expect("a dump");
    database.close().await.expect("closed");
}

async fn counts(file: &Path) -> Vec<i64> {
    let mut database = SqliteConnectOptions::new().filename(file).connect().await.expect("a database");
    let mut counts = Vec::new();
    for table in KEPT {
        let count = sqlx::query_scalar(AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")));
        counts.push(count.fetch_one(&mut database).await.expect("a count"));
    }
    database.close().await.expect("closed");
    counts
}

/// Puts the containers of the database's environments on the engine, as they were.
async fn populate(engine: &StandIn, file: &Path) -> usize {
    let mut database = SqliteConnectOptions::new().filename(file).connect().await.expect("a database");
    let query =
        "SELECT id, attempt, state, container_id, container_name FROM environments WHERE container_id IS NOT NULL";
    let rows = sqlx::query(query).fetch_all(&mut database).await.expect("rows");
    let mut running = 0;
    for row in rows {
        let text = |column: &str| row.get::<String, _>(column);
        let (id, container, attempt) = (text("id"), text("container_id"), row.get::<i64, _>("attempt").to_string());
        let labels = [("berth.installation", "test"), ("berth.environment", &id), ("berth.attempt", &attempt)];
        engine.keeps(&container, &text("container_name"), "berth/web:1", &labels);
        engine.runs(&container).await;
        if text("state") == "running" {
            running += 1;
        } else {
            engine.end(&container, super::stand_in::End::Exited(0));
        }
    }
    database.close().await.expect("closed");
    running
}

#[tokio::test]
async fn a_database_of_every_earlier_version_is_migrated_and_what_ran_then_runs_on() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/upgrades");
    let mut seen = 0;
    for dump in std::fs::read_dir(folder).expect("the folder") {
        let dump = dump.expect("a file").path();
        let version: i64 = dump.file_stem().and_then(|stem| stem.to_str()?.parse().ok()).expect("NNNN.sql");
        upgraded(version, &std::fs::read_to_string(&dump).expect("a dump")).await;
        seen += 1;
    }
    assert!(seen > 0, "there is at least one earlier version");
}

async fn upgraded(version: i64, dump: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("berth.db");
    fill(&file, dump).await;
    let before = counts(&file).await;
    let engine = StandIn::start().await;
    engine.has_image("berth/web:1", Image::that(Process::Serves));
    let running = populate(&engine, &file).await;
    assert!(running > 0, "schema {version} has something that runs");
    let containers = engine.containers();

    let store = Store::open(&file).await.unwrap_or_else(|error| panic!("schema {version}: {error}"));
    let copy = folder.path().join(format!("berth-schema-{version}.db"));
    assert_eq!(copy.exists(), store.count("_sqlx_migrations").await > version, "what is migrated was copied");
    assert_eq!(counts(&file).await, before, "schema {version}");
    if version == 9 {
        let search = Search { person: "özlem çelik".to_owned(), ..Search::default() };
        let found = store.audit(&search, None, 10).await.expect("a log").items;
        assert!(!found.is_empty(), "what was written before is found in any letter case");
    }
    let stage = Stage::around(engine, store, folder, Patience::default()).await;
    reconciled(&stage.service).await;
    reconciled(&stage.service).await;
    // The dump has ids that the same clock has drawn.
    (0..9000).for_each(|_| drop(stage.clock.user_id()));
    let bea = stage.bea().await;
    let ada = Actor { role: Some(InstallationRole::Admin), ..stage.person("Ann", "blue", TeamRole::Member).await };
    let all = stage.service.all_environments(&ada).await.expect("a list");
    let runs = all.iter().filter(|environment| environment.state == State::Running);
    assert_eq!(runs.clone().count(), running, "{all:?}");
    assert_eq!(stage.engine.containers(), containers);
    assert_eq!([Call::Stop, Call::Remove].map(|call| stage.engine.calls(call)), [0, 0]);
    for environment in runs {
        let stopped = stage.done(&ada, &environment.id, Operation::Stop).await.expect("a stop");
        assert_eq!(stopped.state, State::Stopped, "{stopped:?}");
    }
    assert_eq!(stage.launched(&bea, ask("web")).await.expect("a launch").state, State::Running);
}
