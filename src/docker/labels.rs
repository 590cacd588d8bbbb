//! What is written on everything that Berth makes, so that it is found again. Labels help recovery and grant nothing.

use std::collections::BTreeMap;

use model::name::EnvironmentId;
use model::text::clean;
use serde::Deserialize;

pub(super) const ENVIRONMENT: &str = "berth.environment";
pub(super) const TEAM: &str = "berth.team";
pub(super) const OWNER: &str = "berth.owner";
pub(super) const TEMPLATE: &str = "berth.template";
pub(super) const ATTEMPT: &str = "berth.attempt";
pub(super) const PART: &str = "berth.part";
pub(super) const INSTALLATION: &str = "berth.installation";
/// Instead of all others on what is made for an isolation check: of which installation.
pub(super) const CHECK: &str = "berth.check";

/// A container's labels as the engine tells them: anybody may have written them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    pub(super) fn new<const N: usize>(pairs: [(&str, String); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Of which environment of ours it says to be.
    #[must_use]
    pub fn environment(&self) -> Option<EnvironmentId> {
        EnvironmentId::parse(self.get(ENVIRONMENT)?).ok()
    }

    /// What it says of where it comes from, each a bounded line: environment, team, owner and template.
    #[must_use]
    pub fn claims(&self) -> [Option<String>; 4] {
        [ENVIRONMENT, TEAM, OWNER, TEMPLATE].map(|name| self.get(name).map(|value| clean(value, 128)))
    }

    /// At which attempt to make the environment's container it was made.
    #[must_use]
    pub fn attempt(&self) -> Option<u32> {
        self.get(ATTEMPT)?.parse().ok()
    }

    #[must_use]
    pub fn installation(&self) -> Option<&str> {
        self.get(INSTALLATION)
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether both were made by the same attempt of the same environment.
    pub(super) fn same_attempt(&self, other: &Self) -> bool {
        let mark = |labels: &Self| (labels.environment(), labels.attempt(), labels.installation().map(str::to_owned));
        self.environment().is_some() && self.attempt().is_some() && mark(self) == mark(other)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_label_is_no_environment_of_ours() {
        let labels =
            |id: &str, attempt: &str| Labels::new([(ENVIRONMENT, id.to_owned()), (ATTEMPT, attempt.to_owned())]);
        let id = "0193f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b";
        assert!(labels(id, "1").same_attempt(&labels(id, "1")));
        assert!(!labels(id, "1").same_attempt(&labels(id, "2")));
        assert!(!Labels::default().same_attempt(&Labels::default()));
        assert_eq!(labels("../../etc", "-1").environment(), None);
        assert_eq!(labels("../../etc", "-1").attempt(), None);
    }
}
