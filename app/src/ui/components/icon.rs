//! Icons, drawn once in `public/icons.svg`, and the mark.

use crate::ui::seal::Seal;
use leptos::prelude::*;

/// An icon beside a word, or on a button that says in another way what it does.
#[component]
pub fn Icon(#[prop(into)] name: Signal<&'static str>) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true">
            <use_ href=move || format!("/icons.svg#{}", name.get())></use_>
        </svg>
    }
    .seal()
}
