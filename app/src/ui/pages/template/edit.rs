//! What an admin changes of a template: its text, its image's digest, and the day from which it is offered to nobody.

use leptos::prelude::*;

use crate::api::templates::TemplateDetail;
use crate::ui::components::as_text::AsText;
use crate::ui::components::form::{Draft, hidden, sent_to};
use crate::ui::seal::Seal;

pub fn text(detail: &TemplateDetail, draft: &Draft, admin: bool) -> AnyView {
    let inside = AsText {
        form: "template",
        action: address(detail),
        text: &detail.text,
        revision: &detail.revision,
        help: "A changed recipe is a new version; what runs keeps the version it has. Dots stand for a secret's default, and keep it.",
        rows: (detail.text.lines().count() + 2).clamp(12, 40),
        save: "Save",
        primary: true,
    };
    let inside = inside.view(draft, admin);
    view! {
        <section class="panel" aria-labelledby="text">
            <header>
                <h2 id="text">"Definition (TOML)"</h2>
            </header>
            {inside}
        </section>
    }
    .seal()
}

fn address(detail: &TemplateDetail) -> String {
    sent_to(&format!("/templates/{}", detail.summary.slug))
}

pub fn pin(detail: &TemplateDetail, draft: &Draft) -> AnyView {
    let (word, help) = if detail.summary.is_pinned() {
        ("Pin again", "Pins the image to the digest that the host has for its name now.")
    } else {
        (
            "Pin by digest",
            "Pins the image to the digest that the host has for its name now. This creates a new version.",
        )
    };
    view! {
        <form method="post" action=address(detail) class="fields">
            {hidden("form", "pin")} {hidden("revision", draft.revision(&detail.revision))}
            <p class="dim">{help}</p>
            <button class="button">{word}</button>
        </form>
    }
    .seal()
}

pub fn end_of_offer(detail: &TemplateDetail, draft: &Draft) -> AnyView {
    let day = detail.summary.deprecated.map(|day| day.to_string());
    let again = day.is_some().then(|| {
        view! {
            <form method="post" action=address(detail) class="fields">
                {hidden("form", "offer-again")} {hidden("revision", detail.revision.clone())}
                <p class="dim">"Offer the template without an end date."</p>
                <button class="button">"Undo deprecation"</button>
            </form>
        }
    });
    view! {
        <form method="post" action=address(detail) class="fields">
            {hidden("form", "deprecate")} {hidden("revision", draft.revision(&detail.revision))}
            <div class="field">
                <label for="deprecate-day">"Deprecated from"</label>
                <input
                    id="deprecate-day"
                    type="date"
                    name="day"
                    required
                    value=draft.value("day", day.unwrap_or_default())
                    aria-describedby="deprecate-help"
                />
                <small id="deprecate-help">
                    "From this day on (UTC) the template cannot be launched. Until then, the launch page says so. Running environments keep running."
                </small>
            </div>
            <button class="button">"Deprecate"</button>
        </form>
        {again}
    }
    .seal()
}
