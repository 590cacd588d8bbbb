//! One template: what it is now, who is offered it, its text to change, and its versions with what changed in each.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::api::me::{Me, get_me};
use crate::api::templates::{TemplateDetail, TemplateSummary, get_template};
use crate::ui::components::form::{Draft, Told};
use crate::ui::components::loaded::Loaded;
use crate::ui::pages::templates::offered_to;
use crate::ui::seal::Seal;
use edit::{end_of_offer, pin, text};
use model::time::Timestamp;
use versions::versions;

mod edit;
mod versions;

/// The page's forms, as they were sent if they were refused.
#[derive(Debug, Clone)]
struct Drafts {
    text: Draft,
    pin: Draft,
    deprecate: Draft,
}

#[component]
pub fn TemplatePage() -> impl IntoView {
    let slug = use_params_map().read_untracked().get("slug").unwrap_or_default();
    let drafts = Drafts { text: Draft::of("template"), pin: Draft::of("pin"), deprecate: Draft::of("deprecate") };
    let asked = async { Ok((get_me().await?, get_template(slug).await?)) };
    view! {
        <Loaded
            asked
            view=move |(me, detail): (Me, TemplateDetail)| {
                let (admin, now) = (me.actor.acts_as_admin(), me.visit.map(|visit| visit.at));
                view! {
                    <Title text=detail.summary.label.clone() />
                    <TemplateView admin now detail drafts=drafts.clone() />
                }
                    .seal()
            }
        />
    }
    .seal()
}

#[component]
fn TemplateView(admin: bool, now: Option<Timestamp>, detail: TemplateDetail, drafts: Drafts) -> impl IntoView {
    let it = detail.summary.clone();
    let notice = it.deprecation(now);
    view! {
        <div class="head one">
            <h1 tabindex="-1">{it.label.clone()}</h1>
            <p class="dim">{it.slug.to_string()} " · version " {it.version}</p>
        </div>
        <Told />
        {notice.map(|notice| view! { <p class="callout warn">{notice}</p> })}
        {drafts.pin.refusal()}
        {drafts.deprecate.refusal()}
        {facts(&it)}
        {admin
            .then(|| {
                view! {
                    <section class="panel" aria-labelledby="offer">
                        <header>
                            <h2 id="offer">"Image and deprecation"</h2>
                        </header>
                        <div class="body">
                            {pin(&detail, &drafts.pin)} {end_of_offer(&detail, &drafts.deprecate)}
                        </div>
                    </section>
                }
            })}
        {text(&detail, &drafts.text, admin)}
        {versions(&detail)}
    }
    .seal()
}

fn facts(it: &TemplateSummary) -> AnyView {
    let uses = it.in_use.iter().map(|used| view! { <li>{used.words(it.version)}</li> }).collect_view();
    let pinned = if it.is_pinned() {
        "pinned by digest: it cannot change"
    } else {
        "by name: the registry can change what it refers to"
    };
    view! {
        <section class="panel" aria-labelledby="facts">
            <header>
                <h2 id="facts">"Now"</h2>
            </header>
            <dl class="facts body">
                <dt>"Summary"</dt>
                <dd>{it.summary.clone()}</dd>
                <dt>"Image"</dt>
                <dd>
                    <code>{it.image.clone()}</code>
                    <small>{pinned}</small>
                </dd>
                <dt>"Offered to"</dt>
                <dd>{offered_to(it.teams.as_deref())}</dd>
                <dt>"In use"</dt>
                <dd>{if it.in_use.is_empty() { "no environment".seal() } else { view! { <ul>{uses}</ul> }.seal() }}</dd>
            </dl>
        </section>
    }
    .seal()
}
