//! What was asked for: while it is on its way, when it failed, and when it is there.

use leptos::prelude::*;

use super::problem::{Problem, title};
use crate::api::ApiError;
use crate::ui::tab::Tab;

/// Shows `view` once there is an answer, and keeps it while a newer one is on its way or fails in passing. What is shown
/// is never built anew for that: its values change in place.
#[component]
pub fn Loaded<T, V>(tab: Tab, answer: Signal<Option<Result<T, ApiError>>>, view: V) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    V: Fn(Signal<T>) -> AnyView + Clone + Send + Sync + 'static,
{
    let show = move || {
        // Made in here, so that what they read is waited for.
        let known = Memo::new(move |last: Option<&Option<T>>| match answer.get() {
            Some(Ok(value)) => Some(value),
            Some(Err(error)) if !error.is_passing() => None,
            Some(Err(_)) | None => last.cloned().flatten(),
        });
        let failure = Memo::new(move |last: Option<&Option<ApiError>>| match answer.get() {
            Some(result) => result.err(),
            None => last.cloned().flatten(),
        });
        let is_known = Memo::new(move |_| known.with(Option::is_some));
        let view = view.clone();
        move || {
            if is_known.get() {
                let value = Signal::derive(move || known.get().expect("it is known here"));
                let stale = move || failure.get().map(|error| view! { <Stale error /> });
                view! {
                    {stale}
                    {view(value)}
                }
                .into_any()
            } else if let Some(error) = failure.get() {
                view! { <Problem error live=tab.live /> }.into_any()
            } else {
                ().into_any()
            }
        }
    };
    view! { <Transition fallback=|| view! { <Waiting /> }>{show()}</Transition> }.into_any()
}

#[component]
fn Waiting() -> impl IntoView {
    view! {
        <p class="waiting" role="status">
            "Loading…"
        </p>
    }
    .into_any()
}

/// What is shown may be old.
#[component]
fn Stale(error: ApiError) -> impl IntoView {
    view! {
        <div class="notices" role="alert">
            <div class="notice warn">
                <strong>{title(&error)}</strong>
                <p>"What you see here may be old; what you typed stays."</p>
            </div>
        </div>
    }
    .into_any()
}

/// Two answers as one: there when both are.
#[must_use]
pub fn both<A, B>(
    first: Option<Result<A, ApiError>>,
    second: Option<Result<B, ApiError>>,
) -> Option<Result<(A, B), ApiError>> {
    match (first?, second?) {
        (Ok(first), Ok(second)) => Some(Ok((first, second))),
        (Err(error), _) | (_, Err(error)) => Some(Err(error)),
    }
}
