//! Stories through the real router on a real database, with the time in the test's hand.

mod support;

mod configuration;
mod requests;
mod sessions;
