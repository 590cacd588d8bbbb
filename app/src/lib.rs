//! What people see of Berth, and the contract between the pages and the server: questions (`api`) and pages (`ui`), about
//! what the crate `model` has. Compiles for the browser and for the server; knows nothing of Docker, SQL, OIDC or axum.

// Views are types as deep as what they show.
#![recursion_limit = "256"]

pub mod api;

pub mod ui;
