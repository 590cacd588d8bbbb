//! What islands say over the page: `frame.js` shows it, and keeps it until it is dismissed.

use super::browser;
use crate::api::ApiError;
use crate::ui::components::problem::title;

/// Something was not done.
pub fn failed(what: &str, error: &ApiError) {
    browser::tell("failed", &[what, &error.to_string(), way_out(error)]);
}

/// What is shown could not be asked for again, or could.
pub fn stale(error: Option<&ApiError>) {
    match error {
        Some(error) => browser::tell("stale", &[&title(error), way_out(error)]),
        None => browser::tell("stale", &[]),
    }
}

/// Says it to those who do not see it happen.
pub fn say(words: &str) {
    browser::tell("say", &[words]);
}

/// Which link of the notice helps.
fn way_out(error: &ApiError) -> &'static str {
    match error {
        ApiError::SignedOut => "sign-in",
        ApiError::Outdated => "reload",
        _ => "",
    }
}
