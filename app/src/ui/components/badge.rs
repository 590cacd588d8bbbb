//! How an environment is, at a glance: an icon, a word and a colour, never one alone.

use leptos::prelude::*;

use super::icon::Icon;
use crate::ui::seal::Seal;
use model::environment::{Environment, Health, State};

#[component]
pub fn Badge(environment: Signal<Environment>) -> impl IntoView {
    let state = move || environment.with(|environment| environment.state);
    let remarks = move || environment.with(remarks);
    view! {
        <span class="badges">
            <span class=move || tone(state())>
                <Icon name=Signal::derive(move || icon(state())) />
                {move || state().label()}
            </span>
            {move || remarks().into_iter().map(|remark| view! { <small class="warn">{remark}</small> }).collect_view()}
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

/// The classes that colour a state.
#[must_use]
pub const fn tone(state: State) -> &'static str {
    match state {
        State::Reserved | State::Pulling | State::Creating | State::Starting | State::Stopping | State::Removing => {
            "badge busy"
        }
        State::Running => "badge ok",
        State::Stopped | State::Removed => "badge off",
        State::Failed => "badge bad",
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
