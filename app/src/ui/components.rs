//! What pages are put together from.

pub mod badge;
pub mod copy;
pub mod entries;
pub mod expiry;
pub mod gauges;
pub mod icon;
pub mod loaded;
pub mod operate;
pub mod ports;
pub mod problem;
pub mod refused;
pub mod remove;
pub mod tabs;
pub mod time;
