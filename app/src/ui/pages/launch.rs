//! The heart: choose a template, a size and what it is given, see what that leaves of the quota, and launch.

use leptos::ev::SubmitEvent;
use leptos::form::FromFormData;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::environments::{Launch, LaunchForm, LaunchOptions, get_launch_options};
use crate::api::me::Me;
use crate::model::name::TeamName;
use crate::ui::browser;
use crate::ui::components::loaded::{Loaded, both};
use crate::ui::tab::{Tab, Viewer};
use choices::ChooseTeam;
use panel::Panel;
use templates::Templates;

mod choices;
mod fields;
mod panel;
mod preview;
mod templates;

#[component]
pub fn LaunchPage(tab: Tab) -> impl IntoView {
    let query = use_query_map();
    let team = Memo::new(move |_| query.with(|query| query.get("team")).and_then(|team| TeamName::parse(&team).ok()));
    let asked = Resource::new(
        move || (team.get(), tab.live.changes_of(team.get().as_ref()), tab.live.round()),
        |(team, ..)| get_launch_options(team),
    );
    let answer = Signal::derive(move || both(tab.me.get(), asked.get()));
    view! {
        <Title text="Launch" />
        {move || {
            // The form of another team is another form.
            team.track();
            view! { <Loaded tab answer view=move |known| view! { <Options tab known /> }.into_any() /> }
        }}
    }
    .into_any()
}

#[component]
fn Options(tab: Tab, known: Signal<(Me, Option<LaunchOptions>)>) -> impl IntoView {
    let viewer = Viewer::of(tab, Signal::derive(move || known.get().0));
    let options = Memo::new(move |_| known.get().1);
    let first = options.get_untracked();
    let title = first.as_ref().map(|options| format!("for {}", options.team.label));
    let body = match first {
        None => view! { <ChooseTeam viewer /> }.into_any(),
        Some(first) if first.offers.is_empty() => view! { <NoOffers /> }.into_any(),
        Some(first) => {
            let options = Signal::derive(move || options.get().unwrap_or_else(|| first.clone()));
            view! { <Form tab options /> }.into_any()
        }
    };
    view! {
        <div class="head">
            <h1 tabindex="-1">"Launch"</h1>
            <p class="dim">{title}</p>
        </div>
        {body}
    }
    .into_any()
}

#[component]
fn NoOffers() -> impl IntoView {
    view! {
        <section class="panel blank">
            <h2>"Nothing to launch yet"</h2>
            <p>"This team has been given no templates. An admin declares them in the catalogue and says which teams may use them."</p>
        </section>
    }
    .into_any()
}

#[component]
fn Form(tab: Tab, options: Signal<LaunchOptions>) -> impl IntoView {
    let query = use_query_map();
    // What an address brings along of what was typed before.
    let draft = LaunchForm::from_query(query.get_untracked());
    let action = ServerAction::<Launch>::new();
    let first = options.get_untracked();
    let chosen = Memo::new(move |_| {
        let asked = query.with(|query| query.get("template")).unwrap_or_default();
        options.with(|options| options.offer(&asked).map(|offer| offer.slug.to_string())).unwrap_or_default()
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !action.pending().get_untracked()
            && let Ok(launch) = Launch::from_event(&event)
        {
            action.dispatch(launch);
        }
    };
    Effect::new(move |_| {
        if action.value().with(|value| matches!(value, Some(Err(_)))) {
            browser::focus_soon("[aria-invalid=true], #refusal");
        }
    });
    let _ = tab;
    view! {
        <form method="post" action=Launch::url() class="split launch" on:submit=submit>
            <input type="hidden" name="form[team]" value=first.team.name.to_string() />
            <input type="hidden" name="form[key]" value=first.idempotency_key.clone() />
            <Templates offers=first.offers chosen />
            <Panel options chosen action draft />
        </form>
    }
    .into_any()
}
