//! How Berth is reached over HTTP.

pub mod actor;
pub mod auth;
pub mod guard;
pub mod headers;
pub mod layers;
pub mod limits;
pub mod operator;
pub mod proxies;
pub mod refusal;
pub mod return_to;
pub mod session;
pub mod sign_out;
