//! An entry of the catalogue as its TOML: to edit for who may change it, else to read.

use leptos::prelude::*;

use crate::ui::components::changes::Changes;
use crate::ui::components::form::{Draft, hidden, sent_to, text_area};
use crate::ui::seal::Seal;
use model::diff;

#[derive(Debug)]
pub struct AsText<'a> {
    /// The form's name, by which the page knows it.
    pub form: &'static str,
    /// Where it is sent.
    pub action: String,
    pub text: &'a str,
    pub revision: &'a str,
    pub help: &'static str,
    /// How many lines are shown at once.
    pub rows: usize,
    /// What the button says that sends it.
    pub save: &'static str,
    /// Whether that is what the page is for.
    pub primary: bool,
}

impl AsText<'_> {
    #[must_use]
    pub fn view(self, draft: &Draft, admin: bool) -> AnyView {
        let Self { form, action, text, revision, help, rows, save, primary } = self;
        if !admin {
            return view! { <pre class="body mono" tabindex="0">{text.to_owned()}</pre> }.seal();
        }
        let conflict = draft.is_conflict().then(|| diff::changes(text, &draft.value("text", "")));
        view! {
            <form method="post" action=sent_to(&action) class="body">
                {draft.refusal()} {conflict.map(|lines| view! { <Changes lines title="What your version would change now" /> })}
                {hidden("form", form)} {hidden("revision", draft.revision(revision))}
                {text_area(draft, form, "text", "TOML", text, help, rows)}
                <div class="row">
                    <button class="button" class:primary=primary>
                        {save}
                    </button>
                </div>
            </form>
        }
        .seal()
    }
}
