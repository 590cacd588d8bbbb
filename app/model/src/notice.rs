//! What an environment's page says of its clocks: what is near, what happens then, and what can be done about it.

use super::environment::{Environment, EnvironmentDetail, State};
use super::lifetime::{Due, How};
use super::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whether it is a warning, or only to be known.
    pub warns: bool,
    pub title: String,
    pub more: String,
}

impl EnvironmentDetail {
    /// `environment` is its latest, which may be newer than what else is known.
    #[must_use]
    pub fn notice(&self, environment: &Environment, now: Timestamp) -> Option<Notice> {
        let ending = environment.clocks()?.ending();
        let warns = environment.warning(now).is_some();
        let of = |title: String, more: String| Some(Notice { warns, title, more });
        let near = format!("It {}.", ending.words(now));
        match (environment.due(now), ending.how) {
            (Some(Due::Expiry { .. }), _) => of("Its lifetime ended.".to_owned(), "It is being stopped.".to_owned()),
            (Some(Due::Removal | Due::LateRemoval), _) => {
                of("It was kept for its time.".to_owned(), "It is about to be removed.".to_owned())
            }
            (_, How::Removal) => of(self.after_reason(environment, &near), self.how_to_keep()),
            (_, How::Idle) if environment.idle.is_some_and(|idle| idle.is_blind(now)) => Some(Notice {
                warns: false,
                title: "Its use cannot be seen now.".to_owned(),
                more: "The engine tells nothing of it. As long as that is so, idleness does not stop it.".to_owned(),
            }),
            (_, How::Idle) if warns => of(near, self.what_counts(environment, now)),
            (_, How::Expiry) if warns => of(near, self.then(environment, now)),
            (_, How::Idle | How::Expiry) => None,
        }
    }

    /// Why it was stopped stands before what comes next; why it failed has its own place.
    fn after_reason(&self, environment: &Environment, next: &str) -> String {
        match &environment.reason {
            Some(reason) if environment.state == State::Stopped => format!("{reason} {next}"),
            _ => next.to_owned(),
        }
    }

    fn how_to_keep(&self) -> String {
        let grace = self.grace.words();
        format!("To keep it, start it again. Or extend it: then it is kept for another {grace} as it is.")
    }

    /// Of the idle clock: what was the last activity, and what would be one.
    fn what_counts(&self, environment: &Environment, now: Timestamp) -> String {
        let last = environment.idle.map(|idle| idle.last_activity);
        let last = last.map(|last| format!("Last activity: {}, {}. ", last.kind.words(), last.at.seen_from(now)));
        let counts = self.idle.map(|rule| format!("What counts is {rule}; looking at this page does not."));
        format!("{}{}", last.unwrap_or_default(), counts.unwrap_or_default())
    }

    /// After an expiry.
    fn then(&self, environment: &Environment, now: Timestamp) -> String {
        let latest = self.latest();
        let further = if latest > environment.expires_at {
            format!("Extend it to keep it running, by at most {} more.", latest.since(now).words())
        } else {
            let (whose, maximum) = (self.allowance.whose, self.allowance.maximum.words());
            format!("It cannot be extended further: {whose} allows {maximum} in all.")
        };
        format!("Then it stops, and is kept for {} before it is removed. {further}", self.grace.words())
    }
}

#[cfg(test)]
mod tests {
    use super::super::environment::sample;
    use super::super::idle::{IdleRule, Watch};
    use super::super::lifetime::{Lifetime, TeamLifetime};
    use super::super::units::{Memory, MilliCpu, Span};
    use super::*;

    const RULE: IdleRule =
        IdleRule { after: Span::hours(2), network_per_minute: Memory::bytes(16 << 10), cpus: MilliCpu::new(20) };

    /// Eight hours from its launch, of a team that gives `team` hours at most.
    fn detail(state: State, team: Option<u64>) -> EnvironmentDetail {
        let lifetime = Lifetime { default: Span::hours(8), maximum: Span::hours(24) };
        EnvironmentDetail {
            environment: sample("checkout", state),
            steps: Vec::new(),
            variables: Default::default(),
            container: None,
            allowance: lifetime.within(TeamLifetime { maximum: team.map(Span::hours), grace: None }),
            grace: Span::hours(48),
            idle: Some(RULE),
            refused: Vec::new(),
        }
    }

    fn said(detail: &EnvironmentDetail, hour: u64) -> Option<(bool, String)> {
        let now = detail.environment.created_at.after(Span::hours(hour));
        let notice = detail.notice(&detail.environment, now)?;
        Some((notice.warns, format!("{} {}", notice.title, notice.more)))
    }

    #[test]
    fn before_the_end_it_says_what_happens_then_and_how_far_it_can_be_put_off() {
        let running = detail(State::Running, None);
        assert_eq!(said(&running, 6), None);
        let words = "It expires in 1 h. Then it stops, and is kept for 2 d before it is removed. \
                     Extend it to keep it running, by at most 17 h more.";
        assert_eq!(said(&running, 7), Some((true, words.to_owned())));
        let limited = said(&detail(State::Running, Some(8)), 7).expect("a warning").1;
        assert!(limited.ends_with("It cannot be extended further: the team allows 8 h in all."), "{limited}");
        assert_eq!(said(&running, 9).map(|it| it.1), Some("Its lifetime ended. It is being stopped.".to_owned()));
    }

    #[test]
    fn a_stopped_one_says_why_when_it_goes_and_how_to_keep_it() {
        let mut stopped = detail(State::Stopped, None);
        stopped.environment.reason = Some("Its lifetime ended.".to_owned());
        stopped.environment.removes_at = Some(stopped.environment.created_at.after(Span::hours(56)));
        let words = "Its lifetime ended. It is removed in 2 d, with everything in it. To keep it, start it again. \
                     Or extend it: then it is kept for another 2 d as it is.";
        assert_eq!(said(&stopped, 8), Some((false, words.to_owned())));
        assert!(said(&stopped, 40).expect("a warning").0);
        assert!(said(&stopped, 57).expect("due").1.contains("about to be removed"));
    }

    #[test]
    fn an_idle_one_says_what_was_its_last_activity_and_what_counts() {
        let mut idle = detail(State::Running, None);
        let watch = Watch::begin(RULE, idle.environment.created_at);
        idle.environment.idle = Some(watch.shown());
        assert_eq!(said(&idle, 1), None);
        let quarter = idle.environment.created_at.after(Span::seconds(7200 - 600));
        let notice = idle.notice(&idle.environment, quarter).expect("a warning");
        assert_eq!(notice.title, "It stops in 10 m unless it is used.");
        assert_eq!(
            notice.more,
            "Last activity: start, 1 h 50 m ago. What counts is input in a terminal, more than 16 KiB of network traffic a \
             minute, or more than 0.02 cores; looking at this page does not."
        );
        let (warns, blind) = said(&idle, 3).expect("a word");
        assert!(!warns && blind.contains("idleness does not stop it"), "{blind}");
    }
}
