//! The Docker Engine: everything that Berth asks of it, and nothing else that it could do.
//!
//! Nobody outside names an endpoint, a field of a container or the library behind it (`bollard`): there is a typed call
//! for each thing that Berth does, and one builder of what a container may be. Knows the model and nothing of the
//! database, of people's rights or of HTTP towards them.

mod connection;
mod container;
mod engine;
mod error;
mod events;
mod host;
mod isolation;
mod labels;
mod lanes;
mod logs;
mod network;
mod pulls;
mod spec;
mod stats;
mod terminal;
mod tls;
mod wire;

#[cfg(any(test, feature = "testing"))]
pub use connection::Inside;
pub use connection::{Connection, names_an_engine};
pub use container::{Container, ContainerId, ImageId, Listed, Status};
pub use engine::Engine;
pub use error::EngineError;
pub use events::{Event, Happening};
pub use host::{HostFacts, Pong};
pub use isolation::Check;
#[cfg(any(test, feature = "testing"))]
pub use labels::Labels;
#[cfg(any(test, feature = "testing"))]
pub use lanes::Patience;
pub use lanes::{DISKS, FIGURES};
pub use network::{Attachment, Network, NetworkSpec, Purpose};
pub use pulls::PullProgress;
pub use spec::{ContainerSpec, SpecError, Wanted};
pub use terminal::{Input, Output, Shell};
