//! How it is reached: the whole URL table, and the layers in their order.

pub mod actor;
pub mod api_v1;
pub mod assets;
pub mod auth;
pub mod guard;
pub mod headers;
pub mod health;
pub mod layers;
pub mod limits;
pub mod live;
pub mod operator;
pub mod pages;
pub mod problem;
pub mod proxies;
pub mod refusal;
pub mod return_to;
pub mod session;
pub mod sign_out;
