//! Bringing an image to the host: once at a time for all who wait for it, with its progress told to each of them.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use bollard::models::CreateImageInfo;
use futures::future::{BoxFuture, FutureExt, Shared, WeakShared};
use model::activity::Progress;
use model::text::clean;
use tokio::sync::watch;

use super::container::ImageId;
use super::error::EngineError;

/// Most layers that are told apart: the engine takes no image of more.
const LAYERS_MAX: usize = 128;

/// How far a pull has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullProgress {
    /// In the order in which the engine named them.
    pub layers: Vec<Layer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The short id that the engine gives it.
    pub id: String,
    pub step: LayerStep,
    /// Bytes done of the step, and of how many where that is known.
    pub current: u64,
    pub total: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerStep {
    Waiting,
    Downloading,
    Extracting,
    Done,
}

impl PullProgress {
    /// Layers that are complete, of how many.
    #[must_use]
    pub fn done(&self) -> Progress {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let done = self.layers.iter().filter(|layer| layer.step == LayerStep::Done).count();
        Progress { done: count(done), total: count(self.layers.len()) }
    }

    /// Takes in a line of the engine's; tells whether it changed anything.
    fn note(&mut self, line: &CreateImageInfo) -> bool {
        let (Some(id), Some(status)) = (&line.id, &line.status) else { return false };
        let Some(step) = LayerStep::parse(status) else { return false };
        let detail = line.progress_detail.as_ref();
        let amount = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
        let current = amount(detail.and_then(|detail| detail.current)).unwrap_or(0);
        let layer = Layer { id: clean(id, 64), step, current, total: amount(detail.and_then(|detail| detail.total)) };
        match self.layers.iter().position(|known| known.id == layer.id) {
            Some(at) if self.layers[at] == layer => return false,
            Some(at) => self.layers[at] = layer,
            None if self.layers.len() == LAYERS_MAX => return false,
            None => self.layers.push(layer),
        }
        true
    }
}

impl LayerStep {
    /// `None` for what the engine says of the image as a whole.
    fn parse(status: &str) -> Option<Self> {
        match status {
            "Pulling fs layer" | "Waiting" => Some(Self::Waiting),
            "Downloading" | "Verifying Checksum" | "Download complete" => Some(Self::Downloading),
            "Extracting" => Some(Self::Extracting),
            "Pull complete" | "Already exists" => Some(Self::Done),
            _ => None,
        }
    }
}

type Outcome = Result<ImageId, EngineError>;
type Flight = Shared<BoxFuture<'static, Outcome>>;

/// The pulls under way, by what is pulled. Each lives as long as somebody waits for it.
#[derive(Default)]
pub(super) struct Pulls {
    under_way: Mutex<HashMap<String, UnderWay>>,
}

struct UnderWay {
    flight: WeakShared<BoxFuture<'static, Outcome>>,
    told: watch::Receiver<PullProgress>,
}

impl Pulls {
    /// Joins the pull of `reference` or begins it, and waits for its end. `begin` gets what progress is told to.
    pub(super) async fn join<F>(
        &self,
        reference: &str,
        progress: impl Fn(PullProgress) + Send,
        begin: impl FnOnce(Teller) -> F,
    ) -> Outcome
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (flight, mut told) = self.flight(reference, begin);
        let mut flight = pin!(flight);
        let mut telling = true;
        loop {
            tokio::select! {
                biased;
                changed = told.changed(), if telling => match changed {
                    Ok(()) => progress(told.borrow_and_update().clone()),
                    Err(_) => telling = false,
                },
                outcome = &mut flight => return outcome,
            }
        }
    }

    fn flight<F>(&self, reference: &str, begin: impl FnOnce(Teller) -> F) -> (Flight, watch::Receiver<PullProgress>)
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|_, pull| pull.flight.upgrade().is_some_and(|flight| flight.peek().is_none()));
        if let Some(UnderWay { flight, told }) = under_way.get(reference)
            && let Some(flight) = flight.upgrade()
        {
            return (flight, told.clone());
        }
        let (tell, told) = watch::channel(PullProgress::default());
        let flight = begin(Teller(tell)).boxed().shared();
        if let Some(flight) = flight.downgrade() {
            under_way.insert(reference.to_owned(), UnderWay { flight, told: told.clone() });
        }
        (flight, told)
    }
}

/// Tells everybody who waits for a pull how far it has come.
pub(super) struct Teller(watch::Sender<PullProgress>);

impl Teller {
    pub(super) fn tell(&self, line: &CreateImageInfo) {
        self.0.send_if_modified(|progress| progress.note(line));
    }
}

/// What to ask the engine for: a reference without a tag or digest would bring every tag there is.
pub(super) fn with_tag(reference: &str) -> String {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    if last.contains([':', '@']) { reference.to_owned() } else { format!("{reference}:latest") }
}

/// Whether this can be an image's name, so that it may stand in a path.
pub(super) fn is_reference(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@');
    let part = |part: &str| part.starts_with(|c: char| c.is_ascii_alphanumeric());
    (1..=255).contains(&text.len()) && text.chars().all(allowed) && text.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::oneshot;

    fn line(text: &str) -> CreateImageInfo {
        serde_json::from_str(text).expect("a line of the engine's")
    }

    #[test]
    fn progress_is_kept_for_each_layer() {
        let mut progress = PullProgress::default();
        let changed: Vec<bool> = [
            r#"{"status":"Pulling from library/web","id":"1"}"#,
            r#"{"status":"Pulling fs layer","id":"aa","progressDetail":{}}"#,
            r#"{"status":"Already exists","id":"bb","progressDetail":{}}"#,
            r#"{"status":"Downloading","id":"aa","progressDetail":{"current":10,"total":90}}"#,
            r#"{"status":"Downloading","id":"aa","progressDetail":{"current":10,"total":90}}"#,
            r#"{"status":"Polishing","id":"aa"}"#,
            r#"{"status":"Digest: sha256:00"}"#,
        ]
        .map(|text| progress.note(&line(text)))
        .into();
        assert_eq!(changed, [false, true, true, true, false, false, false]);
        let layer = |id: &str, step, current, total| Layer { id: id.to_owned(), step, current, total };
        let expected = [layer("aa", LayerStep::Downloading, 10, Some(90)), layer("bb", LayerStep::Done, 0, None)];
        assert_eq!(
            (progress.layers.as_slice(), progress.done()),
            (expected.as_slice(), Progress { done: 1, total: 2 })
        );
    }

    #[test]
    fn an_engine_that_names_layers_for_ever_fills_no_memory() {
        let mut progress = PullProgress::default();
        for id in 0..10_000 {
            progress.note(&line(&format!(r#"{{"status":"Waiting","id":"{id}"}}"#)));
        }
        assert_eq!(progress.layers.len(), LAYERS_MAX);
    }

    #[test]
    fn only_one_tag_is_ever_asked_for() {
        for (reference, asked) in [
            ("web", "web:latest"),
            ("host:5000/team/web", "host:5000/team/web:latest"),
            ("host:5000/team/web:1", "host:5000/team/web:1"),
            ("web@sha256:00", "web@sha256:00"),
        ] {
            assert_eq!(with_tag(reference), asked);
        }
    }

    #[test]
    fn a_reference_cannot_lead_to_another_path() {
        for good in ["web", "berth/web:1", "host.example:5000/a/b@sha256:00"] {
            assert!(is_reference(good), "{good}");
        }
        for bad in ["", "../containers", "a/../b", "/a", "a//b", "a b", "a?b", "a%2e", "a#b", &"a".repeat(256)] {
            assert!(!is_reference(bad), "{bad}");
        }
    }

    /// Waits for a pull that ends when `finish` is used, and counts how many were begun and how often progress was told.
    async fn wait(
        pulls: &Pulls,
        begun: &AtomicUsize,
        told: &AtomicUsize,
        finish: oneshot::Receiver<Outcome>,
    ) -> Outcome {
        let progress = |_| {
            told.fetch_add(1, Ordering::SeqCst);
        };
        let begin = |teller: Teller| {
            begun.fetch_add(1, Ordering::SeqCst);
            async move {
                teller.tell(&line(r#"{"status":"Downloading","id":"aa"}"#));
                finish.await.expect("a pull's end")
            }
        };
        pulls.join("web:1", progress, begin).await
    }

    #[tokio::test]
    async fn everybody_who_waits_gets_the_progress_and_the_result_of_one_pull() {
        let (pulls, begun, told) = (Pulls::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let image = ImageId::parse(&format!("sha256:{}", "a".repeat(64))).expect("an id");
        let (finish, finished) = oneshot::channel();
        let (_unused, never) = oneshot::channel();
        let ending = async {
            while told.load(Ordering::SeqCst) < 2 {
                tokio::task::yield_now().await;
            }
            finish.send(Ok(image.clone())).expect("somebody waits");
        };
        let (first, second, ()) =
            tokio::join!(wait(&pulls, &begun, &told, finished), wait(&pulls, &begun, &told, never), ending);
        assert_eq!((first, second), (Ok(image.clone()), Ok(image)));
        assert_eq!((begun.load(Ordering::SeqCst), told.load(Ordering::SeqCst)), (1, 2));
    }

    #[tokio::test]
    async fn a_pull_goes_on_while_somebody_waits_and_ends_with_the_last() {
        let (pulls, begun, told) = (Pulls::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let (finish, finished) = oneshot::channel();
        let (_unused, never) = oneshot::channel();
        let mut first = Box::pin(wait(&pulls, &begun, &told, finished));
        let mut second = Box::pin(wait(&pulls, &begun, &told, never));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(futures::poll!(&mut second).is_pending() && !finish.is_closed());
        drop(second);
        assert!(finish.is_closed());
    }

    #[tokio::test]
    async fn who_asks_after_the_end_does_not_get_the_result_of_before() {
        let (pulls, begun, told) = (Pulls::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let (finish, finished) = oneshot::channel();
        let (_unused, never) = oneshot::channel();
        // Waits for the same pull, and is slow to take its result.
        let mut slow = Box::pin(wait(&pulls, &begun, &told, finished));
        assert!(futures::poll!(&mut slow).is_pending());
        finish.send(Err(EngineError::NoSpace)).expect("a receiver");
        assert_eq!(wait(&pulls, &begun, &told, never).await, Err(EngineError::NoSpace));
        let (_unused, never) = oneshot::channel();
        assert!(futures::poll!(Box::pin(wait(&pulls, &begun, &told, never))).is_pending());
        assert_eq!(slow.await, Err(EngineError::NoSpace));
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_pull_that_failed_is_tried_again_by_the_next_who_asks() {
        let (pulls, begun, told) = (Pulls::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        for _ in 0..2 {
            let (finish, finished) = oneshot::channel();
            finish.send(Err(EngineError::NoSpace)).expect("a receiver");
            assert_eq!(wait(&pulls, &begun, &told, finished).await, Err(EngineError::NoSpace));
        }
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    }
}
