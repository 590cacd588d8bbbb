//! What pages are put together from.

pub mod as_text;
pub mod badge;
pub mod changes;
pub mod copy;
pub mod entries;
pub mod expiry;
pub mod form;
pub mod gauges;
pub mod heading;
pub mod icon;
pub mod loaded;
pub mod operate;
pub mod pool;
pub mod ports;
pub mod problem;
pub mod refused;
pub mod remove;
pub mod tabs;
pub mod text_area;
pub mod time;
