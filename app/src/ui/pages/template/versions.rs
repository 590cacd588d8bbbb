//! A template's versions, the newest first: when each was made, what it changed, and what it is.

use leptos::prelude::*;

use crate::api::templates::{TemplateDetail, Version};
use crate::ui::components::changes::Changes;
use crate::ui::components::time::Moment;
use crate::ui::seal::Seal;

pub fn versions(detail: &TemplateDetail) -> AnyView {
    let all = detail.versions.iter().map(|version| entry(detail, version));
    view! {
        <section class="panel" aria-labelledby="versions">
            <header>
                <h2 id="versions">"Versions"</h2>
            </header>
            <ol class="versions">{all.collect_view()}</ol>
        </section>
    }
    .seal()
}

fn entry(detail: &TemplateDetail, version: &Version) -> AnyView {
    let used = detail.summary.in_use.iter().find(|used| used.version == version.version);
    let used = used.map(|used| used.words(detail.summary.version));
    let Version { version: number, created_at, text, changes } = version.clone();
    let changed = (!changes.is_empty()).then(|| {
        view! { <Changes lines=changes title=format!("Changes in version {number}") /> }
    });
    view! {
        <li>
            <h3>"Version " {number}</h3>
            <p class="dim">
                <Moment at=created_at />
                {used.map(|used| format!(" · {used}"))}
            </p>
            {changed}
            <details>
                <summary>"Definition of version " {number}</summary>
                <pre class="mono" tabindex="0">
                    {text}
                </pre>
            </details>
        </li>
    }
    .seal()
}
