//! What surrounds every page: the way to the others, the team, the host, the viewer, and what is to be said.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::browser;
use super::tab::Tab;
use account::Account;
use host::HostLine;
use notices::NoticeBoard;
pub use rail::Mark;
use rail::Rail;
use teams::Teams;

mod account;
mod host;
mod notices;
mod rail;
mod teams;

/// Around the sign-in page there is nothing.
#[component]
pub fn Frame(tab: Tab, children: Children) -> impl IntoView {
    let location = use_location();
    let bare = Memo::new(move |_| location.pathname.get() == "/sign-in");
    Effect::new(move |before: Option<String>| {
        let path = location.pathname.get();
        match before {
            None if path != "/sign-in" => tab.live.open(),
            Some(before) if before != path => browser::focus_soon("main h1"),
            None | Some(_) => {}
        }
        path
    });
    view! {
        <a class="skip" href="#main" rel="external">
            "Skip to the page"
        </a>
        <div class="shell" class:bare=bare>
            <Show when=move || !bare.get()>
                <Rail tab />
                <header class="top">
                    <Teams tab />
                    <HostLine tab />
                    <Account tab />
                </header>
            </Show>
            <main id="main" tabindex="-1">
                {children()}
            </main>
            <NoticeBoard tab />
        </div>
    }
    .into_any()
}
