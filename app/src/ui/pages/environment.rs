//! One environment: how it is, where it is opened, what it was launched with, and how that went.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map};

use crate::api::environments::get_environment;
use crate::api::me::Me;
use crate::model::environment::{Environment, EnvironmentDetail, Operation, State};
use crate::ui::components::badge::Badge;
use crate::ui::components::loaded::{Loaded, both};
use crate::ui::components::operate::{Look, OperateButton};
use crate::ui::components::remove::Remove;
use crate::ui::components::time::Time;
use crate::ui::tab::{Tab, Viewer};
use facts::Facts;
use open::Open;
use steps::Steps;

mod facts;
mod open;
mod steps;

#[component]
pub fn EnvironmentPage(tab: Tab) -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    // Another environment is another page.
    move || view! { <One tab id=id.get() /> }
}

#[component]
fn One(tab: Tab, id: String) -> impl IntoView {
    // Steps come with each change: then it is asked for again.
    let of = id.clone();
    let revision = Memo::new(move |_| tab.live.revision(&of));
    let asked = Resource::new(
        move || (id.clone(), revision.get(), tab.live.round()),
        |(id, ..)| async move { get_environment(id).await },
    );
    let answer = Signal::derive(move || both(tab.me.get(), asked.get()));
    view! { <Loaded tab answer view=move |known| view! { <Detail tab known /> }.into_any() /> }.into_any()
}

#[component]
fn Detail(tab: Tab, known: Signal<(Me, EnvironmentDetail)>) -> impl IntoView {
    let viewer = Viewer::of(tab, Signal::derive(move || known.get().0));
    let detail = Memo::new(move |_| known.get().1);
    let environment = Memo::new(move |_| tab.live.latest(detail.get().environment));
    let name = move || environment.with(|it| it.name.to_string());
    view! {
        <Title text=name />
        <Heading viewer environment=environment.into() detail />
        <Failure environment=environment.into() />
        <div class="split">
            <div class="column">
                <Open viewer environment=environment.into() />
                <Steps viewer detail />
            </div>
            <Facts viewer environment=environment.into() detail />
        </div>
    }
    .into_any()
}

#[component]
fn Heading(viewer: Viewer, environment: Signal<Environment>, detail: Memo<EnvironmentDetail>) -> impl IntoView {
    let Viewer { tab, me, now, .. } = viewer;
    let navigate = use_navigate();
    let leave = Callback::new(move |()| navigate("/environments", NavigateOptions::default()));
    let refused = move |operation| refusal(viewer, environment, detail, operation);
    let button = move |operation| {
        view! { <OperateButton tab environment operation refused=refused(operation) look=Look::Word /> }
    };
    let created = Signal::derive(move || environment.with(|it| it.created_at));
    let template =
        move || environment.with(|it| format!("{} v{} · {}", it.template.slug, it.template.version, it.size));
    let owner = move || me.with(|me| environment.with(|it| it.owner_for(&me.actor).to_owned()));
    view! {
        <div class="head one">
            <h1 tabindex="-1">{move || environment.with(|it| it.name.to_string())}</h1>
            <span role="status">
                <Badge environment />
            </span>
            <p class="dim">
                {template} " · launched " <Time at=created now clock=tab.clock /> " by " {owner}
            </p>
            <div class="row actions">
                {button(Operation::Start)} {button(Operation::Stop)} {button(Operation::Restart)}
                <Remove
                    tab
                    environment
                    refused=refused(Operation::Remove)
                    look=Look::Word
                    begun=leave
                />
            </div>
        </div>
    }
    .into_any()
}

/// What the server said when the page was made holds as long as the state is the same.
fn refusal(
    viewer: Viewer,
    environment: Signal<Environment>,
    detail: Memo<EnvironmentDetail>,
    operation: Operation,
) -> Signal<Option<String>> {
    let here = viewer.refused(environment, operation);
    Signal::derive(move || {
        let there = detail.with(|detail| {
            let same = environment.with(|it| it.revision == detail.environment.revision);
            detail.refusal(operation).filter(|_| same).map(str::to_owned)
        });
        here.get().or(there)
    })
}

/// Why it does not run, where that is not by anybody's wish.
#[component]
fn Failure(environment: Signal<Environment>) -> impl IntoView {
    let failure = Memo::new(move |_| {
        let failed = |it: &Environment| (it.state == State::Failed).then(|| it.reason.clone()).flatten();
        environment.with(failed)
    });
    move || {
        failure.get().map(|reason| {
            view! {
                <section class="callout bad" aria-label="What happened">
                    <strong>{reason}</strong>
                    <p>
                        "It holds no CPU and no memory now, only its place among the team's environments. Start it again when the cause is mended, or remove it."
                    </p>
                </section>
            }
        })
    }
}
