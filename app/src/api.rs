//! What can be asked: server functions by noun, the error they share, and the trait that answers them.
//!
//! A server function is two lines: who asks, and the [`Backend`]'s answer. Its path is stable (`/fn/…`).

pub mod audit;
pub mod environments;
pub mod error;
pub mod form;
pub mod host;
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
    /// Cargo keeps who may know whom between crates; this one has two rooms.
    #[test]
    fn what_can_be_asked_knows_nothing_of_what_is_seen() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let nouns = std::fs::read_dir(root.join("api")).expect("a folder").map(|entry| entry.expect("an entry").path());
        let all: Vec<_> = nouns.collect();
        assert!(all.len() > 5);
        for path in all {
            let text = std::fs::read_to_string(&path).expect("a file");
            assert!(!text.contains("crate::ui"), "{} names what is seen", path.display());
        }
    }
}
