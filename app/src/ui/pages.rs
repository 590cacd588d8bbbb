//! The pages, each in the file of its name.

pub mod environment;
pub mod environments;
pub mod host;
pub mod launch;
pub mod missing;
pub mod sign_in;
