//! The pages, each in the file of its name.

pub mod audit;
pub mod environment;
pub mod environments;
pub mod history;
pub mod host;
pub mod launch;
pub mod missing;
pub mod requests;
pub mod sign_in;
