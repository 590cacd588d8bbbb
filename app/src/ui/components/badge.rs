//! How an environment is, at a glance: an icon, a word and a colour, never one alone.

use leptos::prelude::*;

use super::icon::Icon;
use crate::model::environment::{Environment, Health, State};
use crate::ui::seal::Seal;

#[component]
pub fn Badge(environment: Signal<Environment>) -> impl IntoView {
    let state = Memo::new(move |_| environment.with(|environment| environment.state));
    let remarks = Memo::new(move |_| environment.with(remarks));
    view! {
        <span class="badges">
            <span class=move || format!("badge {}", tone(state.get()))>
                <Icon name=Signal::derive(move || icon(state.get())) />
                {move || state.get().label()}
            </span>
            {move || remarks.get().into_iter().map(|remark| view! { <small class="warn">{remark}</small> }).collect_view()}
        </span>
    }
    .seal()
}

/// What is not as it should be while it runs.
fn remarks(environment: &Environment) -> Vec<&'static str> {
    if environment.state != State::Running {
        return Vec::new();
    }
    let remarks = [
        (environment.paused, "paused on the host"),
        (environment.out_of_memory, "out of memory"),
        (environment.health == Some(Health::Unhealthy), "unhealthy"),
    ];
    remarks.into_iter().filter_map(|(is_so, remark)| is_so.then_some(remark)).collect()
}

/// The class that colours a state.
#[must_use]
pub const fn tone(state: State) -> &'static str {
    match state {
        State::Reserved | State::Pulling | State::Creating | State::Starting | State::Stopping | State::Removing => {
            "busy"
        }
        State::Running => "ok",
        State::Stopped | State::Removed => "off",
        State::Failed => "bad",
    }
}

const fn icon(state: State) -> &'static str {
    match state {
        State::Reserved | State::Pulling | State::Creating | State::Starting | State::Stopping | State::Removing => {
            "busy"
        }
        State::Running => "running",
        State::Stopped | State::Removed => "stopped",
        State::Failed => "failed",
    }
}
