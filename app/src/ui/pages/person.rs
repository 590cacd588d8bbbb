//! One person: where they belong and why, what they are for the whole installation, and whether they are let in.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::api::me::{Me, get_me};
use crate::api::people::{Person, get_person};
use crate::ui::components::form::{Draft, Told, choice_field, hidden, sent_to};
use crate::ui::components::loaded::Loaded;
use crate::ui::components::time::Moment;
use crate::ui::seal::Seal;
use model::access::InstallationRole;

#[component]
pub fn PersonPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    let drafts = [Draft::of("role"), Draft::of("disable"), Draft::of("enable")];
    let asked = async { Ok((get_me().await?, get_person(id).await?)) };
    view! {
        <Loaded
            asked
            view=move |(me, person): (Me, Person)| {
                let refusals = drafts.iter().map(Draft::refusal).collect_view();
                let admin = me.actor.acts_as_admin();
                view! {
                    <Title text=person.name.clone() />
                    <div class="head one">
                        <h1 tabindex="-1">{person.name.clone()}</h1>
                        <p class="dim">{person.email.clone()}</p>
                    </div>
                    <Told />
                    {refusals}
                    {person
                        .disabled
                        .then(|| {
                            view! {
                                <p class="callout warn">"Disabled: this account cannot sign in, and its tokens are refused."</p>
                            }
                        })}
                    {person.groups_lapsed.then(lapsed)} {facts(&person)}
                    {admin.then(|| forms(&person, &drafts[0]))}
                }
                    .seal()
            }
        />
    }
    .seal()
}

fn lapsed() -> AnyView {
    view! {
        <p class="callout warn">
            "The provider has not vouched for this account for too long: teams and roles by its groups do not count, in pages and for tokens, until it signs in again."
        </p>
    }
    .seal()
}

fn facts(person: &Person) -> AnyView {
    let ways = person.teams.iter().map(|way| {
        view! {
            <li>
                <a href=format!("/teams/{}", way.team)>{way.team.to_string()}</a>
                ": "
                {way.words()}
            </li>
        }
    });
    let ways = ways.collect_view();
    let until = person.groups_valid_until.filter(|_| !person.groups_lapsed);
    let until = until.map(|until| view! { <small>"What its groups give counts until " <Moment at=until /></small> });
    let role = |role: Option<InstallationRole>| role.map_or("none", InstallationRole::as_str);
    view! {
        <section class="panel" aria-labelledby="facts">
            <header>
                <h2 id="facts">"Account"</h2>
            </header>
            <dl class="facts body">
                <dt>"Teams"</dt>
                <dd>{if person.teams.is_empty() { "none".seal() } else { view! { <ul>{ways}</ul> }.seal() }}</dd>
                <dt>"Role here"</dt>
                <dd>
                    {role(person.role)}
                    <small>"by the provider's claim: " {role(person.claim_role)} "; by hand: " {role(person.hand_role)}</small>
                </dd>
                <dt>"Last sign-in"</dt>
                <dd>
                    <Moment at=person.signed_in_at />
                    {until}
                </dd>
                <dt>"Id"</dt>
                <dd>
                    <code>{person.id.to_string()}</code>
                </dd>
            </dl>
        </section>
    }
    .seal()
}

fn forms(person: &Person, draft: &Draft) -> AnyView {
    let address = sent_to(&format!("/people/{}", person.id));
    let choices =
        [("", "None"), ("auditor", "Auditor: reads all, changes nothing"), ("admin", "Admin: changes everything")];
    let known = person.hand_role.map_or("", InstallationRole::as_str);
    let (form, word, help) = if person.disabled {
        ("enable", "Enable", "They can sign in again, and their tokens work again.")
    } else {
        (
            "disable",
            "Disable",
            "Their sessions end at once, and their tokens are refused. Their environments keep running.",
        )
    };
    let class = if person.disabled { "button" } else { "button danger" };
    view! {
        <section class="panel" aria-labelledby="change">
            <header>
                <h2 id="change">"Change"</h2>
            </header>
            <div class="body">
                <form method="post" action=address.clone() class="fields">
                    {hidden("form", "role")} {choice_field(draft, "role", "role", "Role assigned here", &choices, known)}
                    <button class="button">"Save role"</button>
                </form>
                <p class="dim">
                    "Applies in addition to the role from the identity provider; the higher role counts. Team roles are set on the team's page."
                </p>
                <form method="post" action=address class="fields">
                    {hidden("form", form)} <p class="dim">{help}</p>
                    <button class=class>{word} " " {person.name.clone()}</button>
                </form>
            </div>
        </section>
    }
    .seal()
}
