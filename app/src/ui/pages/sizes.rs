//! Sizes: what each is, who offers it; for an admin to change, add, and remove where nothing uses it.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::form::NEW;
use crate::api::me::{Me, get_me};
use crate::api::sizes::{SizeUse, list_sizes};
use crate::ui::components::form::{Draft, Told, hidden, sent_to, text_field};
use crate::ui::components::loaded::Loaded;
use crate::ui::seal::Seal;
use model::name::TemplateName;
use model::units::Memory;

#[component]
pub fn SizesPage() -> impl IntoView {
    let (size, removal) = (Draft::of("size"), Draft::of("remove-size"));
    let asked = async { Ok((get_me().await?, list_sizes().await?)) };
    view! {
        <Title text="Sizes" />
        <Loaded
            asked
            view=move |(me, sizes): (Me, Vec<SizeUse>)| {
                let admin = me.actor.acts_as_admin();
                view! {
                    <div class="head">
                        <h1 tabindex="-1">"Sizes"</h1>
                    </div>
                    <Told />
                    {removal.refusal()}
                    <p class="dim">
                        "A size is what a container is held to. Environments keep the limits that they were launched with."
                    </p>
                    <ul class="tiles">{sizes.iter().map(|one| tile(one, &size, admin)).collect_view()}</ul>
                    {admin.then(|| new_size(&size))}
                }
                    .seal()
            }
        />
    }
    .seal()
}

fn tile(one: &SizeUse, draft: &Draft, admin: bool) -> AnyView {
    let size = &one.size;
    let offered: Vec<&str> = one.templates.iter().map(TemplateName::as_str).collect();
    let offered = if offered.is_empty() { "no template".to_owned() } else { offered.join(", ") };
    view! {
        <li class="panel">
            <header>
                <h2>{size.name.to_string()}</h2>
                <small class="push">{one.environments.to_string()} " in use"</small>
            </header>
            <div class="body">
                {if admin { form(one, draft) } else { figures(one) }} <p class="dim">"Offered by " {offered}</p>
                {admin.then(|| removal(one))}
            </div>
        </li>
    }
    .seal()
}

fn figures(one: &SizeUse) -> AnyView {
    let size = &one.size;
    view! {
        <dl class="facts">
            <dt>"CPU"</dt>
            <dd>{size.cpus.words()}</dd>
            <dt>"Memory"</dt>
            <dd>{size.memory.to_string()}</dd>
            <dt>"Processes"</dt>
            <dd>{size.pids.to_string()}</dd>
            <dt>"Disk"</dt>
            <dd>{size.disk.map_or_else(|| "no limit".to_owned(), |disk| disk.to_string())}</dd>
        </dl>
    }
    .seal()
}

fn form(one: &SizeUse, draft: &Draft) -> AnyView {
    let size = &one.size;
    // The form of this size, and not the one that would make a size of the same name.
    let draft = if draft.value("revision", NEW) == NEW {
        Draft::default()
    } else {
        draft.clone().about("name", size.name.as_str())
    };
    let id = format!("size-{}", size.name);
    view! {
        <form method="post" action=sent_to("/sizes") class="body bare-body">
            {draft.refusal()} {hidden("form", "size")} {hidden("name", size.name.to_string())}
            {hidden("revision", draft.revision(&one.revision))}
            {text_field(&draft, &id, "cpus", "CPU cores", size.cpus.to_string(), "")}
            {text_field(&draft, &id, "memory", "Memory", size.memory.exact(), "")}
            {text_field(&draft, &id, "pids", "Processes", size.pids.to_string(), "")}
            {text_field(&draft, &id, "disk", "Disk", size.disk.map(Memory::exact).unwrap_or_default(), "Empty: no limit")}
            <div class="row">
                <button class="button" aria-label=format!("Save size {}", size.name)>
                    "Save"
                </button>
            </div>
        </form>
    }
    .seal()
}

fn removal(one: &SizeUse) -> AnyView {
    match one.kept_by() {
        Some(why) => view! { <small>"It cannot be removed: " {why} "."</small> }.seal(),
        None => view! {
            <form method="post" action=sent_to("/sizes")>
                {hidden("form", "remove-size")} {hidden("name", one.size.name.to_string())}
                <button class="button danger" aria-label=format!("Remove size {}", one.size.name)>
                    "Remove"
                </button>
            </form>
        }
        .seal(),
    }
}

fn new_size(draft: &Draft) -> AnyView {
    let draft = draft.clone().about("revision", NEW);
    let form = "new-size";
    view! {
        <details class="panel" open=draft.is_refused()>
            <summary>"New size"</summary>
            <form method="post" action=sent_to("/sizes") class="body">
                {draft.refusal()} {hidden("form", "size")} {hidden("revision", NEW)}
                <div class="quota">
                    {text_field(&draft, form, "name", "Name", "", "For example xl")}
                    {text_field(&draft, form, "cpus", "CPU cores", "", "For example 0.5")}
                    {text_field(&draft, form, "memory", "Memory", "", "For example 512MiB")}
                    {text_field(&draft, form, "pids", "Processes", "256", "At most at once")}
                    {text_field(&draft, form, "disk", "Disk", "", "What it may write, for example 10GiB; empty: no limit")}
                </div>
                <div class="row">
                    <button class="button primary">"Add size"</button>
                </div>
            </form>
        </details>
    }
    .seal()
}
