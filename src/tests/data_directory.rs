//! The data directory: one server at a time, and nothing is made, migrated or opened to others by looking.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use store::{Access, Store};

use tempfile::TempDir;

use crate::command::data;
use crate::config::Config;

fn config(folder: &Path) -> Config {
    let text = format!("[server]\ndata_dir = {folder:?}\n");
    Config::read(Some((Path::new("berth.toml"), &text)), []).expect("a configuration")
}

/// A folder whose `data` is not made yet.
fn folder() -> (TempDir, Config) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(&folder.path().join("data"));
    (folder, config)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

async fn refused(config: &Config, access: Access) -> String {
    data::open(config, access).await.expect_err("refused").message
}

#[tokio::test]
async fn a_second_server_on_the_same_data_directory_does_not_start() {
    let (_folder, config) = folder();
    let (store, lock) = data::serve(&config).await.expect("a server");
    let second = data::serve(&config).await.expect_err("refused").message;
    assert!(second.contains("another `berth serve` uses this data directory"), "{second}");
    // Other commands work beside it.
    for access in [Access::Read, Access::Write] {
        let beside = data::open(&config, access).await.expect("a database");
        assert!(beside.catalogue().await.is_ok());
        beside.close().await;
    }
    store.close().await;
    drop(lock);
    assert!(data::serve(&config).await.is_ok(), "the lock goes with its server");
}

#[tokio::test]
async fn a_command_in_the_wrong_directory_makes_nothing_there() {
    let (folder, config) = folder();
    for access in [Access::Read, Access::Write] {
        let said = refused(&config, access).await;
        assert!(said.contains("there is no database yet; `berth serve` makes it"), "{said}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[tokio::test]
async fn what_holds_secrets_is_its_owner_s_alone_and_a_folder_that_was_there_keeps_its_mode() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    drop(data::serve(&config).await.expect("a server"));
    assert_eq!((mode(&data), mode(&data.join("berth.db")), mode(&data.join("berth.lock"))), (0o700, 0o600, 0o600));

    let shared = folder.path().join("shared");
    std::fs::create_dir(&shared).expect("a folder");
    std::fs::set_permissions(&shared, PermissionsExt::from_mode(0o755)).expect("a mode");
    std::fs::write(shared.join("berth.db"), "").expect("a file of before");
    let (_store, _lock) = data::serve(&self::config(&shared)).await.expect("a server");
    assert_eq!(
        (mode(&shared), mode(&shared.join("berth.db")), mode(&shared.join("berth.db-wal"))),
        (0o755, 0o600, 0o600)
    );

    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).expect("a mode");
    let open_to_all = data::serve(&self::config(folder.path())).await.expect_err("refused").message;
    assert!(open_to_all.contains("every user of this host may write to it"), "{open_to_all}");
}

#[tokio::test]
async fn a_database_of_another_version_is_refused_in_words() {
    let (_folder, config) = folder();
    let (store, lock) = data::serve(&config).await.expect("a server");
    store.sql("INSERT INTO _sqlx_migrations SELECT 9999, 'later', installed_on, TRUE, checksum, 1 FROM _sqlx_migrations LIMIT 1").await;
    store.close().await;
    drop(lock);
    let newer = data::serve(&config).await.expect_err("refused").message;
    assert!(newer.contains("version 9999, from a newer Berth") && newer.contains("put back the copy"), "{newer}");
    assert_eq!(refused(&config, Access::Read).await, newer);
}

#[tokio::test]
async fn a_command_does_not_migrate_and_the_server_keeps_a_copy_before_it_does() {
    let (folder, config) = folder();
    let (store, lock) = data::serve(&config).await.expect("a server");
    let newest = store.count("_sqlx_migrations").await;
    store.sql("DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)").await;
    store.close().await;
    drop(lock);
    for access in [Access::Read, Access::Write] {
        let older = refused(&config, access).await;
        assert!(older.contains(&format!("version {} and this command needs {newest}", newest - 1)), "{older}");
    }
    // The step has been done in truth, so that it fails: what was before it is there.
    let copy = |end: &str| folder.path().join(format!("data/berth-schema-{}{end}.db", newest - 1));
    for expected in ["", "-2"] {
        assert!(!copy(expected).exists());
        assert!(data::serve(&config).await.is_err());
        assert_eq!(mode(&copy(expected)), 0o600);
    }
    let kept = Store::open_existing(&copy(""), Access::Read).await.expect_err("an older one").to_string();
    assert!(kept.contains(&format!("has version {}", newest - 1)), "{kept}");
}
