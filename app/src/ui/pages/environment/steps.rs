//! How the latest activity went: each step with what came of it and how long it took.

use leptos::prelude::*;

use crate::ui::components::icon::Icon;
use crate::ui::seal::Seal;
use crate::ui::tab::Viewer;
use model::environment::{Environment, EnvironmentDetail, State, Step};
use model::time::took;

#[component]
pub fn Steps(viewer: Viewer, environment: Signal<Environment>, detail: RwSignal<EnvironmentDetail>) -> impl IntoView {
    let steps = Memo::new(move |_| detail.with(|detail| detail.steps.clone()));
    // How far what is under way has come; what came of it in the end is the step's own.
    let progress = Memo::new(move |_| environment.with(|it| it.reason.clone().filter(|_| it.state == State::Pulling)));
    let total = move || steps.with(|steps| Step::took_in_all(steps, viewer.now.get())).map(took);
    view! {
        <section class="panel" aria-labelledby="steps">
            <header>
                <h2 id="steps">"Last activity"</h2>
                <small class="push">{total}</small>
            </header>
            <ol class="steps">
                {move || steps.get().into_iter().map(|step| view! { <StepRow step viewer progress /> }).collect_view()}
            </ol>
        </section>
    }
    .seal()
}

#[component]
fn StepRow(step: Step, viewer: Viewer, progress: Memo<Option<String>>) -> impl IntoView {
    let (icon, tone, word) = match (step.failed, step.ended_at) {
        (true, _) => ("failed", "bad", "Failed: "),
        (false, Some(_)) => ("done", "ok", ""),
        (false, None) => ("busy", "busy", "Under way: "),
    };
    let (label, detail, ongoing) = (step.label(), step.detail.clone(), step.ended_at.is_none());
    let detail = move || detail.clone().or_else(|| progress.get().filter(|_| ongoing));
    // Only what goes on needs the clock.
    let now = move || if step.ended_at.is_none() { viewer.now.get() } else { None };
    let duration = Memo::new(move |_| step.took(now()).map(took));
    view! {
        <li class=tone>
            <Icon name=icon />
            <span>
                <span class="unseen">{word}</span>
                {label}
                <small>{detail}</small>
            </span>
            <small>{duration}</small>
        </li>
    }
    .seal()
}
