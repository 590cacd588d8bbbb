//! What pages ask of the browser itself. Called from effects and event handlers only, which the server never runs.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CustomEvent, CustomEventInit, Element, Event, FormData, HtmlDialogElement, HtmlDocument, HtmlElement,
    HtmlFormElement, HtmlInputElement, HtmlTextAreaElement, SubmitEvent,
};

use model::time::Timestamp;

#[must_use]
pub fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 are far below 2^52")]
    Timestamp::from_millis(js_sys::Date::now() as i64)
}

/// Waits for so many milliseconds.
pub async fn pause(milliseconds: u32) {
    let promise = js_sys::Promise::new(&mut |done, _| {
        set_timeout(move || drop(done.call0(&JsValue::NULL)), Duration::from_millis(milliseconds.into()));
    });
    // A promise of ours is never refused.
    drop(JsFuture::from(promise).await);
}

/// The day and time in the viewer's zone and manner.
#[must_use]
pub fn local_time(at: Timestamp) -> String {
    let parts = [("dateStyle", "medium"), ("timeStyle", "short")];
    date_of(at).to_locale_string("default", &options(&parts)).into()
}

/// The hour in the viewer's zone and manner, with the day where it is not today.
#[must_use]
pub fn local_hour(at: Timestamp) -> String {
    let (date, today) = (date_of(at), date_of(now()));
    let same_day = date.to_date_string() == today.to_date_string();
    let day = [("month", "short"), ("day", "numeric")];
    let hour = [("hour", "numeric"), ("minute", "2-digit")];
    let parts = day.iter().filter(|_| !same_day).chain(&hour);
    date.to_locale_string("default", &options(parts)).into()
}

fn date_of(at: Timestamp) -> js_sys::Date {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^52")]
    js_sys::Date::new(&JsValue::from_f64(at.as_millis() as f64))
}

fn options<'a>(parts: impl IntoIterator<Item = &'a (&'static str, &'static str)>) -> js_sys::Object {
    let options = js_sys::Object::new();
    for &(name, value) in parts {
        // Setting a property of a fresh object cannot fail.
        drop(js_sys::Reflect::set(&options, &name.into(), &value.into()));
    }
    options
}

/// Goes to another page.
pub fn go_to(address: &str) {
    // It fails for what is no URL, and an address of ours is.
    drop(window().location().set_href(address));
}

/// Shows another address for what is shown already.
pub fn show_address(address: &str) {
    if let Ok(history) = window().history() {
        drop(history.replace_state_with_url(&JsValue::NULL, "", Some(address)));
    }
}

/// Path and query in the address bar.
#[must_use]
pub fn here() -> String {
    let location = window().location();
    format!("{}{}", location.pathname().unwrap_or_default(), location.search().unwrap_or_default())
}

fn find<T: JsCast>(selector: &str) -> Option<T> {
    document().query_selector(selector).ok().flatten().and_then(|element: Element| element.dyn_into().ok())
}

/// Moves the focus to the first element that matches, once what is being rendered is there.
pub fn focus_soon(selector: &'static str) {
    request_animation_frame(move || {
        if let Some(element) = find::<HtmlElement>(selector) {
            // An element that cannot take the focus leaves it where it is.
            drop(element.focus());
        }
    });
}

/// The chosen one of the radio buttons of that name.
#[must_use]
pub fn chosen(radio: &str) -> Option<String> {
    find::<HtmlInputElement>(&format!("input[name=\"{radio}\"]:checked")).map(|input| input.value())
}

/// The value of the button that submitted a form.
#[must_use]
pub fn submitted(event: &SubmitEvent) -> Option<String> {
    event.submitter()?.get_attribute("value")
}

/// The names and values of a form that is being submitted. Files are left out; no form here has any.
#[must_use]
pub fn fields(submitted: &SubmitEvent) -> Vec<(String, String)> {
    entries(submitted.target().and_then(|target| target.dyn_into().ok()))
}

/// The same of a form on the page, as it stands.
#[must_use]
pub fn fields_of(form: &str) -> Vec<(String, String)> {
    entries(find(form))
}

fn entries(form: Option<HtmlFormElement>) -> Vec<(String, String)> {
    let data = form.and_then(|form| FormData::new_with_form(&form).ok());
    let entries = data.and_then(|data| js_sys::try_iter(&data).ok().flatten());
    let pairs = entries.into_iter().flatten().flatten().map(|entry| js_sys::Array::from(&entry));
    pairs.filter_map(|pair| Some((pair.get(0).as_string()?, pair.get(1).as_string()?))).collect()
}

/// Tells the frame around the page, which is `frame.js`.
pub fn tell(event: &str, words: &[&str]) {
    let detail: js_sys::Array = words.iter().map(|word| JsValue::from_str(word)).collect();
    let about = CustomEventInit::new();
    about.set_detail(&detail);
    if let Ok(event) = CustomEvent::new_with_event_init_dict(&format!("berth:{event}"), &about) {
        // It fails for an event that is being told already, and this one is fresh.
        drop(document().dispatch_event(&event));
    }
}

/// Hears what the frame tells, as long as the page lives; empty where it tells no text.
pub fn hear(event: &str, mut handle: impl FnMut(String) + 'static) {
    let handle = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        handle(event.unchecked_into::<CustomEvent>().detail().as_string().unwrap_or_default());
    });
    // It fails for a target that is none, and the document is one.
    drop(document().add_event_listener_with_callback(&format!("berth:{event}"), handle.as_ref().unchecked_ref()));
    handle.forget();
}

/// Opens a dialog over the page.
pub fn open_dialog(dialog: NodeRef<leptos::html::Dialog>) {
    if let Some(dialog) = dialog.get_untracked().filter(|dialog: &HtmlDialogElement| !dialog.open()) {
        // It fails for a dialog that is not in the document, and this one is.
        drop(dialog.show_modal());
    }
}

pub fn close_dialog(dialog: NodeRef<leptos::html::Dialog>) {
    if let Some(dialog) = dialog.get_untracked() {
        HtmlDialogElement::close(&dialog);
    }
}

/// Copies a text. The clipboard proper is there only under https and on loopback; elsewhere the old way works.
pub fn copy(text: &str) {
    if window().is_secure_context() {
        drop(window().navigator().clipboard().write_text(text));
        return;
    }
    let Ok(area) = document().create_element("textarea") else { return };
    let area: HtmlTextAreaElement = area.unchecked_into();
    area.set_value(text);
    area.set_class_name("unseen");
    if document().body().is_some_and(|body| body.append_child(&area).is_ok()) {
        area.select();
        drop(document().unchecked_into::<HtmlDocument>().exec_command("copy"));
        area.remove();
    }
}
