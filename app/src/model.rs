//! What is true: pure values and the policy on them. No clock, no I/O, no framework.

pub mod access;
pub mod address;
pub mod audit;
pub mod day;
pub mod deadline;
pub mod diff;
pub mod environment;
pub mod filter;
pub mod gauge;
pub mod history;
pub mod host;
pub mod idle;
pub mod image;
pub mod lifetime;
pub mod loan;
pub mod name;
pub mod notice;
pub mod overrun;
pub mod quarantine;
pub mod quota;
pub mod request;
pub mod sign_in;
pub mod team;
pub mod template;
pub mod time;
pub mod units;
