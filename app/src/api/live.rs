//! What changes while one looks: each message of the `/live` stream is one [`Change`] in JSON.

use serde::{Deserialize, Serialize};

use model::environment::{Environment, State};
use model::host::Host;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// An environment as it is now; `removed` is a state like others.
    Environment(Box<Environment>),
    Host(Box<Host>),
    /// Some changes were missed: ask for everything again.
    Missed,
}

/// Takes a change into a list that is shown newest first. An older revision than the one there changes nothing.
pub fn merge(list: &mut Vec<Environment>, changed: &Environment) {
    match list.iter().position(|known| known.id == changed.id) {
        Some(at) if list[at].revision > changed.revision => {}
        Some(at) if changed.state == State::Removed => drop(list.remove(at)),
        Some(at) => list[at] = changed.clone(),
        None if changed.state == State::Removed => {}
        None => list.insert(0, changed.clone()),
    }
}
