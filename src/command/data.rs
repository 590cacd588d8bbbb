//! The data directory: who may open the database in it, and what is made where it is missing.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use store::{Access, Store};

use super::Stop;
use crate::config::Config;

const DATABASE: &str = "berth.db";
const LOCK: &str = "berth.lock";

/// The right to serve from a data directory, until it is dropped or the process ends. Two servers would take each other's
/// launches for abandoned ones.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "it is held, and nothing is asked of it")] File);

/// For `serve`: locks the data directory, makes what is missing in it, and migrates the database.
///
/// # Errors
/// When another server has it, others may write to it, or the database is of a newer version.
pub async fn serve(config: &Config) -> Result<(Store, Lock), Stop> {
    let folder = &config.server.data_dir;
    let failed = |error: &dyn std::fmt::Display| Stop::failed(format!("{}: {error}", folder.display()));
    make(folder).map_err(|error| failed(&error))?;
    let lock = lock(&folder.join(LOCK)).map_err(|error| match error {
        TryLockError::WouldBlock => failed(&"another `berth serve` uses this data directory"),
        TryLockError::Error(error) => failed(&error),
    })?;
    let store = Store::open(&folder.join(DATABASE)).await.map_err(|error| failed(&error))?;
    Ok((store, lock))
}

/// For every other command, beside a server or without one.
///
/// # Errors
/// When there is no database, or it is of another version.
pub async fn open(config: &Config, access: Access) -> Result<Store, Stop> {
    let folder = &config.server.data_dir;
    let opened = Store::open_existing(&folder.join(DATABASE), access).await;
    opened.map_err(|error| Stop::failed(format!("{}: {error}", folder.display())))
}

/// A folder that is made here is its owner's alone. One that is there keeps its mode: it may be anything.
fn make(folder: &Path) -> io::Result<()> {
    if !folder.try_exists()? {
        if let Some(parent) = folder.parent() {
            std::fs::create_dir_all(parent)?;
        }
        return DirBuilder::new().mode(0o700).create(folder);
    }
    if std::fs::metadata(folder)?.permissions().mode() & 0o002 != 0 {
        return Err(io::Error::other("every user of this host may write to it; give Berth a folder of its own"));
    }
    Ok(())
}

fn lock(file: &Path) -> Result<Lock, TryLockError> {
    let options = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file);
    let file = options.map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(Lock(file))
}
