//! Forms that a page sends to its own address: done, they lead on; refused, the page comes back with the form as it was sent.
//!
//! No script takes part in it, so that what somebody typed (a template's whole text) is nowhere but in the request.

use app::api::ApiError;
use app::api::backend::{Hosts, People, Sizes, Teams, Templates};
use app::api::form::{Edited, Fields, Form, Sent};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use http_body_util::{BodyExt, Limited};
use model::access::Actor;

use super::limits::BODY_MAX;
use super::problem::Problem;
use super::{Web, pages};

pub async fn sent(State(web): State<Web>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, BODY_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Problem(ApiError::Malformed { message: error.to_string() }).into_response(),
    };
    let request = Request::from_parts(parts, Body::empty());
    // The sign-in page leads back to where the form is; what was typed there is gone, as is whoever typed it.
    let Some(actor) = pages::asker(&request) else { return pages::show(&web, request, None).await };
    let fields = read(&body);
    match edit(&web, &actor, request.uri().path(), &fields).await {
        Ok(edited) => Redirect::to(&edited.page.to_string()).into_response(),
        Err(error) => {
            let refused = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = pages::show(&web, request, Some(Sent { fields, error })).await;
            // Where the page itself is not to be had, that says more.
            if response.status() == StatusCode::OK {
                *response.status_mut() = refused;
            }
            response
        }
    }
}

async fn edit(web: &Web, actor: &Actor, path: &str, fields: &Fields) -> Result<Edited, ApiError> {
    match Form::read(path, fields)? {
        Form::Team(edit) => web.service.edit_team(actor, edit).await,
        Form::Template(edit) => web.service.edit_template(actor, edit).await,
        Form::Size(edit) => web.service.edit_size(actor, edit).await,
        Form::Person(edit) => web.service.edit_person(actor, edit).await,
        Form::Host(edit) => web.service.edit_host(actor, edit).await,
    }
}

fn read(body: &Bytes) -> Fields {
    let pairs = url::form_urlencoded::parse(body);
    Fields(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}
