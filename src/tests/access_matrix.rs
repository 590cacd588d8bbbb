//! Who may do what: every method and path that the router, the server functions and the pages tell of themselves, against
//! everybody there is, refusals and permissions both. What has no row here fails.

use std::collections::BTreeSet;

use app::api::backend::{Environments, Requests};
use model::access::{Actor, InstallationRole, TeamRole};
use model::environment::{Operation, State};
use model::name::{EnvironmentId, TeamName, UserId};
use model::units::Span;
use web::assets;

use super::site::{Bringing, Site};
use super::stage::ask;

/// The columns: `nobody` is not signed in; `other` is a lead, of another team; `member` is of the team and not the owner.
const WHO: [&str; 7] = ["nobody", "other", "member", "owner", "lead", "auditor", "admin"];

/// A row: method, address, a status for each of [`WHO`], and what is sent. In an address and a body `{id}` is a running
/// environment of team blue, `{stopped}` a stopped one, `{request}` a request of its owner for more; they are made anew for each
/// request. `{person}` is the owner, `{name}` team blue, `{slug}` a template, `{host}` the host and `{step}` one that an admin takes there.
const MATRIX: &str = r#"
#                                               nobody other member owner  lead auditor admin  sends

# The API
GET    /api/v1/me                                  401   200    200   200   200     200   200
GET    /api/v1/teams                               401   200    200   200   200     200   200
GET    /api/v1/templates?team=blue                 401   404    200   200   200     200   200
GET    /api/v1/host                                401   200    200   200   200     200   200
GET    /api/v1/host/quarantine                     401   403    403   403   403     200   200
GET    /api/v1/host/isolation                      401   403    403   403   403     200   200
POST   /api/v1/host/isolation                      401   403    403   403   403     403   200
GET    /api/v1/hosts                               401   200    200   200   200     200   200
GET    /api/v1/hosts/{host}                        401   403    403   403   403     200   200
POST   /api/v1/hosts/{host}/{step}                 401   403    403   403   403     403   200
GET    /api/v1/sizes                               401   200    200   200   200     200   200
GET    /api/v1/teams/{name}                        401   404    200   200   200     200   200
GET    /api/v1/templates/{slug}                    401   403    403   403   403     200   200
GET    /api/v1/people                              401   403    403   403   403     200   200
GET    /api/v1/catalogue                           401   403    403   403   403     200   200
GET    /api/v1/environments                        401   200    200   200   200     200   200
POST   /api/v1/environments                        401   404    202   202   202     403   202  {"team":"blue","template":"box"}
GET    /api/v1/environments/{id}                   401   404    200   200   200     200   200
DELETE /api/v1/environments/{id}                   401   404    403   202   202     403   202
POST   /api/v1/environments/{stopped}/start        401   404    403   202   202     403   202
POST   /api/v1/environments/{id}/stop              401   404    403   202   202     403   202
POST   /api/v1/environments/{id}/restart           401   404    403   202   202     403   202
POST   /api/v1/environments/{id}/extend            401   404    403   200   200     403   200
GET    /api/v1/environments/{id}/ports             401   404    200   200   200     200   200
GET    /api/v1/environments/{id}/activity          401   404    200   200   200     200   200
# Who may open one is told that it is a WebSocket.
GET    /api/v1/environments/{id}/terminal          401   404    403   400   400     403   400
GET    /api/v1/activities                          401   200    200   200   200     200   200
GET    /api/v1/activities?team=blue                401   404    200   200   200     200   200
GET    /api/v1/audit                               401   200    403   403   200     200   200
GET    /api/v1/audit?team=blue                     401   404    403   403   200     200   200
GET    /api/v1/audit?team=blue&format=csv          401   404    403   403   200     200   200
GET    /api/v1/requests                            401   200    200   200   200     200   200
POST   /api/v1/requests                            401   404    201   201   201     403   201  {"team":"blue","more":{"running":1},"reason":"demo","until":"8h"}
POST   /api/v1/requests/{request}/approve          401   404    404   403   403     403   200
POST   /api/v1/requests/{request}/decline          401   404    404   403   403     403   200  {"word":"no"}
POST   /api/v1/requests/{request}/withdraw         401   404    404   200   403     403   403
POST   /api/v1/requests/{request}/return           401   404    404   409   403     403   409

# Server functions
GET    /fn/{*function}                             400   400    400   400   400     400   400
POST   /fn/{*function}                             400   400    400   400   400     400   400
GET    /fn/me                                      401   200    200   200   200     200   200
GET    /fn/me/teams                                401   200    200   200   200     200   200
GET    /fn/sign-in                                 200   200    200   200   200     200   200
GET    /fn/hosts                                   401   200    200   200   200     200   200
GET    /fn/environments/list                       401   200    200   200   200     200   200
GET    /fn/environments/get?id={id}                401   404    200   200   200     200   200
GET    /fn/environments/launch-options?team=blue   401   404    200   200   200     403   200
POST   /fn/environments/launch                     401   404    200   200   200     403   200  form[team]=blue&form[template]=box
GET    /fn/environments/history?id={id}            401   404    200   200   200     200   200
GET    /fn/activities/list?team=&after=            401   200    200   200   200     200   200
GET    /fn/audit/list?search[words]=x              401   200    403   403   200     200   200
POST   /fn/environments/operate                    401   404    403   200   200     403   200  id={id}&operation=stop
GET    /fn/hosts/details                           401   403    403   403   403     200   200
GET    /fn/requests/list                           401   200    200   200   200     200   200
GET    /fn/requests/waiting                        401   200    200   200   200     200   200
POST   /fn/requests/ask                            401   404    200   200   200     403   200  form[team]=blue&form[scope]=team&form[running]=1&form[reason]=demo&form[until]=8h
POST   /fn/requests/decide                         401   404    404   403   403     403   200  id={request}&step=approve&word=
GET    /fn/teams/list                              401   200    403   403   200     200   200
GET    /fn/teams/get?name={name}                   401   404    403   403   200     200   200
GET    /fn/templates/list                          401   403    403   403   403     200   200
GET    /fn/templates/get?slug={slug}               401   403    403   403   403     200   200
GET    /fn/sizes/list                              401   403    403   403   403     200   200
GET    /fn/people/list?words=                      401   403    403   403   403     200   200
GET    /fn/people/get?id={person}                  401   403    403   403   403     200   200
GET    /fn/settings                                401   403    403   403   403     200   200

# Pages
GET    /                                           303   302    302   302   302     302   302
GET    /environments                               303   200    200   200   200     200   200
GET    /environments/{id}                          303   404    200   200   200     200   200
GET    /environments/{id}/terminal                 303   404    200   200   200     200   200
GET    /environments/{id}/history                  303   404    200   200   200     200   200
GET    /audit                                      303   200    403   403   200     200   200
GET    /audit?team=blue                            303   404    403   403   200     200   200
GET    /activities                                 303   200    200   200   200     200   200
GET    /activities?team=blue                       303   404    200   200   200     200   200
GET    /launch?team=blue                           303   404    200   200   200     403   200
GET    /requests                                   303   200    200   200   200     200   200
GET    /host                                       308   308    308   308   308     308   308
GET    /hosts                                      303   403    403   403   403     200   200
POST   /hosts                                      303   403    403   403   403     403   303  form=isolation&host=default
GET    /teams                                      303   200    403   403   200     200   200
POST   /teams                                      303   403    403   403   403     403   303  form=team&name=tug&revision=new
GET    /teams/{name}                               303   404    403   403   200     200   200
POST   /teams/{name}                               303   404    403   403   403     403   303  form=member&who={person}&role=member
GET    /templates                                  303   403    403   403   403     200   200
POST   /templates                                  303   403    403   403   403     403   422  form=template&revision=new&text=x
GET    /templates/{slug}                           303   403    403   403   403     200   200
POST   /templates/{slug}                           303   403    403   403   403     403   422  form=template&revision=old&text=x
GET    /sizes                                      303   403    403   403   403     200   200
POST   /sizes                                      303   403    403   403   403     403   303  form=size&name=tug&cpus=1&memory=1GiB&pids=10&revision=
GET    /people                                     303   403    403   403   403     200   200
GET    /people/{person}                            303   403    403   403   403     200   200
POST   /people/{person}                            303   403    403   403   403     403   303  form=enable
GET    /settings                                   303   403    403   403   403     200   200
GET    /sign-in                                    200   303    303   303   303     303   303

# The ways in and out, what changes, health, the site's files
GET    /auth/start                                 303   303    303   303   303     303   303
GET    /auth/callback                              400   400    400   400   400     400   400
GET    /auth/operator/{secret}                     303   303    303   303   303     303   303
POST   /auth/sign-out                              303   303    303   303   303     303   303
GET    /live                                       401   200    200   200   200     200   200
GET    /healthz                                    200   200    200   200   200     200   200
GET    /readyz                                     200   200    200   200   200     200   200
GET    /pkg/{*path}                                404   404    404   404   404     404   404
"#;

/// A name that nothing but the environment of this matrix has: whoever may not see that one never reads it.
const NAME: &str = "hidden-harbour";

struct Row {
    method: &'static str,
    address: &'static str,
    statuses: [u16; WHO.len()],
    body: &'static str,
}

impl Row {
    fn read(line: &'static str) -> Self {
        let mut words = line.split_whitespace();
        let mut word = || words.next().unwrap_or_else(|| panic!("too short: {line}"));
        let (method, address) = (word(), word());
        let statuses = WHO.map(|_| word().parse().unwrap_or_else(|error| panic!("{error}: {line}")));
        Self { method, address, statuses, body: words.next().unwrap_or_default() }
    }

    fn all() -> Vec<Self> {
        let lines = MATRIX.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        lines.map(Self::read).collect()
    }

    /// As the router tells it.
    fn url(&self) -> String {
        let path = self.address.split('?').next().unwrap_or_default();
        format!(
            "{} {}",
            self.method,
            ["{stopped}", "{request}", "{person}"]
                .iter()
                .fold(path.to_owned(), |path, placeholder| path.replace(placeholder, "{id}"))
        )
    }

    fn told(&self, statuses: &[u16]) -> String {
        let Self { method, address, body, .. } = self;
        let cells: Vec<String> = statuses.iter().map(|status| format!("{status:>5}")).collect();
        format!("{method:<6} {address:<42} {}  {body}", cells.join(" "))
    }
}

/// Everything that can be asked of the server.
fn urls() -> BTreeSet<String> {
    let files: Vec<String> = assets::public_files().iter().map(|file| format!("GET /{file}")).collect();
    let routes = web::urls().into_iter().filter(|url| !files.contains(url));
    let functions = leptos::server_fn::axum::server_fn_paths().map(|(path, method)| format!("{method} {path}"));
    let pages = leptos_axum::generate_route_list(app::ui::App);
    let pages = pages.iter().map(|page| format!("GET {}", page.path()));
    routes.chain(functions).chain(pages).collect()
}

struct People {
    site: Site,
    ids: Vec<Option<UserId>>,
    owner: Actor,
}

impl People {
    async fn gather() -> Self {
        let site = Site::open().await;
        let (auditor, admin) = (Some(InstallationRole::Auditor), Some(InstallationRole::Admin));
        let owner = site.person("Bea", &["blue"], None).await;
        let ids = vec![
            None,
            Some(site.person("Gus", &["green-leads"], None).await),
            Some(site.person("Max", &["blue"], None).await),
            Some(owner.clone()),
            Some(site.person("Lena", &["blue-leads"], None).await),
            Some(site.person("Rita", &[], auditor).await),
            Some(site.person("Ada", &[], admin).await),
        ];
        let teams = [(TeamName::parse("blue").expect("a name"), TeamRole::Lead)].into();
        let name = "Bea".to_owned();
        let owner = Actor { id: owner, name, email: None, role: None, teams, scope: None, token: None };
        Self { site, ids, owner }
    }

    async fn environment(&self, stopped: bool) -> EnvironmentId {
        let mut launch = ask("box");
        launch.name = Some(NAME.parse().expect("a name"));
        // By another script each time: each is counted apart.
        let script = Actor { token: Some(self.site.stage.clock.secret()), ..self.owner.clone() };
        let launched = self.site.stage.launched(&script, launch).await.expect("a launch");
        assert_eq!(launched.state, State::Running, "{launched:?}");
        if stopped {
            self.site.stage.done(&self.owner, &launched.id, Operation::Stop).await.expect("a stop");
        }
        // So that there is something to extend.
        self.site.stage.pass(Span::seconds(600));
        launched.id
    }

    /// A request for more by the owner, which only an admin decides on: it is about the team's own quota.
    async fn request(&self) -> String {
        // Those of before have lapsed: nobody may have many waiting.
        self.site.stage.pass(Span::seconds(600));
        let ask = serde_json::json!({"team": "blue", "more": {"running": 1}, "reason": "demo", "until": "8m"});
        let ask = serde_json::from_value(ask).expect("a request");
        let request = self.site.stage.service.ask_for_more(&self.owner, ask).await.expect("a request");
        request.id.to_string()
    }

    /// What somebody is answered, and whether they could read what is not theirs to see.
    async fn asks(&self, column: usize, row: &Row) -> (u16, bool) {
        let needs = |placeholder: &str| row.address.contains(placeholder) || row.body.contains(placeholder);
        let id = if needs("{stopped}") || needs("{id}") || row.method == "GET" {
            Some(self.environment(needs("{stopped}")).await.to_string())
        } else {
            None
        };
        let request = if needs("{request}") { self.request().await } else { String::new() };
        let id = id.unwrap_or_default();
        let filled = |text: &str| {
            let placeholders = [("{id}", id.as_str()), ("{stopped}", &id), ("{request}", &request)];
            let known = [
                ("{person}", self.owner.id.as_str()),
                ("{name}", "blue"),
                ("{slug}", "box"),
                ("{host}", "default"),
                ("{step}", "reopen"),
            ];
            placeholders.iter().chain(&known).fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
        };
        let address =
            filled(row.address).replace("{secret}", "guess").replace("{*function}", "x").replace("{*path}", "x");
        let mut browser = match &self.ids[column] {
            Some(person) => self.site.browser(person).await,
            None => self.site.visitor(),
        };
        let page = !["/api/", "/fn/"].iter().any(|start| row.address.starts_with(start));
        let headers = [("prefer", "respond-async"), ("accept", if page { "text/html" } else { "application/json" })];
        let bringing = Bringing { body: &filled(row.body), headers: &headers, token: None };
        let answer = browser.ask(row.method, &address, bringing).await;
        self.clear().await;
        (answer.status.as_u16(), answer.body.contains(NAME))
    }

    async fn clear(&self) {
        let stage = &self.site.stage;
        for left in stage.service.all_environments(&self.owner).await.expect("a list") {
            if left.state != State::Removing {
                stage.service.operate(&self.owner, &left.id, Operation::Remove).await.expect("a removal");
            }
            stage.service.settled(&self.owner, &left.id).await.expect("removed");
        }
    }
}

#[tokio::test]
async fn nothing_can_be_asked_that_has_no_row_in_the_access_matrix() {
    let rows: BTreeSet<String> = Row::all().iter().map(Row::url).collect();
    let urls = urls();
    let missing: Vec<&String> = urls.difference(&rows).collect();
    let gone: Vec<&String> = rows.difference(&urls).collect();
    assert!(missing.is_empty(), "without a row in the access matrix: {missing:#?}");
    assert!(gone.is_empty(), "rows of the access matrix that nothing answers any more: {gone:#?}");
}

#[tokio::test]
async fn everybody_may_do_what_their_column_says_and_nothing_else() {
    let people = People::gather().await;
    let mut wrong = Vec::new();
    for row in Row::all() {
        let mut answered = Vec::new();
        for (column, who) in WHO.iter().enumerate() {
            let (status, reads) = people.asks(column, &row).await;
            answered.push(status);
            if reads && column < 2 {
                wrong.push(format!("{who} reads of what is not theirs: {}", row.url()));
            }
        }
        if answered != row.statuses {
            wrong.push(format!("expected {}\nanswered {}", row.told(&row.statuses), row.told(&answered)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
