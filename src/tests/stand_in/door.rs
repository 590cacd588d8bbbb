//! The socket: who comes in is answered until the door is shut on everybody.

use std::path::Path;
use std::sync::{Arc, Mutex};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::UnixListener;
use tokio::task::{JoinHandle, JoinSet};

use super::answers;
use super::mood::Book;
use super::world::World;

#[derive(Default)]
pub(super) struct Door {
    porter: Mutex<Option<JoinHandle<()>>>,
}

impl Door {
    pub(super) fn open(&self, socket: &Path, world: Arc<World>, book: Arc<Book>) {
        let listener = UnixListener::bind(socket).expect("a free path for the socket");
        let porter = tokio::spawn(let_in(listener, world, book));
        assert!(self.porter().replace(porter).is_none(), "it listens already");
    }

    /// Ends once every connection is closed.
    pub(super) async fn shut(&self) {
        let porter = self.porter().take().expect("it listens");
        porter.abort();
        assert!(porter.await.is_err_and(|ended| ended.is_cancelled()), "the porter stays until he is sent away");
    }

    fn porter(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.porter.lock().expect("nobody panics with it")
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(porter) = self.porter().take() {
            porter.abort();
        }
    }
}

async fn let_in(listener: UnixListener, world: Arc<World>, book: Arc<Book>) {
    let mut guests = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => drop(guests.spawn(serve(stream, world.clone(), book.clone()))),
            Some(_) = guests.join_next() => {}
        }
    }
}

/// The same without a socket: who comes in is given one end of a pipe.
#[derive(Default)]
pub(super) struct Hatch {
    guests: Mutex<Option<JoinSet<()>>>,
}

impl Hatch {
    pub(super) fn open(&self) {
        self.guests().get_or_insert_default();
    }

    /// Everybody is shown out.
    pub(super) fn shut(&self) {
        self.guests().take();
    }

    pub(super) fn let_in(&self, world: &Arc<World>, book: &Arc<Book>) -> Option<DuplexStream> {
        let mut guests = self.guests();
        let guests = guests.as_mut()?;
        while guests.try_join_next().is_some() {}
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        guests.spawn(serve(ours, world.clone(), book.clone()));
        Some(theirs)
    }

    fn guests(&self) -> std::sync::MutexGuard<'_, Option<JoinSet<()>>> {
        self.guests.lock().expect("nobody panics with it")
    }
}

async fn serve<S>(stream: S, world: Arc<World>, book: Arc<Book>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let (world, book) = (world.clone(), book.clone());
        async move { answers::answer(&world, &book, request).await }
    });
    // A connection that breaks is part of the play.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await);
}
