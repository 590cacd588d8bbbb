//! On which host something new may be placed. Of these the one with most memory left is chosen where it is reserved
//! (`model::quota::Room::place`).

use app::api::ApiError;
use model::host::Link;
use model::name::{HostName, TeamName, TemplateName};
use model::quota::Quota;
use store::catalogue::Catalogue;

use super::Service;
use super::runner::Runner;

impl Service {
    /// The hosts that take something new of this team, and of this template where one is named, with what each may give in all.
    pub(super) fn open_hosts(
        &self,
        catalogue: &Catalogue,
        team: &TeamName,
        template: Option<&TemplateName>,
    ) -> Vec<(HostName, Quota)> {
        let open = self.named_hosts(catalogue, team, template).filter(|runner| closed(runner).is_ok());
        open.map(|runner| (runner.name().clone(), runner.quota())).collect()
    }

    /// The same, where there is one at least.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn some_open_host(
        &self,
        catalogue: &Catalogue,
        team: &TeamName,
        template: &TemplateName,
    ) -> Result<Vec<(HostName, Quota)>, ApiError> {
        let open = self.open_hosts(catalogue, team, Some(template));
        if !open.is_empty() {
            return Ok(open);
        }
        let named = self.named_hosts(catalogue, team, Some(template));
        Err(no_host(named.filter_map(|runner| Some((runner.name(), closed(runner).err()?))).collect()))
    }

    /// Those that the team and the template allow.
    fn named_hosts<'a>(
        &'a self,
        catalogue: &'a Catalogue,
        team: &TeamName,
        template: Option<&TemplateName>,
    ) -> impl Iterator<Item = &'a Runner> {
        let of_team = catalogue.team(team).map_or(&[][..], |team| &team.hosts);
        let of_template =
            template.and_then(|slug| catalogue.template(slug)).map_or(&[][..], |template| &template.hosts);
        let allows = |named: &[HostName], runner: &Runner| named.is_empty() || named.contains(runner.name());
        self.hosts.iter().filter(move |runner| allows(of_team, runner) && allows(of_template, runner))
    }
}

/// Why nothing new is placed on a host.
enum Closed {
    /// Its engine does not answer.
    Away(String),
    /// An admin has said so.
    Draining,
    /// Its engine does not limit this, in words.
    Unlimited(String),
}

impl Closed {
    fn words(&self) -> String {
        match self {
            Self::Away(reason) => format!("does not answer ({reason})"),
            Self::Draining => "is being drained".to_owned(),
            Self::Unlimited(what) => format!("does not limit {what}"),
        }
    }
}

fn closed(runner: &Runner) -> Result<(), Closed> {
    let host = runner.now();
    if let Link::Lost { reason, .. } = host.link {
        return Err(Closed::Away(reason));
    }
    if host.draining {
        return Err(Closed::Draining);
    }
    runner.unlimited().map_or(Ok(()), |what| Err(Closed::Unlimited(what)))
}

/// Of one host its own reason; of several each with its name.
fn no_host(mut why: Vec<(&HostName, Closed)>) -> ApiError {
    let conflict = |message: &str| ApiError::Conflict { message: message.to_owned() };
    match why.len() {
        0 => conflict("No host is allowed for both this team and this template; an admin can change that."),
        1 => match why.remove(0).1 {
            Closed::Away(message) => ApiError::EngineUnavailable { message },
            Closed::Draining => conflict("The host is being drained: nothing new is started on it. Ask an admin."),
            Closed::Unlimited(what) => not_limited(&what),
        },
        _ => {
            let each: Vec<String> = why.iter().map(|(name, why)| format!("{name} {}", why.words())).collect();
            match why.iter().all(|(_, why)| matches!(why, Closed::Away(_))) {
                true => ApiError::EngineUnavailable { message: each.join("; ") },
                false => conflict(&format!("No host takes anything new now: {}. Ask an admin.", each.join("; "))),
            }
        }
    }
}

pub(super) fn not_limited(what: &str) -> ApiError {
    ApiError::Conflict {
        message: format!(
            "Not started: this host's engine does not limit {what}, so one environment could take it from all others. Ask an admin; the page Hosts says what to do."
        ),
    }
}
