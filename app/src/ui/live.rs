//! What changes while one looks: the latest that the stream said of each environment, as `frame.js` passes it on.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{browser, notices};
use crate::api::ApiError;
use crate::api::json;
use crate::api::live::{Change, merge};
use model::environment::Environment;
use model::filter::Group;
use model::name::TeamName;

#[derive(Debug, Clone, Copy, Default)]
pub struct Live {
    /// The latest of each environment that changed, with the round it came in; the newest comers last.
    environments: RwSignal<Vec<(u32, Environment)>>,
    /// How often one of them came into another group of states.
    moves: RwSignal<u64>,
    round: RwSignal<u32>,
}

/// Milliseconds between a question's answer and the same question again.
const PAUSE: u32 = 300;

impl Live {
    /// Begins to listen.
    pub fn open(self) {
        browser::hear("change", move |text| self.take(json::read(&text).unwrap_or(Change::Missed)));
        // What happened before the stream was there, nobody told.
        browser::hear("open", move |_| self.ask_again());
        browser::tell("awake", &[]);
    }

    fn take(self, change: Change) {
        match change {
            Change::Environment(environment) => self.take_environment(*environment),
            // The frame's own.
            Change::Host(_) => {}
            Change::Missed => self.ask_again(),
        }
    }

    pub fn take_environment(self, changed: Environment) {
        let round = self.round.get_untracked();
        let mut moved = true;
        self.environments.update(|known| match known.iter_mut().find(|(_, known)| known.id == changed.id) {
            Some((_, known)) if known.revision > changed.revision => moved = false,
            Some(known) => {
                moved = Group::of(known.1.state) != Group::of(changed.state);
                *known = (round, changed);
            }
            None => known.push((round, changed)),
        });
        if moved {
            self.moves.update(|count| *count += 1);
        }
    }

    /// A number that grows when one comes, goes, or comes into another group of states: then what is counted has changed.
    #[must_use]
    pub fn moves(self) -> u64 {
        self.moves.get()
    }

    /// Begins another round: every island asks for what it shows again.
    pub fn ask_again(self) {
        self.round.update(|round| *round = round.wrapping_add(1));
    }

    /// Asks again in each further round, and whenever what `also` reads changes. An answer comes with its round. One
    /// question is under way at a time, so that an older answer never follows a newer one; what changes meanwhile is one
    /// question more.
    pub fn follow<T, A, F>(self, also: impl Fn() -> u64 + 'static, ask: A, answered: Callback<(u32, T)>)
    where
        T: 'static,
        A: Fn() -> F + 'static,
        F: Future<Output = Result<T, ApiError>> + 'static,
    {
        let (ask, waiting) = (Rc::new(ask), Rc::new(Waiting::default()));
        Effect::new(move |before: Option<(u32, u64)>| {
            let now = (self.round.get(), also());
            if before.is_some_and(|before| before != now) && waiting.begins() {
                let (ask, waiting) = (Rc::clone(&ask), Rc::clone(&waiting));
                spawn_local(async move {
                    while waiting.goes_on() {
                        let round = self.round.get_untracked();
                        let answer = ask().await;
                        notices::stale(answer.as_ref().err());
                        if let Ok(answer) = answer {
                            answered.run((round, answer));
                        }
                        browser::pause(PAUSE).await;
                    }
                });
            }
            now
        });
    }

    /// A number that grows with each change to an environment; 0 while there was none.
    #[must_use]
    pub fn revision(self, id: &str) -> u64 {
        let of = |known: &&(u32, Environment)| known.1.id.as_str() == id;
        self.environments.with(|known| known.iter().find(of).map_or(0, |(_, environment)| environment.revision))
    }

    /// A number that grows with each change to a team's environments, or to any.
    #[must_use]
    pub fn changes_of(self, team: Option<&TeamName>) -> u64 {
        let of_team = |of: &&(u32, Environment)| team.is_none_or(|team| *team == of.1.team);
        self.environments.with(|known| known.iter().filter(of_team).map(|(_, changed)| changed.revision).sum())
    }

    /// The latest of an environment: `known`, or what came after it.
    #[must_use]
    pub fn latest(self, known: Environment) -> Environment {
        let newer = |of: &&(u32, Environment)| of.1.id == known.id && of.1.revision >= known.revision;
        self.environments.with(|changes| changes.iter().find(newer).map(|(_, at)| at.clone())).unwrap_or(known)
    }

    /// A page of a list that was asked for in `round`, with what has changed since. What is not on it comes only if it `belongs`
    /// at its top.
    #[must_use]
    pub fn merged(
        self,
        round: u32,
        mut list: Vec<Environment>,
        belongs: impl Fn(&Environment) -> bool,
    ) -> Vec<Environment> {
        let newest = list.first().map(|newest| newest.id.clone());
        self.environments.with(|changes| {
            for (_, changed) in changes.iter().filter(|(at, _)| *at >= round) {
                let is_newer = newest.as_ref().is_none_or(|newest| changed.id > *newest);
                if (is_newer && belongs(changed)) || list.iter().any(|known| known.id == changed.id) {
                    merge(&mut list, changed);
                }
            }
        });
        list
    }
}

/// Questions that are the same: the one under way, and whether it is to be asked once more.
#[derive(Debug, Default)]
struct Waiting {
    under_way: Cell<bool>,
    asked: Cell<bool>,
}

impl Waiting {
    /// Wants an answer of now; whether nobody is asking yet.
    fn begins(&self) -> bool {
        self.asked.set(true);
        !self.under_way.replace(true)
    }

    /// Takes what is wanted; ends where nothing is.
    fn goes_on(&self) -> bool {
        let asked = self.asked.replace(false);
        self.under_way.set(asked);
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_while_a_question_is_under_way_is_asked_once_more_and_no_oftener() {
        let waiting = Waiting::default();
        assert!(waiting.begins());
        assert!(waiting.goes_on(), "the first question");
        assert!(!waiting.begins() && !waiting.begins(), "one at a time");
        assert!(waiting.goes_on(), "once more for both");
        assert!(!waiting.goes_on(), "nothing has changed since");
        assert!(waiting.begins(), "and from the start again");
    }
}
