//! Stories through the outermost door, and the strangers that they meet.

mod provider;
mod site;
mod stage;
mod support;

mod admission;
mod catalogue;
mod configuration;
mod edits;
mod engine_contract;
mod engine_failures;
mod engine_tls;
mod id_tokens;
mod launch;
mod layering;
mod lifecycle;
mod logs;
mod people;
mod real_engine;
mod recovery;
mod registry;
mod requests;
mod sessions;
mod sign_in;
mod stand_in;
