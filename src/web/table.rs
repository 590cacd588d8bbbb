//! The URL table as a value: routes that can be told as well as served, so that a test can walk through every one of them.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::MethodRouter;

/// A router and what is in it, each as `GET /api/v1/me`.
#[derive(Debug)]
pub struct Table<S> {
    router: Router<S>,
    urls: Vec<String>,
}

/// What answers on one path, by method.
#[derive(Debug)]
pub struct Verbs<S> {
    answers: MethodRouter<S>,
    methods: Vec<Method>,
}

pub fn get<H: Handler<T, S>, T: 'static, S: Clone + Send + Sync + 'static>(handler: H) -> Verbs<S> {
    Verbs { answers: axum::routing::get(handler), methods: vec![Method::GET] }
}

pub fn post<H: Handler<T, S>, T: 'static, S: Clone + Send + Sync + 'static>(handler: H) -> Verbs<S> {
    Verbs { answers: axum::routing::post(handler), methods: vec![Method::POST] }
}

impl<S: Clone + Send + Sync + 'static> Verbs<S> {
    pub fn post<H: Handler<T, S>, T: 'static>(mut self, handler: H) -> Self {
        self.methods.push(Method::POST);
        Self { answers: self.answers.post(handler), ..self }
    }

    pub fn delete<H: Handler<T, S>, T: 'static>(mut self, handler: H) -> Self {
        self.methods.push(Method::DELETE);
        Self { answers: self.answers.delete(handler), ..self }
    }
}

impl<S: Clone + Send + Sync + 'static> Table<S> {
    #[must_use]
    pub fn new() -> Self {
        Self { router: Router::new(), urls: Vec::new() }
    }

    #[must_use]
    pub fn route(mut self, path: &str, verbs: Verbs<S>) -> Self {
        self.urls.extend(verbs.methods.iter().map(|method| format!("{method} {path}")));
        Self { router: self.router.route(path, verbs.answers), ..self }
    }

    /// The routes of `inner` below `prefix`.
    #[must_use]
    pub fn nest(mut self, prefix: &str, inner: Self) -> Self {
        let below = inner.urls.iter().filter_map(|url| url.split_once(' '));
        self.urls.extend(below.map(|(method, path)| format!("{method} {prefix}{path}")));
        Self { router: self.router.nest(prefix, inner.router), ..self }
    }

    /// For every path that is not in the table.
    #[must_use]
    pub fn fallback<H: Handler<T, S>, T: 'static>(self, handler: H) -> Self {
        Self { router: self.router.fallback(handler), ..self }
    }

    /// For a path that is in the table, and not with this method.
    #[must_use]
    pub fn method_not_allowed_fallback<H: Handler<T, S>, T: 'static>(self, handler: H) -> Self {
        Self { router: self.router.method_not_allowed_fallback(handler), ..self }
    }

    /// Every method and path.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// To serve.
    pub fn router(self) -> Router<S> {
        self.router
    }
}
