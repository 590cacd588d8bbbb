//! Where a test stops whoever is about to write, or makes the write fail: the border between the service and the database.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};

use super::StoreError;

/// Every write transaction crosses it. Clones are the same border.
#[derive(Debug, Clone, Default)]
pub struct Border(Arc<Mutex<Post>>);

#[derive(Debug, Default)]
struct Post {
    crossed: usize,
    stops: Option<usize>,
    stopped: bool,
    fails: usize,
}

impl Border {
    /// Whoever comes after so many others stays there for ever: a kill at that point finds them there.
    pub fn stop_after(&self, others: usize) {
        let mut post = self.post();
        post.stops = Some(others);
        post.stopped = false;
    }

    /// Lets everybody through who comes from now on.
    pub fn open(&self) {
        let mut post = self.post();
        post.stops = None;
        post.stopped = false;
        post.fails = 0;
    }

    /// The next ones are told that the disk is full.
    pub fn fail(&self, count: usize) {
        self.post().fails = count;
    }

    /// Whether somebody has been stopped.
    pub fn has_stopped(&self) -> bool {
        self.post().stopped
    }

    /// How many have come.
    pub fn crossed(&self) -> usize {
        self.post().crossed
    }

    pub(super) async fn cross(&self) -> Result<(), StoreError> {
        let stop = {
            let mut post = self.post();
            post.crossed += 1;
            if post.fails > 0 {
                post.fails -= 1;
                return Err(StoreError::Full);
            }
            match post.stops {
                Some(0) => {
                    post.stopped = true;
                    true
                }
                Some(others) => {
                    post.stops = Some(others - 1);
                    false
                }
                None => false,
            }
        };
        if stop { pending().await } else { Ok(()) }
    }

    fn post(&self) -> MutexGuard<'_, Post> {
        self.0.lock().expect("nobody panics with it")
    }
}
