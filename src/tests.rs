//! Stories through the outermost door, and the strangers that they meet.

mod support;

mod catalogue;
mod configuration;
mod engine_contract;
mod real_engine;
mod requests;
mod sessions;
mod stand_in;
