//! The browser's entry: brings the islands of the page to life that the server rendered.

#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
    app::ui::tab::open();
}
