//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::ui::components::icon::Icon;
use crate::ui::seal::Seal;

#[component]
pub fn MissingPage() -> impl IntoView {
    crate::api::no_such_page();
    view! {
        <Title text="Not found" />
        <section class="blank">
            <span class="emblem">
                <Icon name="search" />
            </span>
            <h1 tabindex="-1">"Page not found"</h1>
            <p>"The address may be wrong, or what was here has been removed."</p>
            <a class="button" href="/environments">
                "All environments"
            </a>
        </section>
    }
    .seal()
}
