//! What can be asked: server functions by noun, the error they share, and the trait that answers them.
//!
//! A server function is two lines: who asks, and the [`Backend`]'s answer. Its path is stable (`/fn/…`).

pub mod activities;
pub mod audit;
pub mod environments;
pub mod error;
pub mod form;
pub mod hosts;
pub mod json;
pub mod live;
pub mod me;
pub mod people;
pub mod requests;
pub mod settings;
pub mod sizes;
pub mod teams;
pub mod templates;

/// What only the server has: the one place in this crate that is compiled for it alone.
#[cfg(feature = "ssr")]
pub mod backend;

pub use error::ApiError;

/// Says in the answer's status that there is no such page. In a browser there is nobody to tell.
pub fn no_such_page() {
    #[cfg(feature = "ssr")]
    backend::no_such_page();
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }

    /// Cargo keeps who may know whom between crates; this one has two rooms.
    #[test]
    fn what_can_be_asked_knows_nothing_of_what_is_seen() {
        let all = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api"));
        assert!(all.len() > 20);
        for path in all {
            let text = fs::read_to_string(&path).expect("a file");
            assert!(!text.contains("crate::ui"), "{} names what is seen", path.display());
        }
    }
}
