//! The viewer: how the pages look on this browser, and the way out.

use leptos::prelude::*;

use crate::ui::components::icon::Icon;
use crate::ui::seal::Seal;
use model::access::{Actor, InstallationRole};

#[component]
pub fn Account(actor: Actor) -> impl IntoView {
    let initial = actor.name.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().to_string());
    let role = match actor.role {
        Some(InstallationRole::Admin) => "Admin".to_owned(),
        Some(InstallationRole::Auditor) => "Auditor".to_owned(),
        None => roles(&actor),
    };
    let email = actor.email.filter(|email| *email != actor.name);
    let label = format!("Account: {}", actor.name);
    view! {
        <button type="button" class="avatar" popovertarget="account" aria-label=label>
            {initial}
        </button>
        <div id="account" class="menu" popover>
            <p class="who">
                <strong>{actor.name}</strong>
                {email.map(|email| view! { <small>{email}</small> })}
                <small>{role}</small>
            </p>
            <Preference
                name="theme"
                legend="Theme"
                choices=[("system", "System"), ("light", "Light"), ("dark", "Dark")]
            />
            <Preference
                name="density"
                legend="Density"
                choices=[("comfortable", "Comfortable"), ("compact", "Compact")]
            />
            <form method="post" action="/auth/sign-out">
                <button class="button block">
                    <Icon name="leave" />
                    "Sign out"
                </button>
            </form>
        </div>
    }
    .seal()
}

fn roles(actor: &Actor) -> String {
    let roles: Vec<String> = actor.teams.iter().map(|(team, role)| format!("{role} of {team}")).collect();
    if roles.is_empty() { "No team".to_owned() } else { roles.join(", ") }
}

/// The first choice is the one that nobody has made. `preferences.js` remembers it.
#[component]
fn Preference<const N: usize>(
    name: &'static str,
    legend: &'static str,
    choices: [(&'static str, &'static str); N],
) -> impl IntoView {
    let choices = choices.into_iter().enumerate().map(|(at, (value, label))| {
        view! {
            <label>
                <input type="radio" name=name value=value checked=at == 0 />
                {label}
            </label>
        }
    });
    view! {
        <fieldset class="segments">
            <legend>{legend}</legend>
            <div>{choices.collect_view()}</div>
        </fieldset>
    }
    .seal()
}
