//! How it is reached: the whole URL table, and the layers in their order.

pub mod api_v1;
pub mod assets;
pub mod guard;
pub mod headers;
pub mod health;
pub mod live;
pub mod oidc;
pub mod operator;
pub mod pages;
pub mod problem;
pub mod session;
