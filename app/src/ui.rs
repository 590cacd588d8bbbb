//! What is seen: the shell, the route table, pages and components.

use leptos::prelude::*;

#[component]
pub fn App() -> impl IntoView {
    view! { <p>"Berth"</p> }
}

#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! { <!DOCTYPE html> <html lang="en"><head><HydrationScripts options/></head><body><App/></body></html> }
}
