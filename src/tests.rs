//! Stories through the outermost door, and the strangers that they meet.

mod engine_contract;
mod engine_failures;
mod engine_tls;
mod real_engine;
mod registry;
mod stand_in;
