//! What became of one environment: how it ended, its activities step by step, and its part of the audit log.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::api::audit::get_history;
use crate::api::me::{Me, get_me};
use crate::model::environment::{Environment, Step};
use crate::model::history::{History, PastActivity, PostMortem};
use crate::model::time::took;
use crate::ui::components::badge::Badge;
use crate::ui::components::entries::Entries;
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::components::tabs::Tabs;
use crate::ui::components::time::Time;
use crate::ui::seal::Seal;
use crate::ui::tab::Viewer;

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
    let activities = activities.into_iter().map(|activity| view! { <Activity activity viewer /> });
    view! {
        <Title text=format!("History of {}", environment.name) />
        <Heading environment viewer reason=post_mortem.is_none() />
        {post_mortem.map(|post_mortem| view! { <Ended post_mortem viewer /> })}
        <section class="panel" aria-labelledby="activities">
            <header>
                <h2 id="activities">"Activities"</h2>
            </header>
            {activities.collect_view()}
        </section>
        <section class="panel" aria-labelledby="audit">
            <header>
                <h2 id="audit">"Who did what"</h2>
            </header>
            <Entries entries=audit viewer of_one=true />
        </section>
    }
    .seal()
}

#[component]
fn Heading(
    environment: Environment,
    viewer: Viewer,
    /// Whether why it is as it is stands here, and not below.
    reason: bool,
) -> impl IntoView {
    let it = environment.clone();
    let (badge, owner) = (RwSignal::new(environment).into(), viewer.owner(&it));
    let template = format!("{} v{} · {}", it.template.slug, it.template.version, it.size);
    view! {
        <Tabs id=it.id.clone() current="History" />
        <div class="head one">
            <h1 tabindex="-1">{it.name.to_string()}</h1>
            <Badge environment=badge />
            <p class="dim">
                {template} " · launched " <Time at=it.created_at now=viewer.now clock=viewer.tab.clock /> " by " {owner}
                " for team " {it.team.to_string()}
            </p>
        </div>
        {it.reason.filter(|_| reason).map(|reason| view! { <p class="callout off">{reason}</p> })}
    }
    .seal()
}

/// How it last ended. It stays when the environment has been removed.
#[component]
fn Ended(post_mortem: PostMortem, viewer: Viewer) -> impl IntoView {
    let clock = viewer.tab.clock;
    let moment = |term: &'static str, at: Option<_>| {
        at.map(|at| view! { <dt>{term}</dt> <dd><Time at now=viewer.now clock /></dd> })
    };
    let (exit, count) = (post_mortem.exit(), post_mortem.lines.len());
    view! {
        <section class="panel" aria-labelledby="ended">
            <header>
                <h2 id="ended">"How it last ended"</h2>
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
                <summary>"Last lines of its log (" {count} ")"</summary>
                <pre tabindex="0" aria-label="Last lines of its log">{post_mortem.lines.join("\n")}</pre>
            </details>
        </section>
    }
    .seal()
}

#[component]
fn Activity(activity: PastActivity, viewer: Viewer) -> impl IntoView {
    let began = activity.steps.first().map(|step| step.started_at);
    let total = Step::took_in_all(&activity.steps, None).map(took);
    let steps = activity.steps.into_iter().map(|step| view! { <StepRow step /> });
    let began = began.map(|at| view! { <Time at now=viewer.now clock=viewer.tab.clock /> });
    view! {
        <section class="activity" aria-label=format!("Activity {}", activity.number)>
            <h3>{activity.number} ". " {began} <small class="push">{total}</small></h3>
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
