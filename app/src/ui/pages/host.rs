//! The host, for those who see to it: its engine, and what on it carries our label and is nobody's.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::host::{get_host, get_isolation_check, get_quarantine};
use crate::api::me::{Me, get_me};
use crate::ui::components::form::{Told, hidden};
use crate::ui::components::loaded::Loaded;
use crate::ui::components::time::Moment;
use crate::ui::seal::Seal;
use model::host::{Findings, Host, Isolation, IsolationCheck, Link, Reachability};
use model::quarantine::Stray;

#[component]
pub fn HostPage() -> impl IntoView {
    let asked =
        async { Ok((get_me().await?, get_host().await?, get_isolation_check().await?, get_quarantine().await?)) };
    view! {
        <Title text="Host" />
        <Loaded
            asked
            view=|(me, host, check, strays): (Me, Host, Option<IsolationCheck>, Vec<Stray>)| {
                view! {
                    <div class="head">
                        <h1 tabindex="-1">"Host"</h1>
                    </div>
                    <Told />
                    <Engine host />
                    <Checked admin=me.actor.acts_as_admin() check />
                    <Quarantine strays />
                }
                .seal()
            }
        />
    }
    .seal()
}

#[component]
fn Engine(host: Host) -> impl IntoView {
    let limits = host.unlimited_words().map_or_else(
        || "Memory, CPU and processes are limited.".to_owned(),
        |what| {
            format!(
                "This engine does not limit {what}. Environments are started only with docker.without_limits = \"allow\"; better give the engine cgroup delegation."
            )
        },
    );
    let link = match host.link {
        Link::Live => "Responding.".seal(),
        Link::Lost { since, reason } => view! { "Not responding since " <Moment at=since /> ": " {reason} "." }.seal(),
    };
    let isolation = match host.isolation {
        None => "Not known until the engine has answered.",
        Some(Isolation::DefaultBridge) => "On the engine's default bridge, whose containers cannot talk to each other.",
        Some(Isolation::TeamNetworks) => {
            "Each team has a network of its own, whose containers cannot talk to each other."
        }
    };
    let networks = match (host.isolation, host.networks_left) {
        (None | Some(Isolation::DefaultBridge), _) => None,
        (Some(Isolation::TeamNetworks), Some(left)) => {
            Some(format!("{} in use, {left} more fit into docker.address_pool", host.networks))
        }
        (Some(Isolation::TeamNetworks), None) => Some(format!(
            "{} in use; an engine has addresses for about 30 unless docker.address_pool is set",
            host.networks
        )),
    };
    view! {
        <section class="panel" aria-labelledby="engine">
            <header>
                <h2 id="engine">"Docker Engine"</h2>
            </header>
            <dl class="facts">
                <dt>"Name"</dt>
                <dd>{host.name}</dd>
                <dt>"Version"</dt>
                <dd>{host.version}</dd>
                <dt>"Capacity"</dt>
                <dd>{host.cpus.words()} ", " {host.memory.to_string()}</dd>
                <dt>"Link"</dt>
                <dd>{link}</dd>
                <dt>"Limits"</dt>
                <dd>{limits}</dd>
                <dt>"Isolation"</dt>
                <dd>{isolation}</dd>
                {networks
                    .map(|networks| {
                        view! {
                            <dt>"Team networks"</dt>
                            <dd>{networks}</dd>
                        }
                    })}
            </dl>
        </section>
    }
    .seal()
}

/// Isolation as it was measured.
#[component]
fn Checked(admin: bool, check: Option<IsolationCheck>) -> impl IntoView {
    let (at, findings, reason) = match check {
        Some(IsolationCheck { at, findings, reason }) => (Some(at), findings, reason),
        None => (None, None, Some("no check has been made since the server started".to_owned())),
    };
    let facts = findings.map(|Findings { inner, published, server, metadata }| {
        let inner_words = match inner {
            Reachability::Closed => "Not reachable.",
            Reachability::Open => {
                "Reachable: environments are not isolated. Check the host's firewall and bridge settings."
            }
        };
        let fact = |term, words| {
            view! {
                <dt>{term}</dt>
                <dd>{words}</dd>
            }
        };
        let reached = |reached| match reached {
            Reachability::Closed => "Not reachable.",
            Reachability::Open => "Reachable. The README has firewall rules that close it.",
        };
        view! {
            {fact("Other environments by their internal address", inner_words)}
            {fact("Published ports by the host's address", reached(published))}
            {server.map(|server| fact("This server by the host's address", reached(server)))}
            {fact("Cloud metadata (169.254.169.254)", reached(metadata))}
        }
    });
    view! {
        <section class="panel" aria-labelledby="isolation">
            <header>
                <h2 id="isolation">"Isolation check"</h2>
            </header>
            <dl class="facts">
                {reason
                    .map(|reason| {
                        view! {
                            <dt>"Result"</dt>
                            <dd>"Not measured: " {reason} "."</dd>
                        }
                    })} {facts}
                {at
                    .map(|at| {
                        view! {
                            <dt>"Checked"</dt>
                            <dd>
                                <Moment at />
                            </dd>
                        }
                    })}
            </dl>
            {admin
                .then(|| {
                    view! {
                        <form method="post" action="/host" class="body">
                            {hidden("form", "isolation")} <p class="row">
                                <button class="button">"Check now"</button>
                                <small class="dim">
                                    "Starts two small containers for a few seconds, and tries what one reaches of the other."
                                </small>
                            </p>
                        </form>
                    }
                })}
        </section>
    }
    .seal()
}

#[component]
fn Quarantine(strays: Vec<Stray>) -> impl IntoView {
    let none = strays.is_empty();
    view! {
        <section class="panel" aria-labelledby="quarantine">
            <header>
                <h2 id="quarantine">"Quarantine"</h2>
            </header>
            <p class="nothing" hidden=!none>
                "Every container that carries this installation's label belongs to an environment."
            </p>
            <p class="nothing" hidden=none>
                "These containers carry this installation's label, but belong to no known environment, for example after a database was restored from a backup. Berth lists them and leaves them alone. Look at them on the host, and remove there what nobody needs."
            </p>
            {strays.into_iter().map(|stray| view! { <StrayFacts stray /> }).collect_view()}
        </section>
    }
    .seal()
}

#[component]
fn StrayFacts(stray: Stray) -> impl IntoView {
    let short_id = stray.short_id().to_owned();
    let label = format!("Container {}", stray.name);
    let fact = |term: &'static str, value: Option<String>| {
        value.map(|value| {
            view! {
                <dt>{term}</dt>
                <dd>{value}</dd>
            }
        })
    };
    view! {
        <dl class="facts" aria-label=label>
            {fact("Container", Some(stray.name))} {fact("Id", Some(short_id))} {fact("State", Some(stray.state))}
            {fact("Of environment", stray.environment)} {fact("Of team", stray.team)} {fact("Of owner", stray.owner)}
            {fact("Of template", stray.template)} <dt>"First seen"</dt>
            <dd>
                <Moment at=stray.seen_at />
            </dd>
        </dl>
    }
    .seal()
}
