//! Why what a form asked for was not done, where it was sent without scripts and the answer came back in the address.

use leptos::prelude::*;
use leptos::server::ServerActionError;
use leptos::server_fn::ServerFn;
use leptos::server_fn::error::ServerFnUrlError;

use crate::api::ApiError;
use crate::ui::seal::Seal;

#[component]
pub fn Refused<F: ServerFn<Error = ApiError> + 'static>(
    #[prop(optional)] _function: std::marker::PhantomData<F>,
) -> impl IntoView {
    refusal_of::<F>().map(|error| {
        view! {
            <p class="callout bad" role="alert">
                {error.to_string()}
            </p>
        }
        .seal()
    })
}

/// What a server function answered when its form was sent without scripts.
#[must_use]
pub fn refusal_of<F: ServerFn<Error = ApiError>>() -> Option<ApiError> {
    let error = use_context::<ServerActionError>().filter(|error| error.path() == F::PATH)?;
    Some(ServerFnUrlError::<ApiError>::decode_err(error.err()))
}
