//! Activities: what is under way, with how far it has come, and how what was came out.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::activities::{ActivityPage, address, list_activities};
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::components::time::Moment;
use crate::ui::seal::Seal;
use model::activity::{Activity, Outcome, Target};

#[component]
pub fn ActivitiesPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let [team, after] = ["team", "after"].map(|name| query.get(name).unwrap_or_default());
    let asked = list_activities(team.clone(), after.clone());
    view! {
        <Title text="Activities" />
        <Loaded
            asked
            view=move |page: ActivityPage| {
                view! { <Both page team=team.clone() is_first=after.is_empty() /> }.seal()
            }
        />
    }
    .seal()
}

#[component]
fn Both(page: ActivityPage, team: String, is_first: bool) -> impl IntoView {
    let ActivityPage { under_way, ended } = page;
    let older = ended.next.map(|next| {
        let href = address(&team, Some(&next)).to_string();
        view! {
            <a class="button push" href=href>
                "Older"
            </a>
        }
    });
    let newest = (!is_first).then(|| {
        view! {
            <a class="button" href=address(&team, None).to_string()>
                "Newest"
            </a>
        }
    });
    let has_pages = older.is_some() || newest.is_some();
    view! {
        <div class="head">
            <h1 tabindex="-1">"Activities"</h1>
        </div>
        {is_first
            .then(|| {
                view! { <Panel id="under-way" title="Under way" items=under_way none="Nothing is under way." /> }
            })}
        <Panel id="ended" title="Ended" items=ended.items none="Nothing has ended yet." />
        {has_pages
            .then(|| {
                view! {
                    <nav class="row pages" aria-label="Pages">
                        {newest} {older}
                    </nav>
                }
            })}
    }
    .seal()
}

#[component]
fn Panel(id: &'static str, title: &'static str, items: Vec<Activity>, none: &'static str) -> impl IntoView {
    let is_empty = items.is_empty();
    let rows = items.into_iter().map(|activity| view! { <Row activity /> });
    view! {
        <section class="panel" aria-labelledby=id>
            <header>
                <h2 id=id>{title}</h2>
            </header>
            {if is_empty {
                view! { <p class="nothing">{none}</p> }.seal()
            } else {
                view! {
                    <table class="log">
                        <thead>
                            <tr>
                                <th scope="col" class="when">
                                    "Began"
                                </th>
                                <th scope="col" class="who">
                                    "By"
                                </th>
                                <th scope="col" class="did">
                                    "Activity"
                                </th>
                                <th scope="col" class="object">
                                    "On"
                                </th>
                                <th scope="col">"Details"</th>
                            </tr>
                        </thead>
                        <tbody>{rows.collect_view()}</tbody>
                    </table>
                }
                .seal()
            }}
        </section>
    }
    .seal()
}

#[component]
fn Row(activity: Activity) -> impl IntoView {
    let (took, object) = (activity.took(), activity.object());
    let place = (activity.target != Target::Host).then(|| activity.host.to_string());
    let object = match &activity.target {
        Target::Environment { id, .. } => {
            let href = format!("/environments/{id}/history");
            view! { <a href=href>{object}</a> }.seal()
        }
        Target::Image { .. } => view! { <span>{object}</span> }.seal(),
        Target::Host => view! { <a href="/hosts">{object}</a> }.seal(),
    };
    let progress = activity.progress.map(|progress| format!("{} of {} layers. ", progress.done, progress.total));
    let deadline = activity.deadline_at.map(|at| view! { <small>"At most until " <Moment at /></small> });
    view! {
        <tr>
            <td class="when">
                <Moment at=activity.began_at />
            </td>
            <td class="who">
                <span>{activity.who.person}</span>
            </td>
            <td class="did">
                <span>{activity.kind.label()}</span>
                {badge(activity.outcome)}
                {took.map(|took| view! { <small>{took}</small> })}
            </td>
            <td class="object">
                {object}
                {place.map(|host| view! { <small>{host}</small> })}
            </td>
            <td class="why">{progress} {activity.reason} {deadline}</td>
        </tr>
    }
    .seal()
}

/// How it came out; what is done needs no word.
pub fn badge(outcome: Option<Outcome>) -> Option<AnyView> {
    let (tone, icon) = match outcome {
        Some(Outcome::Done) => return None,
        Some(Outcome::Failed) => ("bad", "failed"),
        Some(Outcome::Overtaken | Outcome::CutOff) => ("warn", "stopped"),
        None => ("busy", "busy"),
    };
    let word = outcome.map_or("under way", Outcome::label);
    let view = view! {
        <span class=format!("link {tone}")>
            <Icon name=icon />
            {word}
        </span>
    };
    Some(view.seal())
}
