//! The hosts, for those who see to them: the engine of each, what it holds, whether environments on it are apart, and what on it
//! carries our label and is nobody's.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::hosts::{HostDetail, HostStep, list_host_details};
use crate::api::me::{Me, get_me};
use crate::ui::components::form::{Draft, Told, hidden, sent_to};
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::components::pool::Meters;
use crate::ui::components::time::Moment;
use crate::ui::seal::Seal;
use model::host::{Findings, Host, Isolation, IsolationCheck, Link, Reachability};
use model::quarantine::Stray;

#[component]
pub fn HostsPage() -> impl IntoView {
    let asked = async { Ok((get_me().await?, list_host_details().await?)) };
    view! {
        <Title text="Hosts" />
        <Loaded
            asked
            view=|(me, hosts): (Me, Vec<HostDetail>)| {
                let strays = hosts.iter().flat_map(|detail| detail.quarantine.clone()).collect();
                let admin = me.actor.acts_as_admin();
                view! {
                    <div class="head">
                        <h1 tabindex="-1">"Hosts"</h1>
                    </div>
                    <Told />
                    {hosts.into_iter().map(|detail| view! { <HostPanel detail admin /> }).collect_view()}
                    <Quarantine strays />
                }
                .seal()
            }
        />
    }
    .seal()
}

/// One host: its engine, what it holds, and what an admin can do to it.
#[component]
fn HostPanel(detail: HostDetail, admin: bool) -> impl IntoView {
    let HostDetail { host, configured, room, isolation_check, certificate_days_left, .. } = detail;
    let name = host.name.to_string();
    let id = format!("host-{name}");
    let draft = ["isolation", "drain", "reopen", "accept-engine"].map(|form| Draft::of(form).about("host", &name));
    let refusal = draft.iter().find_map(Draft::refusal);
    // Of a host that has never answered there is nothing to measure what is held against.
    let room = (!host.version.is_empty() || room.used.environments > 0).then_some(room);
    view! {
        <section class="panel" aria-labelledby=id.clone()>
            <header>
                <h2 id=id.clone()>{name.clone()}</h2>
                {state(&host, configured)}
            </header>
            {refusal} <Engine host=host.clone() certificate_days_left /> {room.map(|pool| view! { <Meters pool label=format!("What environments hold of {name}") /> })}
            {configured.then(|| view! { <Checked check=isolation_check /> })}
            {(admin && configured).then(|| view! { <Steps host /> })}
        </section>
    }
    .seal()
}

/// In a word, beside its name.
fn state(host: &Host, configured: bool) -> AnyView {
    let (tone, icon, word) = match (&host.link, host.draining) {
        _ if !configured => ("bad", "lost", "not in the configuration"),
        _ if host.exchanged => ("bad", "lost", "another engine"),
        (Link::Lost { .. }, _) => ("bad", "lost", "lost"),
        (Link::Live, true) => ("warn", "busy", "draining"),
        (Link::Live, false) => ("ok", "running", "live"),
    };
    view! {
        <span class=format!("link push {tone}")>
            <Icon name=icon />
            {word}
        </span>
    }
    .seal()
}

#[component]
fn Engine(host: Host, certificate_days_left: Option<u64>) -> impl IntoView {
    let limits = host.unlimited_words().map_or_else(
        || "Memory, CPU and processes are limited.".to_owned(),
        |what| {
            format!(
                "This engine does not limit {what}. Environments are started only with without_limits = \"allow\"; better give the engine cgroup delegation."
            )
        },
    );
    let clock = host.clock_words();
    let ends_at = host.certificate_ends_at;
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
            Some(format!("{} in use, {left} more fit into the address pool", host.networks))
        }
        (Some(Isolation::TeamNetworks), None) => {
            Some(format!("{} in use; an engine has addresses for about 30 unless address_pool is set", host.networks))
        }
    };
    let known = !host.version.is_empty();
    let fact = |term: &'static str, words: String| {
        view! {
            <dt>{term}</dt>
            <dd>{words}</dd>
        }
    };
    view! {
        <dl class="facts">
            {known
                .then(|| {
                    view! {
                        {fact("Machine", host.machine)} {fact("Docker Engine", host.version)}
                        {fact("Capacity", format!("{}, {}", host.cpus.words(), host.memory))}
                    }
                })} <dt>"Link"</dt> <dd>{link}</dd>
            {known.then(|| view! { {fact("Limits", limits)} {fact("Isolation", isolation.to_owned())} })}
            {networks.map(|networks| fact("Team networks", networks))}
            {clock.map(|off| fact("Clock", format!("It is {off}. Set it by NTP: times of its containers are wrong.")))}
            {ends_at
                .map(|at| {
                    let soon = certificate_days_left.map(|days| if days == 0 { " Renew it now." } else { " Renew it soon." });
                    view! {
                        <dt>"Certificates"</dt>
                        <dd>"The first of them ends " <Moment at /> "." {soon}</dd>
                    }
                })}
        </dl>
    }
    .seal()
}

/// What an admin does to it: each a form of its own.
#[component]
fn Steps(host: Host) -> impl IntoView {
    let name = host.name.to_string();
    let step = |step: HostStep, class: &'static str, words: &'static str, about: &'static str| {
        view! {
            <form method="post" action=sent_to("/hosts") class="row">
                {hidden("form", step.as_str())} {hidden("host", name.clone())}
                <button class=class aria-label=format!("{words} {name}")>
                    {words}
                </button>
                <small class="dim">{about}</small>
            </form>
        }
    };
    view! {
        <div class="body">
            {host
                .exchanged
                .then(|| {
                    step(
                        HostStep::AcceptEngine,
                        "button danger",
                        "Accept the engine",
                        "What ran on the engine before counts as gone, with what was in it. Check the address first.",
                    )
                })}
            {step(
                HostStep::CheckIsolation,
                "button",
                "Check isolation",
                "Starts two small containers for a few seconds, and tries what one reaches of the other.",
            )}
            {if host.draining {
                step(HostStep::Reopen, "button", "Reopen", "The host takes new environments again.")
            } else {
                step(HostStep::Drain, "button", "Drain", "Nothing new is placed on it; what is there goes on.")
            }}
        </div>
    }
    .seal()
}

/// Isolation as it was measured.
#[component]
fn Checked(check: Option<IsolationCheck>) -> impl IntoView {
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
        <h3>"Isolation check"</h3>
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
            {fact("Host", Some(stray.host.to_string()))} {fact("Container", Some(stray.name))} {fact("Id", Some(short_id))} {fact("State", Some(stray.state))}
            {fact("Of environment", stray.environment)} {fact("Of team", stray.team)} {fact("Of owner", stray.owner)}
            {fact("Of template", stray.template)} <dt>"First seen"</dt>
            <dd>
                <Moment at=stray.seen_at />
            </dd>
        </dl>
    }
    .seal()
}
