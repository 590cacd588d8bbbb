//! Stories through the outermost door, and the strangers that they meet.

mod catalogue;
mod configuration;
mod engine_contract;
mod real_engine;
mod registry;
mod stand_in;
