//! What is asked for of the chosen template, and the launch itself.

use leptos::prelude::*;

use super::Desk;
use super::fields::{Field, NameField, VariableField};
use super::preview::Preview;
use crate::api::ApiError;
use crate::api::environments::{LaunchForm, LaunchOptions};
use crate::ui::browser;
use crate::ui::components::icon::Icon;
use crate::ui::seal::Seal;
use model::quota::Holding;
use model::template::{Offer, Size};
use model::units::Span;

const SIZE: &str = "form[size]";

#[component]
pub fn Panel(desk: Desk) -> impl IntoView {
    let offer =
        Memo::new(move |_| desk.options.with(|options| desk.chosen.with(|chosen| options.offer(chosen).cloned())));
    let (name, size) = desk.typed.with_value(|typed| {
        let typed = typed.of(&desk.chosen.get_untracked());
        (typed.name.clone(), RwSignal::new(typed.size.clone()))
    });
    let error = desk.refused.into();
    let ask = Signal::derive(move || {
        let size = offer.with(|offer| size.with(|size| offer.as_ref()?.size(size).cloned()));
        size.map(|size| Holding::running(size.cpus, size.memory)).unwrap_or_default()
    });
    let specific = move || offer.get().map(|offer| view! { <OfOffer offer desk size /> });
    let news = move || desk.news.get().map(|news| view! { <p class="callout warn">{news}</p> });
    let button = move || offer.with(Option::is_some).then(|| view! { <LaunchButton under_way=desk.under_way /> });
    let label = move || offer.with(|offer| offer.as_ref().map(|offer| offer.label.clone()));
    let version = move || offer.with(|offer| offer.as_ref().map(|offer| format!("version {}", offer.version)));
    view! {
        <section class="panel ask" aria-labelledby="ask">
            <header>
                <h2 id="ask">{label}</h2>
                <small class="push">{version}</small>
            </header>
            <div class="body">
                <NameField value=name error />
                <div role="status">{news}</div>
                {specific}
            </div>
            <footer>
                <Preview options=desk.options ask error />
                <Elsewhere error offer />
                {button}
            </footer>
        </section>
    }
    .seal()
}

/// The fields that one template has.
#[component]
fn OfOffer(offer: Offer, desk: Desk, size: RwSignal<String>) -> impl IntoView {
    let draft = desk.typed.with_value(|typed| typed.of(offer.slug.as_str()).clone());
    let proposed = size.with_untracked(|size| offer.size(size).map(|size| size.name.to_string()));
    Effect::new(move |_| {
        // Somebody may have chosen before the page had come to life.
        if let Some(there) = browser::chosen(SIZE) {
            size.set(there);
        }
    });
    let error = desk.refused.into();
    let choose = Callback::new(move |name: String| {
        desk.refused.set(None);
        size.set(name);
    });
    let sizes = offer.sizes.clone().into_iter().map(|of| {
        let checked = proposed.as_deref() == Some(of.name.as_str());
        view! { <SizeChoice of options=desk.options checked choose /> }
    });
    let variables = offer.variables.clone().into_iter().map(|variable| {
        let typed = draft.variables.get(&variable.name).or_else(|| draft.secrets.get(&variable.name)).cloned();
        view! { <VariableField variable typed error /> }
    });
    view! {
        <input type="hidden" name="form[shown]" value=offer.slug.to_string() />
        <fieldset class="sizes">
            <legend>"Size"</legend>
            {sizes.collect_view()}
        </fieldset>
        {variables.collect_view()}
        <LifetimeField offer draft error />
    }
    .seal()
}

#[component]
fn SizeChoice(of: Size, options: RwSignal<LaunchOptions>, checked: bool, choose: Callback<String>) -> impl IntoView {
    let name = of.name.to_string();
    let value = name.clone();
    let holding = Holding::running(of.cpus, of.memory);
    let fits = Memo::new(move |_| options.with(|options| options.team.room.admit(holding).is_ok()));
    view! {
        <label>
            <input type="radio" name=SIZE value=value checked=checked on:change=move |_| choose.run(name.clone()) />
            <b>{of.name.to_string()}</b>
            <small>{of.cpus.words()}</small>
            <small>{of.memory.to_string()}</small>
            <small class="warn">{move || if fits.get() { "" } else { "does not fit" }}</small>
        </label>
    }
    .seal()
}

#[component]
fn LifetimeField(offer: Offer, draft: LaunchForm, error: Signal<Option<ApiError>>) -> impl IntoView {
    let chosen = draft.lifetime.parse().unwrap_or(offer.lifetime.default);
    let option = |span: Span| {
        let note = if span == offer.lifetime.default { " (proposed)" } else { "" };
        let selected = span == chosen;
        view! {
            <option value=span.to_string() selected=selected>
                {span.words()}
                {note}
            </option>
        }
    };
    let choices = offer.lifetime.choices().into_iter().map(option).collect_view();
    let problem = Signal::derive(move || error.with(|error| error.as_ref()?.about("lifetime").map(str::to_owned)));
    let ends = offer.ends();
    view! {
        <Field id="lifetime" label="Lifetime" help=ends problem>
            <select id="lifetime" name="form[lifetime]" aria-describedby="lifetime-help lifetime-problem">
                {choices}
            </select>
        </Field>
    }
    .seal()
}

/// What is wrong and belongs to no field on the page, or is no field's fault.
#[component]
fn Elsewhere(error: Signal<Option<ApiError>>, offer: Memo<Option<Offer>>) -> impl IntoView {
    let said = move || {
        let error = error.get()?;
        offer.with(|offer| error.beside_the_form(offer.as_ref()))
    };
    move || {
        said().map(|words| {
            view! {
                <p id="refusal" class="callout bad" role="alert" tabindex="-1">
                    {words}
                </p>
            }
        })
    }
}

#[component]
fn LaunchButton(under_way: RwSignal<bool>) -> impl IntoView {
    view! {
        <button class="button primary block" aria-busy=move || under_way.get().then_some("true")>
            <Icon name=Signal::derive(move || if under_way.get() { "busy" } else { "launch" }) />
            {move || if under_way.get() { "Launching…" } else { "Launch" }}
        </button>
    }
    .seal()
}
