//! One history: scenes that a seed chooses, and after each a look whether everything that must hold does.

use std::path::Path;
use std::time::Duration;

use app::api::environments::LaunchAsk;
use model::access::TeamRole;
use model::environment::Operation;
use model::name::TeamName;

use super::chance::Chance;
use super::invariants;
use super::theatre::Theatre;
use crate::tests::stand_in::{Call, End, Mood};

/// How many scenes a history has.
const SCENES: usize = 60;

pub struct History {
    /// What happened, in words.
    pub scenes: Vec<String>,
    pub outcome: Result<(), String>,
}

struct Play {
    theatre: Theatre,
    chance: Chance,
    /// Which engine is away.
    away: Option<usize>,
    scenes: Vec<String>,
}

impl History {
    pub async fn of(seed: u64, template: &Path) -> Self {
        let theatre = Theatre::open(template).await;
        let mut play = Play { theatre, chance: Chance::new(seed), away: None, scenes: Vec::new() };
        let outcome = play.perform().await;
        play.theatre.service.cut_off();
        play.theatre.quiet().await;
        play.theatre.store.close().await;
        Self { scenes: play.scenes, outcome }
    }
}

impl Play {
    async fn perform(&mut self) -> Result<(), String> {
        for _ in 0..SCENES {
            let scene = self.scene().await;
            self.theatre.quiet().await;
            self.scenes.push(scene);
            let answers = self.theatre.answers();
            self.scenes.extend(answers.into_iter().map(|answer| format!("    {answer}")));
            if self.theatre.store.border.has_stopped() {
                self.scenes.push("    … and is killed as it is about to write".to_owned());
                self.theatre.kill().await;
                self.away_again();
            }
            invariants::always(&self.theatre).await?;
        }
        self.theatre.come_to_rest().await;
        self.tell_rows().await;
        invariants::at_rest(&self.theatre).await?;
        self.a_look_costs_one_list().await?;
        self.everything_can_be_removed().await
    }

    async fn scene(&mut self) -> String {
        match self.chance.below(100) {
            // Not for long: little happens meanwhile.
            0..30 if self.away.is_some() => self.engine(),
            0..14 => self.launch(),
            14..30 => self.operate().await,
            30..66 => self.answer(),
            66..76 => self.pass().await,
            76..82 => self.timer(),
            82..86 => self.misfortune(),
            86..88 => self.engine(),
            88..90 => self.role(),
            90..92 => self.clock(),
            92..95 => {
                self.theatre.kill().await;
                self.away_again();
                "the server is killed and starts again".to_owned()
            }
            95..98 => {
                let others = self.chance.below(4);
                self.theatre.store.border.stop_after(others);
                format!("the server will be killed as it is about to write, after {others} others")
            }
            _ => {
                self.theatre.store.border.fail(1 + self.chance.below(3));
                "the disk of the server is full for a moment".to_owned()
            }
        }
    }

    fn launch(&mut self) -> String {
        let person = self.chance.below(3);
        let team = if person == 2 { "green" } else { "blue" };
        let template = *self.chance.one_of(&["box", "box", "checked", "exits", "far"]);
        let ask = LaunchAsk {
            team: TeamName::parse(team).expect("a name"),
            template: template.parse().expect("a name"),
            size: (template == "box" && self.chance.once_in(2)).then(|| "l".parse().expect("a name")),
            name: None,
            lifetime: None,
            variables: Default::default(),
            idempotency_key: self.chance.once_in(4).then(|| format!("key-{}", self.chance.below(3))),
        };
        self.theatre.launch(person, ask);
        format!("somebody of {team} launches {template}")
    }

    async fn operate(&mut self) -> String {
        let rows = self.theatre.rows().await;
        if rows.is_empty() {
            return "nobody has anything".to_owned();
        }
        let row = self.chance.one_of(&rows).environment.clone();
        let person = *self.chance.one_of(&[0, 1, 2, 3, 3]);
        let operation = *self.chance.one_of(&Operation::ALL);
        self.theatre.operate(person, &row, operation);
        format!("{} ({}), person {person}: {}", row.name, row.state, operation.as_str())
    }

    /// The engine does one of the things that it was asked for, or does it badly.
    fn answer(&mut self) -> String {
        let waiting = self.theatre.desk.waiting();
        if waiting.is_empty() {
            return "nothing is asked of the engine".to_owned();
        }
        let at = self.chance.below(waiting.len());
        let (call, what) = &waiting[at];
        let what = format!("{call:?} {}", what.trim_start_matches('0'));
        let (mood, how) = match self.chance.below(24) {
            0 => (Mood::refuse(500, "the engine is not well"), "refused"),
            1 => (Mood::LoseAnswer, "done, and the answer lost"),
            2 => (Mood::HalfAnswer, "done, and half the answer lost"),
            3 if *call == Call::Pull => (Mood::FailMidway("the registry hung up".to_owned()), "failed midway"),
            3 => (Mood::Nonsense, "answered with nonsense"),
            4 if matches!(call, Call::Create | Call::Start | Call::Pull) => {
                (Mood::refuse(500, "write /x: no space left on device"), "refused for want of space")
            }
            _ => (Mood::Well, "done"),
        };
        self.theatre.desk.say(at, mood);
        format!("{what}: {how}")
    }

    async fn pass(&mut self) -> String {
        let seconds = *self.chance.one_of(&[1, 1, 1, 5, 20, 20, 130, 400, 1000]);
        self.theatre.pass(Duration::from_secs(seconds)).await;
        format!("{seconds} s pass")
    }

    fn timer(&mut self) -> String {
        let which = self.chance.below(3);
        self.theatre.timer(which).to_owned()
    }

    /// Something happens to a container without our doing.
    fn misfortune(&mut self) -> String {
        let containers = self.theatre.states();
        let Some((id, _, state)) = (!containers.is_empty()).then(|| self.chance.one_of(&containers)) else {
            return "there is no container".to_owned();
        };
        let shown = id.trim_start_matches('0');
        match (self.chance.below(5), state.as_str()) {
            (0, "running") => {
                self.theatre.engine_of(id).end(id, End::Exited(0));
                format!("container {shown} ends well")
            }
            (1, "running") => {
                self.theatre.engine_of(id).end(id, End::OutOfMemory);
                format!("container {shown} has no memory left")
            }
            (2, _) => {
                self.theatre.engine_of(id).lose(id);
                format!("somebody removes container {shown}")
            }
            (_, _) => {
                self.theatre.engine_of(id).health(id, "healthy");
                format!("container {shown} is healthy")
            }
        }
    }

    fn engine(&mut self) -> String {
        match self.away.take() {
            Some(which) => {
                self.theatre.engines[which].reopen();
                format!("engine {which} is there again")
            }
            None => {
                let which = self.chance.below(2);
                self.away = Some(which);
                self.theatre.engines[which].shut();
                format!("engine {which} goes away")
            }
        }
    }

    fn away_again(&mut self) {
        if let Some(which) = self.away {
            self.theatre.engines[which].shut();
        }
    }

    /// Somebody becomes something else in the team, or nothing.
    fn role(&mut self) -> String {
        let person = self.chance.below(2);
        let blue = TeamName::parse("blue").expect("a name");
        let role = *self.chance.one_of(&[None, Some(TeamRole::Member), Some(TeamRole::Lead)]);
        let actor = &mut self.theatre.people[person];
        actor.teams.remove(&blue);
        actor.teams.extend(role.map(|role| (blue, role)));
        format!("{} is {role:?} of blue now", actor.name)
    }

    fn clock(&mut self) -> String {
        let hours = *self.chance.one_of(&[-30, -1, 1, 3, 30]);
        self.theatre.jump(hours * 3_600_000);
        format!("the clock jumps by {hours} h")
    }

    async fn tell_rows(&mut self) {
        self.scenes.push("at rest:".to_owned());
        for row in self.theatre.rows().await {
            let e = &row.environment;
            self.scenes.push(format!("    {} {} {} {:?}", e.name, e.state, e.revision, e.reason));
        }
    }

    /// Where everything agrees, a look asks for one list and about nothing else.
    async fn a_look_costs_one_list(&mut self) -> Result<(), String> {
        let calls = |theatre: &Theatre| {
            [Call::List, Call::Inspect, Call::Stop, Call::Remove].map(|call| theatre.calls_of(call))
        };
        let [lists, rest @ ..] = calls(&self.theatre);
        self.theatre.timer(0);
        self.theatre.settle_calls().await;
        let [lists_after, rest_after @ ..] = calls(&self.theatre);
        if (lists_after, rest_after) == (lists + self.theatre.engines.len(), rest) {
            return Ok(());
        }
        let hosts = self.theatre.service.known_hosts();
        let before = (lists, rest);
        Err(format!(
            "a look at what agrees asks each for one list, and not {before:?} {lists_after} {rest_after:?} {hosts:?}"
        ))
    }

    async fn everything_can_be_removed(&mut self) -> Result<(), String> {
        for row in self.theatre.rows().await {
            self.theatre.operate(3, &row.environment, Operation::Remove);
            self.theatre.settle_calls().await;
        }
        self.theatre.come_to_rest().await;
        let (rows, containers) = (self.theatre.rows().await, self.theatre.states());
        if rows.is_empty() && containers.is_empty() {
            return Ok(());
        }
        let answers = self.theatre.answers();
        Err(format!("after all was removed there are {rows:?} and {containers:?}: {answers:?}"))
    }
}
