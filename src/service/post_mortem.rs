//! How a container ended: exit code, want of memory, its last lines, kept before the container goes. No secret is in it.

use docker::{Container, ContainerId, EngineError};
use model::history::{LINES_MAX, PostMortem, kept};
use store::environments::Stored;

use super::{Service, container_of};

impl Service {
    /// Keeps it as well as it can be had: nothing that is under way fails by it. `known` where the container has just been
    /// looked at.
    pub(super) async fn keep_post_mortem(&self, stored: &Stored, why: &str, known: Option<&Container>) {
        let Some(id) = container_of(stored) else { return };
        let ended = match known {
            Some(container) => container.clone(),
            None => match self.hosts.of(&stored.environment.host).engine().inspect(&id).await {
                Ok(container) => container,
                Err(EngineError::NotFound(_)) => return,
                Err(error) => return tracing::warn!(%error, id = %stored.environment.id, "how it ended cannot be read"),
            },
        };
        if let Err(error) = self.keep(stored, &id, why, &ended).await {
            tracing::warn!(%error, id = %stored.environment.id, "how it ended cannot be kept");
        }
    }

    async fn keep(
        &self,
        stored: &Stored,
        id: &ContainerId,
        why: &str,
        ended: &Container,
    ) -> Result<(), super::activity::Broken> {
        let of = &stored.environment.id;
        // Removing what has ended before tells nothing new of its end.
        let before = self.store.post_mortem(of).await?;
        if ended.finished_at.is_some() && before.is_some_and(|before| before.ended_at == ended.finished_at) {
            return Ok(());
        }
        let lines = match self.hosts.of(&stored.environment.host).engine().logs_tail(id, LINES_MAX).await {
            Ok(lines) => lines,
            Err(error) => {
                tracing::warn!(%error, id = %of, "its last lines cannot be read");
                Vec::new()
            }
        };
        let secrets = self.secrets_of(stored).await;
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let post_mortem = PostMortem {
            at: self.clock.now(),
            why: why.to_owned(),
            exit_code: ended.exit_code,
            oom_killed: ended.oom_killed,
            started_at: ended.started_at,
            ended_at: ended.finished_at,
            lines: kept(&lines, &secrets),
        };
        Ok(self.store.keep_post_mortem(of, &post_mortem).await?)
    }

    /// The values of its secret variables; of all of them where the template cannot be read.
    pub(super) async fn secrets_of(&self, stored: &Stored) -> Vec<String> {
        let template = self.template_of(stored).await;
        let is_secret = |name: &str| match &template {
            Ok(template) => template.variables.iter().any(|variable| variable.name == name && variable.secret),
            Err(_) => true,
        };
        let secret = stored.variables.iter().filter(|(name, _)| is_secret(name));
        secret.map(|(_, value)| value.clone()).collect()
    }
}
