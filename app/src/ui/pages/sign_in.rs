//! Where somebody comes who is not signed in, or whose sign-in did not work.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::me::{SignIn, get_sign_in};
use crate::model::address::Address;
use crate::model::sign_in::Problem;
use crate::ui::components::icon::Icon;
use crate::ui::frame::Mark;

#[component]
pub fn SignInPage() -> impl IntoView {
    let query = use_query_map();
    let way = Resource::new(|| (), |()| get_sign_in());
    // A code that is none of ours comes from nobody who should be answered in detail.
    let problem = move || {
        let code = query.with(|query| query.get("problem"))?;
        Some(Problem::parse(&code).unwrap_or(Problem::Internal))
    };
    let start = move || {
        let return_to = query.with(|query| query.get("return_to")).unwrap_or_default();
        Address::of("/auth/start").with("return_to", &return_to).to_string()
    };
    view! {
        <Title text="Sign in" />
        <section class="door">
            <Mark />
            <h1 tabindex="-1">"Sign in to Berth"</h1>
            {move || {
                problem().map(|problem| view! {
                    <p class="notice warn" role="alert">
                        <strong>{problem.what()}</strong>
                        " "
                        {problem.advice()}
                    </p>
                })
            }}
            <Transition>
                {move || {
                    way.get().map(|way| match way {
                        Ok(SignIn::OperatorLink) => view! { <OperatorLink /> }.into_any(),
                        Ok(SignIn::Provider) | Err(_) => view! { <Provider start=start() /> }.into_any(),
                    })
                }}
            </Transition>
        </section>
    }
    .into_any()
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
    .into_any()
}

#[component]
fn OperatorLink() -> impl IntoView {
    view! {
        <p>
            "This Berth serves one operator, who comes in by the one-time link that the server printed when it started. Open that link in this browser."
        </p>
        <p class="dim">"It works once. If it has been used, start the server again: it prints a new one."</p>
    }
    .into_any()
}
