//! Views of one type, built once: what keeps the browser's bundle small.
//!
//! A view of Leptos is a type of its own, and each type brings code to be built, hydrated, hydrated lazily, and compared
//! with its next value. Nothing here is hydrated lazily (no route is loaded apart), and what a component returns is not
//! compared: signals change it in place, and where it is returned anew it replaces what was there. Leaving out the two
//! takes a third off the bundle.

use leptos::prelude::*;
use leptos::tachys::html::attribute::Attribute;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::{Position, PositionState};

/// Ends a component's view.
pub trait Seal: RenderHtml + Sized {
    fn seal(self) -> AnyView {
        Sealed(self).into_any()
    }
}

impl<V: RenderHtml> Seal for V {}

struct Sealed<V>(V);

impl<V: Render> Render for Sealed<V> {
    type State = V::State;

    fn build(self) -> V::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut V::State) {
        let mut fresh = self.0.build();
        state.insert_before_this(&mut fresh);
        state.unmount();
        *state = fresh;
    }
}

impl<V: RenderHtml> RenderHtml for Sealed<V> {
    type AsyncOutput = V::AsyncOutput;
    type Owned = Sealed<V::Owned>;

    const MIN_LENGTH: usize = V::MIN_LENGTH;
    const EXISTS: bool = V::EXISTS;

    fn dry_resolve(&mut self) {
        self.0.dry_resolve();
    }

    async fn resolve(self) -> V::AsyncOutput {
        self.0.resolve().await
    }

    fn html_len(&self) -> usize {
        self.0.html_len()
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0.to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0.to_html_async_with_buf::<OUT_OF_ORDER>(buf, position, escape, mark_branches, extra_attrs);
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> V::State {
        self.0.hydrate::<FROM_SERVER>(cursor, position)
    }

    fn into_owned(self) -> Self::Owned {
        Sealed(self.0.into_owned())
    }
}

impl<V: RenderHtml> AddAnyAttr for Sealed<V> {
    type Output<A: Attribute> = Sealed<V::Output<A>>;

    fn add_any_attr<A: Attribute>(self, attr: A) -> Self::Output<A>
    where
        Self::Output<A>: RenderHtml,
    {
        Sealed(self.0.add_any_attr(attr))
    }
}
