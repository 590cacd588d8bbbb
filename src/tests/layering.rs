//! Who may know whom, where Cargo does not keep it.

use std::fs;
use std::path::{Path, PathBuf};

pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the project").map(|entry| entry.expect("an entry").path());
    let (folders, here): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = folders.iter().flat_map(|folder| files(folder));
    here.into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).chain(below).collect()
}

/// No file of `room` names one of `strangers`.
fn check(room: &str, strangers: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (file, folder) = (root.join(format!("{room}.rs")), root.join(room));
    let mut all = if folder.is_dir() { files(&folder) } else { Vec::new() };
    all.extend(file.is_file().then_some(file));
    assert!(!all.is_empty(), "{room} is not there");
    for path in all {
        let text = fs::read_to_string(&path).expect("a file of the project");
        for stranger in strangers {
            assert!(!text.contains(stranger), "{} names {stranger}", path.display());
        }
    }
}

#[test]
fn the_model_has_no_clock_and_waits_for_nothing() {
    check("app/model/src", &["SystemTime", "async fn"]);
}

#[test]
fn what_can_be_asked_knows_nothing_of_what_is_seen() {
    check("app/src/api", &["crate::ui"]);
}

#[test]
fn the_service_knows_nothing_of_http() {
    check("src/service", &["crate::web", "axum::", "bollard::", "sqlx::"]);
}

#[test]
fn the_web_asks_the_service_and_never_the_engine_or_what_is_stored_of_environments() {
    check("src/web", &["docker::", "store::environments", "store::catalogue", "bollard::", "sqlx::"]);
    check("src/jobs", &["docker::", "store::", "bollard::", "sqlx::"]);
}
