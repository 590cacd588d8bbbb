//! What a page asks for before it is sent: shown when it is there, else what went wrong.

use leptos::prelude::*;

use super::problem::Problem;
use crate::api::ApiError;
use crate::ui::seal::Seal;

#[component]
pub fn Loaded<T, F, V>(
    /// Asks.
    asked: F,
    view: V,
) -> impl IntoView
where
    T: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
    V: Fn(T) -> AnyView + Clone + Send + Sync + 'static,
{
    let asked = OnceResource::new_blocking(asked);
    let shown = move || {
        let view = view.clone();
        Suspend::new(async move {
            match asked.await {
                Ok(value) => view(value),
                Err(error) => view! { <Problem error /> }.seal(),
            }
        })
    };
    view! { <Suspense>{shown}</Suspense> }.seal()
}
