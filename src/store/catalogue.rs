//! What can be launched, by whom and how much of it: teams, sizes, templates and their versions.

use model::access::TeamRole;
use model::day::Day;
use model::lifetime::TeamLifetime;
use model::name::{HostName, SizeName, TeamName, TemplateName};
use model::quota::Quota;
use model::template::{Size, Template};
use model::time::Timestamp;
use model::units::{Memory, MilliCpu};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::environments::{amount, bytes, json, read_json, signed, small};
use super::{Store, StoreError, Write, hosts};

/// A team as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRecord {
    pub name: TeamName,
    pub label: String,
    pub quota: Quota,
    /// The cap on what each member holds.
    pub per_member: Quota,
    pub lifetime: TeamLifetime,
    /// The provider's groups whose people belong, and what each makes them.
    pub groups: Vec<(String, TeamRole)>,
    /// Where its environments are placed; none: anywhere.
    pub hosts: Vec<HostName>,
}

impl TeamRecord {
    /// A team of which nothing but the name is declared: without limits, groups and members.
    #[must_use]
    pub fn named(name: TeamName) -> Self {
        let (quota, per_member) = (Quota::default(), Quota::default());
        Self {
            label: name.to_string(),
            name,
            quota,
            per_member,
            lifetime: TeamLifetime::default(),
            groups: Vec::new(),
            hosts: Vec::new(),
        }
    }
}

/// Who is offered a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    Everyone,
    Teams(Vec<TeamName>),
}

/// A template in its current version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRecord {
    pub slug: TemplateName,
    pub version: u32,
    pub template: Template,
    pub grant: Grant,
    /// From this day on it is offered to nobody.
    pub deprecated: Option<Day>,
    /// Where its environments are placed; none: anywhere.
    pub hosts: Vec<HostName>,
}

impl TemplateRecord {
    #[must_use]
    pub fn is_offered_to(&self, team: &TeamName, now: Timestamp) -> bool {
        if self.deprecated.is_some_and(|day| day.has_come(now)) {
            return false;
        }
        match &self.grant {
            Grant::Everyone => true,
            Grant::Teams(teams) => teams.contains(team),
        }
    }
}

/// All that is declared, in the order of declaration (teams by name).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    pub teams: Vec<TeamRecord>,
    pub sizes: Vec<Size>,
    pub templates: Vec<TemplateRecord>,
    /// What may be named by it: those of the configuration, as of the last start of the server.
    pub hosts: Vec<HostName>,
}

impl Catalogue {
    #[must_use]
    pub fn team(&self, name: &TeamName) -> Option<&TeamRecord> {
        self.teams.iter().find(|team| team.name == *name)
    }

    #[must_use]
    pub fn template(&self, slug: &TemplateName) -> Option<&TemplateRecord> {
        self.templates.iter().find(|template| template.slug == *slug)
    }

    #[must_use]
    pub fn size(&self, name: &SizeName) -> Option<&Size> {
        self.sizes.iter().find(|size| size.name == *name)
    }
}

/// A version of a template as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRecord {
    pub version: u32,
    pub template: Template,
    pub created_at: Timestamp,
}

/// How many environments, not counting removed ones, were made from a version of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionUse {
    pub template: TemplateName,
    pub version: u32,
    pub environments: u64,
    pub teams: u64,
}

impl Store {
    pub async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        read(&mut *self.readers.acquire().await?).await
    }

    /// A template as it was in `version`.
    pub async fn template(&self, slug: &TemplateName, version: u32) -> Result<Option<Template>, StoreError> {
        let text: Option<String> =
            sqlx::query_scalar("SELECT document FROM template_versions WHERE slug = $1 AND version = $2")
                .bind(slug.as_str())
                .bind(i64::from(version))
                .fetch_optional(&self.readers)
                .await?;
        text.as_deref().map(read_json).transpose()
    }

    /// All versions of a template, the newest first.
    pub async fn versions(&self, slug: &TemplateName) -> Result<Vec<VersionRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM template_versions WHERE slug = $1 ORDER BY version DESC")
            .bind(slug.as_str())
            .fetch_all(&self.readers)
            .await?;
        let version = |row: &SqliteRow| {
            Ok(VersionRecord {
                version: small(row, "version")?,
                template: read_json(row.try_get("document")?)?,
                created_at: Timestamp::from_millis(row.try_get("created_at")?),
            })
        };
        rows.iter().map(version).collect()
    }

    /// Which versions of templates there are environments of.
    pub async fn versions_in_use(&self) -> Result<Vec<VersionUse>, StoreError> {
        let rows = sqlx::query(
            "SELECT template, version, COUNT(*) AS environments, COUNT(DISTINCT team) AS teams
             FROM environments WHERE state <> 'removed' GROUP BY template, version ORDER BY template, version",
        )
        .fetch_all(&self.readers)
        .await?;
        let used = |row: &SqliteRow| {
            Ok(VersionUse {
                template: row.try_get::<String, _>("template")?.parse().map_err(StoreError::unreadable)?,
                version: small(row, "version")?,
                environments: amount(row, "environments")?,
                teams: amount(row, "teams")?,
            })
        };
        rows.iter().map(used).collect()
    }

    /// How many environments, not counting removed ones, there are of each size.
    pub async fn sizes_in_use(&self) -> Result<Vec<(SizeName, u64)>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        sizes_in_use(&mut connection).await
    }
}

/// The same inside a transaction.
pub async fn sizes_in_use(connection: &mut SqliteConnection) -> Result<Vec<(SizeName, u64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT size, COUNT(*) AS environments FROM environments WHERE state <> 'removed' GROUP BY size ORDER BY size",
    )
    .fetch_all(connection)
    .await?;
    let used = |row: &SqliteRow| {
        let name: String = row.try_get("size")?;
        Ok((name.parse().map_err(StoreError::unreadable)?, amount(row, "environments")?))
    };
    rows.iter().map(used).collect()
}

/// The catalogue as it is on this connection, inside a transaction or not.
pub async fn read(connection: &mut SqliteConnection) -> Result<Catalogue, StoreError> {
    let teams = sqlx::query("SELECT * FROM teams ORDER BY name").fetch_all(&mut *connection).await?;
    let groups = sqlx::query("SELECT * FROM team_groups ORDER BY team, name").fetch_all(&mut *connection).await?;
    let sizes = sqlx::query("SELECT * FROM sizes ORDER BY position, name").fetch_all(&mut *connection).await?;
    let templates = sqlx::query(
        "SELECT t.*, v.document FROM templates t JOIN template_versions v ON v.slug = t.slug AND v.version = t.version
         ORDER BY t.position, t.slug",
    )
    .fetch_all(&mut *connection)
    .await?;
    let grants = sqlx::query("SELECT * FROM template_teams ORDER BY team").fetch_all(&mut *connection).await?;
    let hosts = hosts::hosts(connection).await?.into_iter().filter(|host| host.configured);
    Ok(Catalogue {
        teams: teams.iter().map(|row| team(row, &groups)).collect::<Result<_, _>>()?,
        sizes: sizes.iter().map(size).collect::<Result<_, _>>()?,
        templates: templates.iter().map(|row| template(row, &grants)).collect::<Result<_, _>>()?,
        hosts: hosts.map(|host| host.name).collect(),
    })
}

fn team(row: &SqliteRow, groups: &[SqliteRow]) -> Result<TeamRecord, StoreError> {
    let name: String = row.try_get("name")?;
    let mut ours = Vec::new();
    for group in groups {
        if group.try_get::<String, _>("team")? == name {
            let role: String = group.try_get("role")?;
            ours.push((group.try_get("name")?, TeamRole::parse(&role).ok_or_else(|| StoreError::unreadable(role))?));
        }
    }
    Ok(TeamRecord {
        name: name.parse().map_err(StoreError::unreadable)?,
        label: row.try_get("label")?,
        quota: read_json(row.try_get("quota")?)?,
        per_member: read_json(row.try_get("per_member")?)?,
        lifetime: read_json(row.try_get("lifetime")?)?,
        groups: ours,
        hosts: read_json(row.try_get("hosts")?)?,
    })
}

fn size(row: &SqliteRow) -> Result<Size, StoreError> {
    Ok(Size {
        name: row.try_get::<String, _>("name")?.parse().map_err(StoreError::unreadable)?,
        cpus: MilliCpu::new(amount(row, "cpus")?),
        memory: Memory::bytes(amount(row, "memory")?),
        pids: small(row, "pids")?,
        disk: bytes(row, "disk")?,
    })
}

fn template(row: &SqliteRow, grants: &[SqliteRow]) -> Result<TemplateRecord, StoreError> {
    let slug: String = row.try_get("slug")?;
    let grant = if row.try_get("everyone")? {
        Grant::Everyone
    } else {
        let mut teams = Vec::new();
        for grant in grants {
            if grant.try_get::<String, _>("slug")? == slug {
                teams.push(grant.try_get::<String, _>("team")?.parse().map_err(StoreError::unreadable)?);
            }
        }
        Grant::Teams(teams)
    };
    let deprecated: Option<i64> = row.try_get("deprecated_at")?;
    Ok(TemplateRecord {
        slug: slug.parse().map_err(StoreError::unreadable)?,
        version: small(row, "version")?,
        template: read_json(row.try_get("document")?)?,
        grant,
        deprecated: deprecated.map(|millis| Day::of(Timestamp::from_millis(millis))),
        hosts: read_json(row.try_get("hosts")?)?,
    })
}

/// Makes a team as declared, or brings it to that.
pub async fn put_team(write: &mut Write, team: &TeamRecord) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO teams (name, label, quota, per_member, lifetime, hosts) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (name) DO UPDATE SET label = excluded.label, quota = excluded.quota, per_member = excluded.per_member,
             lifetime = excluded.lifetime, hosts = excluded.hosts",
    )
    .bind(team.name.as_str())
    .bind(&team.label)
    .bind(json(&team.quota))
    .bind(json(&team.per_member))
    .bind(json(&team.lifetime))
    .bind(json(&team.hosts))
    .execute(&mut **write)
    .await?;
    sqlx::query("DELETE FROM team_groups WHERE team = $1").bind(team.name.as_str()).execute(&mut **write).await?;
    for (group, role) in &team.groups {
        sqlx::query("INSERT INTO team_groups (team, name, role) VALUES ($1, $2, $3)")
            .bind(team.name.as_str())
            .bind(group)
            .bind(role.as_str())
            .execute(&mut **write)
            .await?;
    }
    Ok(())
}

pub async fn put_size(write: &mut Write, size: &Size, position: u32) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sizes (name, position, cpus, memory, pids, disk) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (name) DO UPDATE SET position = excluded.position, cpus = excluded.cpus, memory = excluded.memory,
             pids = excluded.pids, disk = excluded.disk",
    )
    .bind(size.name.as_str())
    .bind(i64::from(position))
    .bind(signed(size.cpus.as_milli()))
    .bind(signed(size.memory.as_bytes()))
    .bind(i64::from(size.pids))
    .bind(size.disk.map(|disk| signed(disk.as_bytes())))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Makes a template's version current; the version is written where it is new, and never changed after.
pub async fn put_template(
    write: &mut Write,
    record: &TemplateRecord,
    position: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let slug = record.slug.as_str();
    sqlx::query(
        "INSERT INTO templates (slug, position, version, everyone, deprecated_at, hosts) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (slug) DO UPDATE SET position = excluded.position, version = excluded.version,
             everyone = excluded.everyone, deprecated_at = excluded.deprecated_at, hosts = excluded.hosts",
    )
    .bind(slug)
    .bind(i64::from(position))
    .bind(i64::from(record.version))
    .bind(record.grant == Grant::Everyone)
    .bind(record.deprecated.map(|day| day.begin().as_millis()))
    .bind(json(&record.hosts))
    .execute(&mut **write)
    .await?;
    sqlx::query(
        "INSERT INTO template_versions (slug, version, document, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (slug, version) DO NOTHING",
    )
    .bind(slug)
    .bind(i64::from(record.version))
    .bind(json(&record.template))
    .bind(now.as_millis())
    .execute(&mut **write)
    .await?;
    sqlx::query("DELETE FROM template_teams WHERE slug = $1").bind(slug).execute(&mut **write).await?;
    if let Grant::Teams(teams) = &record.grant {
        for team in teams {
            sqlx::query("INSERT INTO template_teams (slug, team) VALUES ($1, $2)")
                .bind(slug)
                .bind(team.as_str())
                .execute(&mut **write)
                .await?;
        }
    }
    Ok(())
}

/// Puts sizes into this order.
pub async fn order_sizes(write: &mut Write, order: &[SizeName]) -> Result<(), StoreError> {
    for (position, name) in (0i64..).zip(order) {
        sqlx::query("UPDATE sizes SET position = $2 WHERE name = $1 AND position <> $2")
            .bind(name.as_str())
            .bind(position)
            .execute(&mut **write)
            .await?;
    }
    Ok(())
}

/// Puts templates into this order.
pub async fn order_templates(write: &mut Write, order: &[TemplateName]) -> Result<(), StoreError> {
    for (position, slug) in (0i64..).zip(order) {
        sqlx::query("UPDATE templates SET position = $2 WHERE slug = $1 AND position <> $2")
            .bind(slug.as_str())
            .bind(position)
            .execute(&mut **write)
            .await?;
    }
    Ok(())
}

pub async fn remove_size(write: &mut Write, name: &SizeName) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sizes WHERE name = $1").bind(name.as_str()).execute(&mut **write).await?;
    Ok(())
}
