//! All templates: version, image, who is offered each, what still runs of older versions; for an admin a new one.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::me::{Me, get_me};
use crate::api::templates::{TemplateSummary, list_templates};
use crate::ui::components::form::{Draft, Told, hidden, text_area};
use crate::ui::components::loaded::Loaded;
use crate::ui::seal::Seal;
use model::name::TeamName;

/// What a new template begins with.
const BEGINNING: &str = r#"[[template]]
name = "new-name"
teams = "everyone"
label = "New"
summary = "What you get, in one line."
image = "registry.example/image:1"
sizes = ["s"]
lifetime = { default = "8h", maximum = "7d" }
ready = { kind = "http", port = "http", path = "/", within = "30s" }

[[template.port]]
name = "http"
number = 80
scheme = "http"

[[template.variable]]
name = "GREETING"
label = "Greeting"
default = "Hello"
"#;

#[component]
pub fn TemplatesPage() -> impl IntoView {
    let draft = Draft::of("template");
    let asked = async { Ok((get_me().await?, list_templates().await?)) };
    view! {
        <Title text="Templates" />
        <Loaded
            asked
            view=move |(me, templates): (Me, Vec<TemplateSummary>)| {
                let admin = me.actor.acts_as_admin();
                view! {
                    <div class="head">
                        <h1 tabindex="-1">"Templates"</h1>
                        <a class="button" href="/api/v1/catalogue" download="catalogue.toml" rel="external">
                            "Download the catalogue"
                        </a>
                    </div>
                    <Told />
                    <TemplateTable me=me templates />
                    {admin.then(|| new_template(&draft))}
                }
                    .seal()
            }
        />
    }
    .seal()
}

#[component]
fn TemplateTable(me: Me, templates: Vec<TemplateSummary>) -> impl IntoView {
    if templates.is_empty() {
        return view! { <p class="panel nothing">"No templates yet."</p> }.seal();
    }
    let now = me.visit.map(|visit| visit.at);
    let rows = templates.into_iter().map(|it| {
        let old = it.in_use.iter().filter(|used| used.version != it.version).map(|used| used.words(it.version));
        let old: Vec<String> = old.collect();
        let none = old.is_empty().then_some("not in use");
        view! {
            <tr>
                <th scope="row">
                    <a class="name" href=format!("/templates/{}", it.slug)>
                        {it.label.clone()}
                    </a>
                    <small>{it.slug.to_string()}</small>
                    {it.deprecation(now).map(|notice| view! { <small class="warn">{notice}</small> })}
                </th>
                <td data-label="Version">{it.version}</td>
                <td data-label="Image" class="mono">
                    {it.image.clone()}
                </td>
                <td data-label="For">{offered_to(it.teams.as_deref())}</td>
                <td data-label="Older versions">
                    {none} <ul>{old.into_iter().map(|words| view! { <li>{words}</li> }).collect_view()}</ul>
                </td>
            </tr>
        }
    });
    view! {
        <section class="panel" aria-label="Templates">
            <table class="plain">
                <thead>
                    <tr>
                        <th scope="col">"Template"</th>
                        <th scope="col">"Version"</th>
                        <th scope="col">"Image"</th>
                        <th scope="col">"For"</th>
                        <th scope="col">"Older versions"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
    .seal()
}

/// Who is offered a template, in words.
#[must_use]
pub fn offered_to(teams: Option<&[TeamName]>) -> String {
    match teams {
        None => "everyone".to_owned(),
        Some([]) => "nobody".to_owned(),
        Some(teams) => teams.iter().map(TeamName::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn new_template(draft: &Draft) -> AnyView {
    view! {
        <details class="panel" open=draft.is_refused()>
            <summary>"New template"</summary>
            <form method="post" action="/templates" class="body">
                {draft.refusal()} {hidden("form", "template")}
                {text_area(
                    draft,
                    "new-template",
                    "text",
                    "Template (TOML)",
                    BEGINNING,
                    "Same format as a catalogue file. Everything is checked before anything is changed.",
                    24,
                )}
                <div class="row">
                    <button class="button primary">"Create template"</button>
                </div>
            </form>
        </details>
    }
    .seal()
}
