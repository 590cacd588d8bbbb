//! What is true: pure values and the policy on them. No clock, no I/O, no framework.

pub mod access;
pub mod address;
pub mod day;
pub mod diff;
pub mod environment;
pub mod filter;
pub mod gauge;
pub mod host;
pub mod image;
pub mod lifetime;
pub mod name;
pub mod overrun;
pub mod quota;
pub mod sign_in;
pub mod team;
pub mod template;
pub mod time;
pub mod units;
