//! Where somebody comes who is not signed in, or whose sign-in did not work.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::me::{SignIn, get_sign_in};
use crate::model::address::Address;
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::frame::Mark;
use crate::ui::seal::Seal;

#[component]
pub fn SignInPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let problem = query.get("problem").map(|code| problem(&code));
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
            {problem.map(|words| view! {
                <p class="notice warn" role="alert">
                    {words}
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

/// The sentences are ours: nothing of the address is shown.
fn problem(code: &str) -> &'static str {
    match code {
        "access_denied" => "The sign-in was cancelled or refused at the identity provider. You can try again.",
        "login_required" => "The identity provider asks you to sign in there once more.",
        "provider_unavailable" => {
            "The identity provider does not answer. Nothing is wrong with your account; try again in a minute."
        }
        "provider_refused" => {
            "The identity provider's answer could not be accepted. Try again; if it stays, tell an admin: the server's log has the cause."
        }
        "not_admitted" => {
            "You were recognised, but not admitted: no team here takes members of your groups. Ask a lead of your team or an admin."
        }
        "expired" => "Your session has ended. Sign in again and you come back to where you were.",
        "disabled" => "This account has been disabled here. An admin can enable it again.",
        _ => "Signing in did not work. Try again; if it stays, tell an admin.",
    }
}
