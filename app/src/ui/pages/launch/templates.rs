//! The templates as cards, each a radio button: what it is, and what one gets, in a line.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::model::template::Offer;
use crate::ui::browser;

const FIELD: &str = "form[template]";

#[component]
pub fn Templates(offers: Vec<Offer>, chosen: Memo<String>) -> impl IntoView {
    let navigate = use_navigate();
    let query = use_query_map();
    let choose = Callback::new(move |slug: String| {
        if chosen.with_untracked(|chosen| *chosen != slug) {
            let mut query = query.get_untracked();
            query.replace("template", slug);
            let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
            navigate(&format!("/launch{}", query.to_query_string()), options);
        }
    });
    Effect::new(move |before: Option<()>| {
        let slug = chosen.get();
        match (before, browser::chosen(FIELD)) {
            // Somebody chose before the page had come to life.
            (None, Some(there)) if there != slug => choose.run(there),
            _ => browser::choose(FIELD, &slug),
        }
    });
    let first = chosen.get_untracked();
    let cards = offers.into_iter().map(|offer| {
        let checked = offer.slug.as_str() == first;
        view! { <Card offer checked choose /> }
    });
    view! {
        <fieldset class="templates">
            <legend>"Template"</legend>
            <div class="cards">{cards.collect_view()}</div>
        </fieldset>
    }
    .into_any()
}

#[component]
fn Card(offer: Offer, checked: bool, choose: Callback<String>) -> impl IntoView {
    let slug = offer.slug.to_string();
    let (label, about) = (format!("label-{slug}"), format!("about-{slug}"));
    let glyph: String = offer.label.chars().take(1).flat_map(char::to_uppercase).collect();
    let gets = offer.in_a_line();
    let value = slug.clone();
    view! {
        <label class="card">
            <input
                type="radio"
                name=FIELD
                value=value
                checked=checked
                aria-labelledby=label.clone()
                aria-describedby=about.clone()
                on:change=move |_| choose.run(slug.clone())
            />
            <span class="glyph" aria-hidden="true">
                {glyph}
            </span>
            <strong id=label>{offer.label}</strong>
            <span id=about class="about">
                <span class="dim">{offer.summary}</span>
                <small>{gets}</small>
            </span>
        </label>
    }
    .into_any()
}
