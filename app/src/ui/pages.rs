//! The pages, each in the file of its name.

pub mod activities;
pub mod audit;
pub mod environment;
pub mod environments;
pub mod history;
pub mod hosts;
pub mod launch;
pub mod missing;
pub mod people;
pub mod person;
pub mod requests;
pub mod settings;
pub mod sign_in;
pub mod sizes;
pub mod team;
pub mod teams;
pub mod template;
pub mod templates;
pub mod terminal;
