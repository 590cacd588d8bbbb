//! What surrounds every page: the way to the others, the team, the host, the viewer, and what is to be said.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::seal::Seal;
use crate::api::ApiError;
use crate::api::host::get_host;
use crate::api::me::{Me, get_me};
use crate::api::requests::count_waiting_requests;
use account::Account;
use host::HostLine;
use model::host::Host;
use notices::NoticeBoard;
use rail::Rail;
use teams::Teams;

mod account;
mod host;
mod notices;
mod rail;
mod teams;

pub use rail::Mark;

/// Around the sign-in page there is nothing, nor where nobody is signed in.
#[component]
pub fn Frame(children: Children) -> impl IntoView {
    let location = use_location();
    let bare = location.pathname.get_untracked() == "/sign-in";
    // Without the host's line or a count, which the server's log tells of, there still are the ways to every page.
    let asked = OnceResource::new_blocking(async {
        Ok::<_, ApiError>((get_me().await?, get_host().await.ok(), count_waiting_requests().await.unwrap_or_default()))
    });
    let around = move || {
        Suspend::new(async move {
            let known = asked.await.ok().filter(|_| !bare);
            known.map(|(me, host, waiting)| view! { <Around me host waiting /> })
        })
    };
    view! {
        <a class="skip" href="#main">
            "Skip to content"
        </a>
        <div class="shell" class:bare=bare>
            <Suspense>{around}</Suspense>
            <main id="main" tabindex="-1">
                {children()}
            </main>
        </div>
    }
    .seal()
}

#[component]
fn Around(me: Me, host: Option<Host>, waiting: u64) -> impl IntoView {
    view! {
        <Rail actor=me.actor.clone() waiting />
        <header class="top">
            <Teams teams=me.teams />
            {host.clone().map(|host| view! { <HostLine host /> })}
            <Account actor=me.actor />
        </header>
        <NoticeBoard host />
    }
    .seal()
}
