//! Stories through the outermost door, and the strangers that they meet.

mod provider;
mod stage;
mod support;

mod admission;
mod adoption;
mod catalogue;
mod configuration;
mod deadlines;
mod disk;
mod engine_contract;
mod engine_failures;
mod engine_tls;
mod id_tokens;
mod launch;
mod layering;
mod lifecycle;
mod logs;
mod quarantine;
mod real_engine;
mod recovery;
mod registry;
mod requests;
mod sessions;
mod sign_in;
mod simulator;
mod stand_in;
