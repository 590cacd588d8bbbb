//! A button that copies a text.

use std::time::Duration;

use leptos::prelude::*;

use super::icon::Icon;
use crate::ui::browser;
use crate::ui::seal::Seal;

/// `what` completes «Copy …».
#[component]
pub fn Copy(#[prop(into)] text: Signal<String>, #[prop(into)] what: String) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        browser::copy(&text.get_untracked());
        copied.set(true);
        set_timeout(move || copied.set(false), Duration::from_secs(2));
    };
    let label = format!("Copy {what}");
    view! {
        <button type="button" class="button quiet icon-only" aria-label=label.clone() title=label on:click=copy>
            <Icon name=Signal::derive(move || if copied.get() { "done" } else { "copy" }) />
            <span class="unseen" role="status">
                {move || if copied.get() { "Copied" } else { "" }}
            </span>
        </button>
    }
    .seal()
}
