//! Stories through the outermost door, and the strangers that they meet.

mod doors;
mod provider;
mod site;
mod stage;
mod support;

mod access_matrix;
mod admission;
mod adoption;
mod api;
mod audit;
mod catalogue;
mod configuration;
mod deadlines;
mod disk;
mod engine_contract;
mod engine_failures;
mod engine_tls;
mod faults;
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
mod requests_for_more;
mod sessions;
mod sign_in;
mod simulator;
mod stand_in;
mod storm;
mod time;
