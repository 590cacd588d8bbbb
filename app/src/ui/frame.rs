//! What surrounds every page: the way to the others, the team, the host, the viewer, and what is to be said.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::seal::Seal;
use crate::api::ApiError;
use crate::api::hosts::get_hosts;
use crate::api::me::{Me, get_me};
use crate::api::requests::count_waiting_requests;
use account::Account;
use hosts::HostLine;
use model::host::Host;
use notices::NoticeBoard;
use rail::Rail;
use teams::Teams;

mod account;
mod hosts;
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
        Ok::<_, ApiError>((
            get_me().await?,
            get_hosts().await.unwrap_or_default(),
            count_waiting_requests().await.unwrap_or_default(),
        ))
    });
    let around = move || {
        Suspend::new(async move {
            let known = asked.await.ok().filter(|_| !bare);
            known.map(|(me, hosts, waiting)| view! { <Around me hosts waiting /> })
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
fn Around(me: Me, hosts: Vec<Host>, waiting: u64) -> impl IntoView {
    view! {
        <Rail actor=me.actor.clone() waiting />
        <header class="top">
            <Teams teams=me.teams />
            <HostLine hosts=hosts.clone() />
            <Account actor=me.actor />
        </header>
        <NoticeBoard hosts />
    }
    .seal()
}
