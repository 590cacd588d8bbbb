//! What is seen: the shell, the route table, pages and components.

use leptos::prelude::*;

#[component]
pub fn App() -> impl IntoView {
    view! { <p>"Berth"</p> }
}
