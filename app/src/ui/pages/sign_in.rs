//! Where somebody comes who is not signed in, or whose sign-in did not work.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::location::RequestUrl;

use crate::api::me::{SignIn, get_sign_in};
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::frame::Mark;
use crate::ui::seal::Seal;
use model::sign_in::{Problem, Stranger};

#[component]
pub fn SignInPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    // A code that is none of ours comes from nobody who should be answered in detail.
    let problem = query.get("problem").map(|code| Problem::parse(&code).unwrap_or(Problem::Internal));
    let start = match use_context::<RequestUrl>().as_ref().and_then(|url| return_to(url.as_ref())) {
        Some(escaped) => format!("/auth/start?return_to={escaped}"),
        None => "/auth/start".to_owned(),
    };
    let other = problem.is_some_and(Problem::is_about_the_account);
    let view = move |way| match way {
        SignIn::OperatorLink => view! { <OperatorLink /> }.seal(),
        SignIn::Provider => view! { <Provider start=start.clone() other /> }.seal(),
    };
    let stranger =
        use_context::<Option<Stranger>>().flatten().filter(|_| problem.is_some_and(Problem::is_of_a_stranger));
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
            {stranger.map(|stranger| view! { <p>{stranger.words()}</p> })}
            <Loaded asked=get_sign_in() view />
        </section>
    }
    .seal()
}

/// Where to go on, as it stands in the address: escaped. The router's own reading of a query unescapes twice.
fn return_to(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("return_to=")).filter(|value| !value.is_empty())
}

#[component]
fn Provider(
    start: String,
    /// Whether another account is offered.
    other: bool,
) -> impl IntoView {
    let chosen = format!("{start}{}account=other", if start.contains('?') { '&' } else { '?' });
    view! {
        <p class="dim">"Your organisation's identity provider says who you are, and in which teams."</p>
        <a class="button primary block" href=start rel="external">
            <Icon name="enter" />
            "Sign in"
        </a>
        {other
            .then(|| {
                view! {
                    <a class="button block" href=chosen rel="external">
                        "Use another account"
                    </a>
                }
            })}
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asked_for_stays_as_it_stands_in_the_address() {
        for (url, kept) in [
            (
                "/sign-in?return_to=%2Fenvironments%3Fq%3Da%2520b%2526c%2BM%25C3%25BC",
                Some("%2Fenvironments%3Fq%3Da%2520b%2526c%2BM%25C3%25BC"),
            ),
            ("/sign-in?problem=expired&return_to=%2Fx", Some("%2Fx")),
            ("/sign-in?return_to=", None),
            ("/sign-in?problem=expired", None),
            ("/sign-in", None),
        ] {
            assert_eq!(return_to(url), kept, "{url}");
        }
    }
}
