//! The templates as cards, each a radio button: what it is, and what one gets, in a line.

use leptos::prelude::*;

use super::Desk;
use crate::ui::browser;
use crate::ui::seal::Seal;
use model::template::Offer;

const FIELD: &str = "form[template]";

#[component]
pub fn Templates(desk: Desk) -> impl IntoView {
    Effect::new(move |_| {
        // Somebody may have chosen before the page had come to life.
        if let Some(there) = browser::chosen(FIELD) {
            desk.choose(there);
        }
    });
    let offers = Memo::new(move |_| desk.options.with(|options| options.offers.clone()));
    let cards = move || {
        let chosen = desk.chosen.get_untracked();
        let card = |offer: Offer| {
            let checked = offer.slug.as_str() == chosen;
            view! { <Card offer checked desk /> }
        };
        offers.get().into_iter().map(card).collect_view()
    };
    view! {
        <fieldset class="templates">
            <legend>"Template"</legend>
            <div class="cards">{cards}</div>
        </fieldset>
    }
    .seal()
}

impl Desk {
    fn choose(self, template: String) {
        if self.chosen.with_untracked(|chosen| *chosen == template) {
            return;
        }
        let team = self.options.with_untracked(|options| options.team.name.to_string());
        browser::show_address(&super::address(&team, &template));
        self.keep_typed();
        self.refused.set(None);
        self.news.set(None);
        self.chosen.set(template);
    }
}

#[component]
fn Card(offer: Offer, checked: bool, desk: Desk) -> impl IntoView {
    let slug = offer.slug.to_string();
    let (label, about) = (format!("label-{slug}"), format!("about-{slug}"));
    let glyph: String = offer.label.chars().take(1).collect();
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
                on:change=move |_| desk.choose(slug.clone())
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
    .seal()
}
