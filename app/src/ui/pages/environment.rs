//! One environment: how it is, where it is opened, what it was launched with, and how that went.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::api::environments::{Operate, get_environment};
use crate::api::json::Given;
use crate::api::me::{Me, get_me};
use crate::ui::browser;
use crate::ui::components::badge::Badge;
use crate::ui::components::loaded::Loaded;
use crate::ui::components::operate::OperateButton;
use crate::ui::components::refused::Refused;
use crate::ui::components::remove::Remove;
use crate::ui::components::tabs::Tabs;
use crate::ui::components::time::Time;
use crate::ui::seal::Seal;
use crate::ui::tab::{Tab, Viewer};
use ending::EndingNotice;
use facts::Facts;
use model::environment::{Environment, EnvironmentDetail, Operation, State};
use open::Open;
use steps::Steps;

mod ending;
mod facts;
mod open;
mod steps;

#[component]
pub fn EnvironmentPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    let asked = async { Ok((get_me().await?, get_environment(id).await?)) };
    view! {
        <Refused<Operate> />
        <Loaded
            asked
            view=|(me, detail): (Me, EnvironmentDetail)| {
                view! {
                    <Title text=detail.environment.name.to_string() />
                    <Tabs id=detail.environment.id.clone() current="Overview" />
                    <EnvironmentView given=Given((me, detail)) />
                }
                .seal()
            }
        />
    }
    .seal()
}

#[island]
fn EnvironmentView(given: Given<(Me, EnvironmentDetail)>) -> impl IntoView {
    let Given((me, detail)) = given;
    let live = Tab::here().live;
    let id = detail.environment.id.to_string();
    let first = detail.environment.revision;
    let detail = RwSignal::new(detail);
    let asked = id.clone();
    // Steps come with each change: then it is asked for again.
    live.follow(
        move || live.revision(&id).max(first),
        move || get_environment(asked.clone()),
        Callback::new(move |(_, answer)| detail.set(answer)),
    );
    let environment = Memo::new(move |_| live.latest(detail.get().environment)).into();
    let viewer = Viewer::of(me);
    let refused = Refusals { viewer, environment, detail };
    view! {
        <Heading viewer environment refused />
        <Failure environment />
        <EndingNotice viewer environment detail />
        <div class="split">
            <div class="column">
                <Open environment />
                <Steps viewer environment detail />
            </div>
            <Facts viewer environment detail refused />
        </div>
    }
    .seal()
}

/// Why the viewer cannot do something now.
#[derive(Debug, Clone, Copy)]
struct Refusals {
    viewer: Viewer,
    environment: Signal<Environment>,
    detail: RwSignal<EnvironmentDetail>,
}

impl Refusals {
    /// What the server said holds as long as nothing has changed since.
    fn of(self, operation: Operation) -> Signal<Option<String>> {
        Signal::derive(move || {
            let there = self.detail.with(|detail| {
                let same = self.environment.with(|it| it.revision == detail.environment.revision);
                detail.refusal(operation).filter(|_| same).map(str::to_owned)
            });
            self.viewer.refusal(self.environment, operation).or(there)
        })
    }
}

#[component]
fn Heading(viewer: Viewer, environment: Signal<Environment>, refused: Refusals) -> impl IntoView {
    let it = environment.get_untracked();
    let button = move |operation| {
        view! { <OperateButton environment operation refused=refused.of(operation) /> }
    };
    let template = format!("{} v{} · {}", it.template.slug, it.template.version, it.size);
    let gone = Callback::new(|()| browser::go_to("/environments"));
    view! {
        <div class="head one">
            <h1 tabindex="-1">{it.name.to_string()}</h1>
            <span role="status">
                <Badge environment />
            </span>
            <p class="dim">
                {template} " · launched " <Time at=it.created_at now=viewer.now clock=viewer.tab.clock /> " by "
                {viewer.owner(&it)}
            </p>
            <div class="row actions">
                {button(Operation::Start)} {button(Operation::Stop)} {button(Operation::Restart)}
                <Remove environment refused=refused.of(Operation::Remove) begun=gone />
            </div>
        </div>
    }
    .seal()
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
                        "It uses no CPU or memory now, and still counts as one of the team's environments. Fix the cause and start it again, or remove it."
                    </p>
                </section>
            }
            .seal()
        })
    }
}
