//! What changes while somebody looks.

use futures::stream::BoxStream;

use crate::api::live::Change;
use model::access::Actor;

pub trait Live: Send + Sync {
    /// All changes from now on, of everybody: whoever passes one on asks [`Live::may_see`] first.
    fn changes(&self) -> BoxStream<'static, Change>;

    /// Whether a change is the actor's to see.
    fn may_see(&self, actor: &Actor, change: &Change) -> bool;
}
