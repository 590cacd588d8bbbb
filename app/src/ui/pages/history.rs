//! What became of one environment: how it ended, its activities step by step, and its part of the audit log.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::api::audit::get_history;
use crate::api::me::{Me, get_me};
use crate::ui::components::entries::Entries;
use crate::ui::components::heading::Heading;
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::components::time::Moment;
use crate::ui::pages::activities::badge;
use crate::ui::seal::Seal;
use crate::ui::tab::Viewer;
use model::activity::{Activity as Run, Outcome};
use model::environment::Step;
use model::history::{History, PastActivity, PostMortem};
use model::time::took;

#[component]
pub fn HistoryPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    let asked = async {
        let history = get_history(id).await?;
        Ok((get_me().await?, history))
    };
    view! {
        <Loaded asked view=|(me, history): (Me, History)| view! { <Became me history /> }.seal() />
    }
    .seal()
}

#[component]
fn Became(me: Me, history: History) -> impl IntoView {
    let History { environment, activities, audit, post_mortem } = history;
    let viewer = Viewer::of(me);
    // Why it is as it is stands in the post-mortem, where there is one.
    let reason = environment.reason.clone().filter(|_| post_mortem.is_none());
    let activities = activities.into_iter().map(|activity| view! { <Activity activity /> });
    view! {
        <Title text=format!("History of {}", environment.name) />
        <Heading environment viewer tab="History" />
        {reason.map(|reason| view! { <p class="callout off">{reason}</p> })}
        {post_mortem.map(|post_mortem| view! { <Ended post_mortem /> })}
        <section class="panel" aria-labelledby="activities">
            <header>
                <h2 id="activities">"Activities"</h2>
            </header>
            {activities.collect_view()}
        </section>
        <section class="panel" aria-labelledby="audit">
            <header>
                <h2 id="audit">"Audit log"</h2>
            </header>
            <Entries entries=audit of_one=true />
        </section>
    }
    .seal()
}

/// How it last ended. It stays when the environment has been removed.
#[component]
fn Ended(post_mortem: PostMortem) -> impl IntoView {
    let moment = |term: &'static str, at: Option<_>| at.map(|at| view! { <dt>{term}</dt> <dd><Moment at /></dd> });
    let (exit, count) = (post_mortem.exit(), post_mortem.lines.len());
    view! {
        <section class="panel" aria-labelledby="ended">
            <header>
                <h2 id="ended">"Last exit"</h2>
            </header>
            <dl class="facts">
                <dt>"Why"</dt>
                <dd>{post_mortem.why}</dd>
                <dt>"Exit"</dt>
                <dd>{exit}</dd>
                {moment("Started", post_mortem.started_at)}
                {moment("Ended", post_mortem.ended_at)}
                {moment("Recorded", Some(post_mortem.at))}
            </dl>
            <details class="last-lines" open=count <= 20>
                <summary>"Last log lines (" {count} ")"</summary>
                <pre tabindex="0" aria-label="Last log lines">{post_mortem.lines.join("\n")}</pre>
            </details>
        </section>
    }
    .seal()
}

#[component]
fn Activity(activity: PastActivity) -> impl IntoView {
    let began = activity.steps.first().map(|step| step.started_at);
    let total = Step::took_in_all(&activity.steps, None).map(took);
    let Run { kind, who, outcome, reason, .. } = activity.activity;
    let steps = activity.steps.into_iter().map(|step| view! { <StepRow step /> });
    let began = began.map(|at| view! { <Moment at /> });
    view! {
        <section class="activity" aria-label=format!("Activity {}", activity.number)>
            <h3>
                {activity.number} ". " {kind.label()} " by " {who.person} {badge(outcome)} <small class="push">{began} " " {total}</small>
            </h3>
            {reason.filter(|_| outcome == Some(Outcome::Failed)).map(|reason| view! { <p class="dim">{reason}</p> })}
            <ol class="steps">{steps.collect_view()}</ol>
        </section>
    }
    .seal()
}

#[component]
fn StepRow(step: Step) -> impl IntoView {
    let (icon, tone, word) = match (step.failed, step.ended_at) {
        (true, _) => ("failed", "bad", "Failed: "),
        (false, Some(_)) => ("done", "ok", ""),
        (false, None) => ("busy", "busy", "Under way: "),
    };
    let (label, duration) = (step.label(), step.took(None).map(took));
    view! {
        <li class=tone>
            <Icon name=icon />
            <span>
                <span class="unseen">{word}</span>
                {label}
                {step.detail.map(|detail| view! { <small>{detail}</small> })}
            </span>
            <small>{duration}</small>
        </li>
    }
    .seal()
}
