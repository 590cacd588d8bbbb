//! What people see of Berth, and the contract between the pages and the server: values (`model`), questions (`api`),
//! pages (`ui`). Compiles for the browser and for the server; knows nothing of Docker, SQL, OIDC or axum.

#![recursion_limit = "512"]

pub mod model;

pub mod api;

pub mod ui;
