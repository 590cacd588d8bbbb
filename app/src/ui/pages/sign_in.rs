//! Where somebody comes who is not signed in, or whose sign-in did not work.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::me::{SignIn, get_sign_in};
use crate::model::address::Address;
use crate::model::sign_in::Problem;
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::frame::Mark;
use crate::ui::seal::Seal;

#[component]
pub fn SignInPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    // A code that is none of ours comes from nobody who should be answered in detail.
    let problem = query.get("problem").map(|code| Problem::parse(&code).unwrap_or(Problem::Internal));
    let start = Address::of("/auth/start").with("return_to", &query.get("return_to").unwrap_or_default()).to_string();
    let view = move |way| match way {
        SignIn::OperatorLink => view! { <OperatorLink /> }.seal(),
        SignIn::Provider => view! { <Provider start=start.clone() /> }.seal(),
    };
    view! {
        <Title text="Sign in" />
        <section class="door">
            <Mark />
            <h1 tabindex="-1">"Sign in to Berth"</h1>
            {problem.map(|problem| view! {
                <p class="notice warn" role="alert">
                    <strong>{problem.what()}</strong>
                    " "
                    {problem.advice()}
                </p>
            })}
            <Loaded asked=get_sign_in() view />
        </section>
    }
    .seal()
}

#[component]
fn Provider(start: String) -> impl IntoView {
    view! {
        <p class="dim">"Your organisation's identity provider says who you are, and in which teams."</p>
        <a class="button primary block" href=start rel="external">
            <Icon name="enter" />
            "Sign in"
        </a>
    }
    .seal()
}

#[component]
fn OperatorLink() -> impl IntoView {
    view! {
        <p>
            "This Berth serves one operator, who comes in by the one-time link that the server printed when it started. Open that link in this browser."
        </p>
        <p class="dim">"It works once. If it has been used, start the server again: it prints a new one."</p>
    }
    .seal()
}
