//! What people see of Berth, and the contract between the pages and the server: values (`model`), questions (`api`),
//! pages (`ui`). Compiles for the browser and for the server; knows nothing of Docker, SQL, OIDC or axum.

// Views are types as deep as what they show.
#![recursion_limit = "256"]

pub mod model;

pub mod api;

pub mod ui;
