//! Requests for more than a quota allows: what waits for whom, what is lent until when, and the form to ask.
//!
//! Plain HTML throughout: nothing of it is in the browser's bundle.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::me::{Me, get_me, get_my_teams};
use crate::api::requests::{AskForMore, DecideRequest, RequestForm, SeenRequest, SeenRequests, list_requests};
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::components::refused::{Refused, refusal_of};
use crate::ui::seal::Seal;
use form::AskForm;
use item::Item;
use model::access::Actor;
use model::request::{Standing, Step};
use model::team::Team;
use model::time::Timestamp;

mod form;
mod item;

#[component]
pub fn RequestsPage() -> impl IntoView {
    let draft = RequestForm::from_query(use_query_map().get_untracked());
    let refused = refusal_of::<AskForMore>();
    let asked = async { Ok((get_me().await?, get_my_teams().await?, list_requests().await?)) };
    let view = move |(me, teams, list): (Me, Vec<Team>, SeenRequests)| {
        let teams = asking_for(&me.actor, teams);
        let begun = draft.is_begun() || refused.is_some();
        view! {
            <div class="split requests" class:begun=begun>
                <Lists list />
                <AskForm teams draft=draft.clone() refused=refused.clone() />
            </div>
        }
        .seal()
    };
    view! {
        <Title text="Requests" />
        <div class="head">
            <h1 tabindex="-1">"Requests"</h1>
        </div>
        <Refused<DecideRequest> />
        <Loaded asked view />
    }
    .seal()
}

/// The teams for which the viewer can ask.
fn asking_for(actor: &Actor, teams: Vec<Team>) -> Vec<Team> {
    let admin = actor.acts_as_admin();
    teams.into_iter().filter(|team| admin || team.role.is_some()).collect()
}

#[component]
fn Lists(list: SeenRequests) -> impl IntoView {
    let SeenRequests { at, items } = list;
    if items.is_empty() {
        return view! { <Nothing /> }.seal();
    }
    let decidable = |it: &SeenRequest| it.steps.contains(&Step::Decline);
    let (to_decide, others): (Vec<_>, Vec<_>) = items.into_iter().partition(decidable);
    let (waiting, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|it| it.standing == Standing::Open);
    let (lent, closed): (Vec<_>, Vec<_>) = others.into_iter().partition(|it| it.standing == Standing::Lent);
    view! {
        <div class="column">
            <Section id="to-decide" title="Waiting for your decision" items=to_decide at />
            <Section id="waiting" title="Waiting for a decision" items=waiting at />
            <Section id="lent" title="Lent" items=lent at />
            <Section id="closed" title="Closed" items=closed at />
        </div>
    }
    .seal()
}

#[component]
fn Section(id: &'static str, title: &'static str, items: Vec<SeenRequest>, at: Timestamp) -> impl IntoView {
    (!items.is_empty()).then(|| {
        let count = items.len();
        view! {
            <section class="panel" aria-labelledby=id>
                <header>
                    <h2 id=id>{title}</h2>
                    <small>{count}</small>
                </header>
                <ul>{items.into_iter().map(|seen| view! { <Item seen at /> }).collect_view()}</ul>
            </section>
        }
        .seal()
    })
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <section class="panel blank">
            <span class="emblem">
                <Icon name="requests" />
            </span>
            <h2>"No requests"</h2>
            <p>
                "If a launch exceeds the quota, ask for more for a limited time here. The increase ends automatically; running environments keep running."
            </p>
        </section>
    }
    .seal()
}
