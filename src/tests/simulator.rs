//! Random histories of the whole service, each from a seed that replays it: whatever happens, what must hold does.
//!
//! `BERTH_SIM_SEED=… cargo test simulator::replay -- --ignored --nocapture` plays one history and tells each scene.

mod catalogue_of_kills;
mod chance;
mod history;
mod invariants;
mod theatre;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tokio::runtime::{Builder, Runtime};

use self::history::History;

/// Time passes when the play says so; the theatre sees to it that it does not by itself.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Plays the histories of these seeds; the first that breaks something is told whole.
fn play(seeds: impl Iterator<Item = u64>) {
    let folder = tempfile::tempdir().expect("a folder");
    let template = theatre::template(folder.path());
    for seed in seeds {
        let History { scenes, outcome } = one(seed, &template);
        if let Err(broken) = outcome {
            let scenes = scenes.join("\n");
            panic!("{scenes}\n{broken}\nBERTH_SIM_SEED={seed} replays this");
        }
    }
}

fn one(seed: u64, template: &Path) -> History {
    let played = catch_unwind(AssertUnwindSafe(|| runtime().block_on(History::of(seed, template))));
    played.unwrap_or_else(|_| panic!("BERTH_SIM_SEED={seed} replays this"))
}

#[test]
fn whatever_happens_what_must_hold_does_1() {
    play(0..25);
}

#[test]
fn whatever_happens_what_must_hold_does_2() {
    play(25..50);
}

#[test]
fn whatever_happens_what_must_hold_does_3() {
    play(50..75);
}

#[test]
fn whatever_happens_what_must_hold_does_4() {
    play(75..100);
}

#[test]
fn whatever_happens_what_must_hold_does_5() {
    play(100..125);
}

#[test]
fn whatever_happens_what_must_hold_does_6() {
    play(125..150);
}

#[test]
fn whatever_happens_what_must_hold_does_7() {
    play(150..175);
}

#[test]
fn whatever_happens_what_must_hold_does_8() {
    play(175..200);
}

#[test]
fn a_seed_replays_its_history_exactly() {
    let folder = tempfile::tempdir().expect("a folder");
    let template = theatre::template(folder.path());
    for seed in [3, 7, 11] {
        let (first, second) = (one(seed, &template), one(seed, &template));
        assert_eq!(first.scenes, second.scenes, "{seed}");
    }
}

#[test]
#[ignore = "for one seed"]
fn replay() {
    let seed = number("BERTH_SIM_SEED").expect("BERTH_SIM_SEED");
    let folder = tempfile::tempdir().expect("a folder");
    let template = theatre::template(folder.path());
    let history = one(seed, &template);
    println!("{}\n{:?}", history.scenes.join("\n"), history.outcome);
}

#[test]
#[ignore = "takes many minutes: make soak"]
fn soak() {
    let (first, count) = (number("BERTH_SIM_FIRST").unwrap_or(0), number("BERTH_SIM_HISTORIES").unwrap_or(10_000));
    play(first..first + count);
    println!("{count} histories from seed {first} on: nothing broken");
}
