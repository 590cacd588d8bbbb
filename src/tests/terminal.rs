//! Terminals in environments: who opens one, what is kept when the connection is lost, how it ends, and that typing is use.

use app::api::ApiError;
use futures::future::join_all;
use futures::{SinkExt, StreamExt};
use hyper::body::Bytes;
use model::access::{Actor, TeamRole, TokenScope};
use model::audit::{Action, Search};
use model::environment::Operation;
use model::name::{EnvironmentId, UserId};
use model::terminal::Size;
use model::units::Span;
use serde_json::{Value, json};
use service::terminal::{Happening, Terminal};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use web::terminal::MESSAGE_MAX;

use super::site::{Listening, Site};
use super::stage::{Stage, ask};
use super::stand_in::{Call, Mood};

const SIZE: Size = Size::new(80, 24);

/// Somebody at a terminal, and what it has shown.
pub struct Screen {
    terminal: Terminal,
    shown: String,
}

impl Screen {
    pub async fn types(&self, line: &str) {
        let typed = Bytes::from(format!("{line}\r"));
        self.terminal.input().send(typed).await.expect("somebody reads");
    }

    pub async fn shows(&mut self, what: &str) {
        while !self.shown.contains(what) {
            match self.terminal.next().await {
                Happening::Output(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                other => panic!("{other:?} before it showed {what:?}: {:?}", self.shown),
            }
        }
    }

    async fn ends(&mut self) {
        while matches!(self.terminal.next().await, Happening::Output(_)) {}
    }
}

impl Stage {
    pub async fn terminal(&self, who: &Actor, id: &EnvironmentId) -> Screen {
        let terminal = self.service.open_terminal(who, id, SIZE).await.expect("a terminal");
        Screen { terminal, shown: String::new() }
    }

    /// What the log says of terminals, oldest first.
    async fn told_of_terminals(&self) -> Vec<String> {
        let all = self.store.audit(&Search::default(), None, 1000).await.expect("a log").items;
        let of_terminals = all.into_iter().map(|recorded| recorded.entry);
        let of_terminals =
            of_terminals.filter(|entry| matches!(entry.action, Action::OpenTerminal | Action::CloseTerminal));
        let mut told: Vec<String> = of_terminals
            .map(|entry| format!("{} {} {}: {}", entry.who.person, entry.action, entry.outcome, entry.reason))
            .collect();
        told.reverse();
        told
    }
}

async fn running(template: &str) -> (Stage, Actor, EnvironmentId) {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask(template)).await.expect("a launch").id;
    (stage, bea, id)
}

#[tokio::test]
async fn what_is_typed_reaches_a_shell_and_the_log_tells_who_opened_it_and_how_it_ended() {
    let (stage, bea, id) = running("box").await;
    let mut screen = stage.terminal(&bea, &id).await;
    screen.types("echo blue").await;
    screen.shows("\r\nblue\r\n").await;
    screen.types("stty size").await;
    screen.shows("\r\n24 80\r\n").await;
    screen.types("exit 3").await;
    screen.ends().await;
    let ending = stage.service.terminal_ended(screen.terminal).await;
    assert_eq!((ending.reason.as_str(), ending.exit_code), ("The shell ended (exit code 3).", Some(3)));
    let told = ["Bea open_terminal done: ", "Bea close_terminal done: The shell ended (exit code 3)."];
    assert_eq!(stage.told_of_terminals().await, told, "and nothing of what was typed");
}

#[tokio::test]
async fn only_whoever_may_operate_it_has_a_terminal_and_who_may_not_is_in_the_log() {
    let (stage, _, id) = running("box").await;
    let ben = stage.person("Ben", "blue", TeamRole::Member).await;
    let lea = stage.person("Lea", "blue", TeamRole::Lead).await;
    let gus = stage.person("Gus", "green", TeamRole::Lead).await;
    let reader = Actor { scope: Some(TokenScope::Read), ..lea.clone() };
    for (who, hidden) in [(&ben, false), (&stage.auditor().await, false), (&reader, false), (&gus, true)] {
        for refused in
            [stage.service.enter(who, &id).await, stage.service.open_terminal(who, &id, SIZE).await.map(drop)]
        {
            match refused {
                Err(ApiError::NotFound { .. }) => assert!(hidden, "{}", who.name),
                Err(ApiError::Forbidden { .. }) => assert!(!hidden, "{}", who.name),
                other => panic!("{} {other:?}", who.name),
            }
        }
    }
    let told = stage.told_of_terminals().await;
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|entry| entry.contains(" open_terminal refused: ")), "{told:?}");
    stage.terminal(&lea, &id).await;
    assert_eq!(stage.engine.shells(&stage.engine.containers()[0]), 1);
}

#[tokio::test]
async fn a_terminal_whose_connection_was_lost_is_found_again_with_what_it_showed_meanwhile() {
    let (stage, bea, id) = running("box").await;
    let mut screen = stage.terminal(&bea, &id).await;
    screen.types("echo one").await;
    screen.shows("\r\none\r\n$ ").await;
    let (name, received) = (screen.terminal.id.clone(), screen.shown.len() as u64);
    screen.types("echo two").await;
    stage.service.keep_terminal(screen.terminal);
    let terminal = stage.service.resume_terminal(&bea, &id, &name).await.expect("the right").expect("it is there");
    let mut again = Screen { shown: String::new(), terminal };
    let (from, missed) = again.terminal.shown_after(received);
    assert_eq!(from, received);
    again.shown = String::from_utf8_lossy(&missed).into_owned();
    again.shows("\r\ntwo\r\n").await;
    let (from, whole) = again.terminal.shown_after(0);
    assert_eq!(from, 0);
    assert!(whole.starts_with(b"$ echo one\r\none\r\n"), "{whole:?}");
    assert_eq!(stage.engine.shells(&stage.engine.containers()[0]), 1, "the same shell");
}

#[tokio::test]
async fn of_much_output_the_end_is_kept_and_said_from_where() {
    let (stage, bea, id) = running("box").await;
    let mut screen = stage.terminal(&bea, &id).await;
    screen.types("yes 200000").await;
    screen.types("echo over").await;
    screen.shows("\r\nover\r\n").await;
    let (from, end) = screen.terminal.shown_after(0);
    assert_eq!((from + end.len() as u64, end.len()), (screen.shown.len() as u64, 256 << 10));
    assert!(screen.shown.as_bytes().ends_with(&end));
    assert_eq!(screen.terminal.shown_after(from + 5).0, from + 5);
    assert_eq!(screen.terminal.shown_after(u64::MAX).0, from, "who claims more than there was is shown what there is");
}

#[tokio::test]
async fn a_terminal_goes_to_whoever_connects_to_it_last_and_to_nobody_else_s_hands() {
    let (stage, bea, id) = running("box").await;
    let lea = stage.person("Lea", "blue", TeamRole::Lead).await;
    let mut screen = stage.terminal(&bea, &id).await;
    let name = screen.terminal.id.clone();
    assert!(stage.service.resume_terminal(&lea, &id, &name).await.expect("the right").is_none(), "it is not hers");
    let other = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    assert!(stage.service.resume_terminal(&bea, &other, &name).await.expect("the right").is_none(), "it is elsewhere");
    let (again, ()) = tokio::join!(stage.service.resume_terminal(&bea, &id, &name), async {
        loop {
            match screen.terminal.next().await {
                Happening::Claimed(heir) => break assert!(screen.terminal.hand_to(heir).is_none(), "an heir"),
                Happening::Output(_) => {}
                Happening::Ended => panic!("it goes on"),
            }
        }
    });
    let mut again = Screen { terminal: again.expect("the right").expect("it is there"), shown: String::new() };
    again.types("echo on").await;
    again.shows("\r\non\r\n").await;
}

#[tokio::test]
async fn a_terminal_that_nobody_comes_back_to_is_hung_up() {
    let (stage, bea, id) = running("box").await;
    let container = stage.engine.containers()[0].clone();
    let screen = stage.terminal(&bea, &id).await;
    let name = screen.terminal.id.clone();
    stage.service.keep_terminal(screen.terminal);
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(121)).await;
    tokio::time::resume();
    while stage.told_of_terminals().await.len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.told_of_terminals().await[1], "Bea close_terminal done: Nobody was connected to it any more.");
    assert_eq!(stage.engine.shells(&container), 0);
    assert!(stage.service.resume_terminal(&bea, &id, &name).await.expect("the right").is_none());
}

#[tokio::test]
async fn a_server_that_ends_in_order_hangs_up_what_it_keeps() {
    let (stage, bea, id) = running("box").await;
    let screen = stage.terminal(&bea, &id).await;
    stage.service.keep_terminal(screen.terminal);
    stage.service.close(std::time::Duration::from_secs(30)).await;
    assert_eq!(stage.engine.shells(&stage.engine.containers()[0]), 0);
    assert_eq!(stage.told_of_terminals().await[1], "Bea close_terminal done: Berth was stopped.");
}

#[tokio::test]
async fn a_terminal_opens_only_in_what_runs_and_says_why_it_ends_with_it() {
    let (stage, bea, id) = running("box").await;
    let mut screen = stage.terminal(&bea, &id).await;
    stage.done(&bea, &id, Operation::Stop).await.expect("a stop");
    screen.ends().await;
    let ending = stage.service.terminal_ended(screen.terminal).await;
    assert_eq!((ending.reason.as_str(), ending.exit_code), ("The environment does not run any more.", None));
    let refused = stage.service.open_terminal(&bea, &id, SIZE).await.map(drop);
    let message = "It does not run. Start it to have a shell in it.".to_owned();
    assert_eq!(refused, Err(ApiError::Conflict { message }));
}

#[tokio::test]
async fn an_image_without_a_shell_says_so() {
    let (stage, bea, id) = running("box").await;
    let mut screen = stage.terminal(&bea, &id).await;
    screen.types("rm /bin/sh").await;
    screen.shows("gone").await;
    let mut none = stage.terminal(&bea, &id).await;
    none.ends().await;
    let ending = stage.service.terminal_ended(none.terminal).await;
    assert_eq!(ending.reason, "There is no shell in this image: neither bash nor sh.");
    // The code of a command that was not found is no such thing.
    screen.types("exit 127").await;
    screen.ends().await;
    assert_eq!(stage.service.terminal_ended(screen.terminal).await.exit_code, Some(127));
}

#[tokio::test]
async fn an_engine_that_goes_away_ends_a_terminal_and_says_so() {
    let (stage, bea, id) = running("box").await;
    let mut screen = stage.terminal(&bea, &id).await;
    stage.engine.vanish().await;
    screen.ends().await;
    let ending = stage.service.terminal_ended(screen.terminal).await;
    assert_eq!(ending.reason, "The Docker Engine went away. Open a new terminal when it is back.");
    stage.lost().await;
    let refused = stage.service.open_terminal(&bea, &id, SIZE).await.map(drop);
    assert!(matches!(refused, Err(ApiError::EngineUnavailable { .. })), "{refused:?}");
}

#[tokio::test]
async fn what_the_engine_refuses_opens_nothing_keeps_no_place_and_leaves_no_shell() {
    let (stage, bea, id) = running("box").await;
    for call in [Call::Exec, Call::ExecStart] {
        for mood in [Mood::refuse(500, "no"), Mood::refuse(409, "it is paused"), Mood::Nonsense, Mood::LoseAnswer] {
            for _ in 0..3 {
                stage.engine.next(call, mood.clone());
                let refused = stage.service.open_terminal(&bea, &id, SIZE).await.map(drop);
                let is_told = matches!(refused, Err(ApiError::Conflict { .. } | ApiError::EngineUnavailable { .. }));
                assert!(is_told, "{call:?} {mood:?} {refused:?}");
                assert_eq!(stage.engine.shells(&stage.engine.containers()[0]), 0, "{call:?} {mood:?}");
            }
        }
    }
    let told = stage.told_of_terminals().await;
    assert_eq!(told.iter().filter(|entry| entry.contains(" close_terminal ")).count(), told.len() / 2, "{told:?}");
    stage.terminal(&bea, &id).await.shows("$ ").await;
}

#[tokio::test]
async fn at_most_ten_terminals_are_open_in_one_environment() {
    let (stage, bea, id) = running("box").await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(stage.terminal(&bea, &id).await);
    }
    let refused = stage.service.open_terminal(&bea, &id, SIZE).await.map(drop);
    let message = "10 terminals are open in it. Close one first.".to_owned();
    assert_eq!(refused, Err(ApiError::Conflict { message }));
    let closed = open.pop().expect("ten");
    stage.service.hang_up(closed.terminal, "Closed.").await;
    stage.terminal(&bea, &id).await;
}

#[tokio::test]
async fn of_what_a_shell_does_not_read_half_a_mebibyte_is_kept_at_the_most() {
    let (stage, bea, id) = running("box").await;
    let screen = stage.terminal(&bea, &id).await;
    // One message waits to be written, and one that was read for its place.
    assert!((screen.terminal.input().max_capacity() + 2) * MESSAGE_MAX <= 512 << 10);
}

// Over a socket

type Socket = WebSocketStream<TcpStream>;

/// The site, where it listens, its environment, and its owner's browser.
struct Table {
    site: Site,
    listening: Listening,
    id: EnvironmentId,
    owner: UserId,
    cookie: String,
    address: String,
}

impl Table {
    async fn laid() -> Self {
        Self::laid_with("").await
    }

    async fn laid_with(berth_toml: &str) -> Self {
        let site = Site::configured(berth_toml).await;
        let owner = site.person("Bea", &["blue"], None).await;
        let browser = site.browser(&owner).await;
        let actor =
            site.auth.actor_of_session(&browser.cookies["berth-3000"], false).await.expect("a database").expect("Bea");
        let id = site.stage.launched(&actor, ask("box")).await.expect("a launch").id;
        let listening = site.listening().await;
        let (cookie, address) = (format!("berth-3000={}", browser.cookies["berth-3000"]), browser.address.clone());
        Self { site, listening, id, owner, cookie, address }
    }

    async fn connect(&self, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
        let url = format!("ws://{}/api/v1/environments/{}/terminal", self.listening.at, self.id);
        let mut request = url.into_client_request().expect("an address");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        let stream = TcpStream::connect(self.listening.at).await.expect("it listens");
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => Ok(socket),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn page(&self) -> Socket {
        self.connect(&[("cookie", &self.cookie), ("origin", &self.address)]).await.expect("a socket")
    }
}

async fn say(socket: &mut Socket, word: Value) {
    socket.send(Message::text(word.to_string())).await.expect("somebody listens");
}

async fn types(socket: &mut Socket, line: &str) {
    socket.send(Message::binary(format!("{line}\r"))).await.expect("somebody listens");
}

/// The next word of the server's.
async fn hear(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.expect("a word").expect("a message") {
            Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
            Message::Binary(_) | Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// The code that it is closed with.
async fn closed(socket: &mut Socket) -> u16 {
    loop {
        if let Message::Close(frame) = socket.next().await.expect("a close").expect("a message") {
            return frame.expect("a reason").code.into();
        }
    }
}

async fn shows(socket: &mut Socket, what: &str) {
    let mut shown = String::new();
    while !shown.contains(what) {
        match socket.next().await.expect("more").expect("a message") {
            Message::Binary(bytes) => shown.push_str(&String::from_utf8_lossy(&bytes)),
            Message::Ping(_) => {}
            other => panic!("{other:?} before {what:?}: {shown:?}"),
        }
    }
}

fn open() -> Value {
    json!({ "open": { "cols": 100, "rows": 30 } })
}

#[tokio::test]
async fn a_page_opens_a_terminal_resizes_it_leaves_and_finds_it_again() {
    let table = Table::laid().await;
    let mut page = table.page().await;
    say(&mut page, open()).await;
    let opened = hear(&mut page).await;
    let terminal = opened["opened"]["terminal"].as_str().expect("a name").to_owned();
    types(&mut page, "stty size").await;
    shows(&mut page, "\r\n30 100\r\n").await;
    say(&mut page, json!({ "resize": { "cols": 120, "rows": 40 } })).await;
    types(&mut page, "stty size").await;
    shows(&mut page, "\r\n40 120\r\n").await;
    drop(page);

    let mut again = table.page().await;
    say(&mut again, json!({ "resume": { "terminal": terminal, "received": 0, "cols": 90, "rows": 20 } })).await;
    assert_eq!(hear(&mut again).await["opened"], json!({ "terminal": terminal, "from": 0 }));
    shows(&mut again, "$ stty size\r\n30 100\r\n").await;
    types(&mut again, "stty size").await;
    shows(&mut again, "\r\n20 90\r\n").await;

    let mut third = table.page().await;
    say(&mut third, json!({ "resume": { "terminal": terminal, "received": 0, "cols": 90, "rows": 20 } })).await;
    assert_eq!(hear(&mut third).await["opened"]["terminal"], terminal.as_str());
    assert_eq!(closed(&mut again).await, 4000);
    types(&mut third, "exit 7").await;
    let ended = json!({ "ended": { "reason": "The shell ended (exit code 7).", "exit_code": 7 } });
    assert_eq!(hear(&mut third).await, ended);
    assert_eq!(closed(&mut third).await, 1000);
}

#[tokio::test]
async fn another_site_s_page_and_who_is_nobody_get_no_socket_and_a_script_does() {
    let table = Table::laid().await;
    let cookie = ("cookie", table.cookie.as_str());
    assert_eq!(table.connect(&[cookie, ("origin", "https://evil.example")]).await.err(), Some(403));
    assert_eq!(table.connect(&[cookie, ("origin", "null")]).await.err(), Some(403));
    assert_eq!(
        table.connect(&[cookie, ("origin", &table.address), ("sec-fetch-site", "cross-site")]).await.err(),
        Some(403)
    );
    assert_eq!(
        table.connect(&[cookie]).await.err(),
        Some(403),
        "a cookie alone is a browser that does not say from where"
    );
    assert_eq!(table.connect(&[("origin", &table.address)]).await.err(), Some(401));
    let read = format!("Bearer {}", table.site.token(&table.owner, TokenScope::Read).await);
    assert_eq!(table.connect(&[("authorization", &read)]).await.err(), Some(403));
    let launch = format!("Bearer {}", table.site.token(&table.owner, TokenScope::Launch).await);
    let mut script = table.connect(&[("authorization", &launch)]).await.expect("a socket");
    say(&mut script, open()).await;
    assert!(hear(&mut script).await["opened"].is_object());
    let told = table.site.stage.told_of_terminals().await;
    assert_eq!(told.len(), 2, "{told:?}");
}

#[tokio::test]
async fn what_is_said_wrong_at_first_is_told_and_opens_nothing() {
    let table = Table::laid().await;
    for word in [json!({}), json!({ "resize": { "cols": 1, "rows": 1 } }), json!({ "open": { "cols": "wide" } })] {
        let mut page = table.page().await;
        say(&mut page, word).await;
        assert_eq!(hear(&mut page).await["ended"]["reason"], "The first message says `open` or `resume`.");
        assert_eq!(closed(&mut page).await, 1000);
    }
    let mut page = table.page().await;
    say(&mut page, json!({ "resume": { "terminal": "nobody's", "received": 0, "cols": 1, "rows": 1 } })).await;
    let reason = hear(&mut page).await["ended"]["reason"].as_str().unwrap_or_default().to_owned();
    assert!(reason.starts_with("This terminal has ended"), "{reason}");
    assert_eq!(table.site.stage.told_of_terminals().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_message_that_is_too_long_closes_the_socket_and_the_terminal_is_found_again() {
    let table = Table::laid().await;
    let mut page = table.page().await;
    say(&mut page, open()).await;
    let terminal = hear(&mut page).await["opened"]["terminal"].clone();
    // Who sends it may hear of its refusal before it is through.
    drop(page.send(Message::binary(vec![b'x'; MESSAGE_MAX + 1])).await);
    while let Some(Ok(_)) = page.next().await {}
    let mut again = table.page().await;
    say(&mut again, json!({ "resume": { "terminal": terminal, "received": 0, "cols": 90, "rows": 20 } })).await;
    assert_eq!(hear(&mut again).await["opened"]["terminal"], terminal);
}

#[tokio::test]
async fn whoever_has_too_many_open_is_told_so_in_the_next_terminal() {
    let table = Table::laid_with("[limits]\nstreams = 1").await;
    let mut first = table.page().await;
    say(&mut first, open()).await;
    hear(&mut first).await;
    let mut second = table.page().await;
    say(&mut second, open()).await;
    let ended = hear(&mut second).await;
    assert!(ended["ended"]["reason"].as_str().is_some_and(|why| why.contains("too many")), "{ended}");
}

#[tokio::test]
async fn whoever_loses_the_right_loses_the_terminal_and_its_shell_is_hung_up() {
    let ways = [
        ("DELETE FROM sessions", "You are signed out."),
        ("UPDATE users SET disabled = TRUE", "You are signed out."),
        ("DELETE FROM team_groups", "You are signed out."),
        (
            "UPDATE environments SET owner_id = (SELECT id FROM users WHERE name = 'Ben')",
            "You may not do this any more: ",
        ),
    ];
    join_all(ways.map(|(statement, reason)| async move {
        let table = Table::laid().await;
        table.site.person("Ben", &["blue"], None).await;
        let mut page = table.page().await;
        say(&mut page, open()).await;
        shows_after_opening(&mut page).await;
        table.site.sql(statement).await;
        let told = hear(&mut page).await["ended"]["reason"].as_str().unwrap_or_default().to_owned();
        assert!(told.starts_with(reason), "{statement}: {told}");
        assert_eq!(closed(&mut page).await, 1008);
        let engine = &table.site.stage.engine;
        while engine.shells(&engine.containers()[0]) > 0 {
            tokio::task::yield_now().await;
        }
    }))
    .await;
}

#[tokio::test]
async fn who_types_keeps_their_session_and_who_only_has_a_terminal_open_does_not() {
    let table = Table::laid().await;
    let stage = &table.site.stage;
    let mut page = table.page().await;
    say(&mut page, open()).await;
    shows_after_opening(&mut page).await;
    stage.pass(Span::hours(7));
    types(&mut page, "echo on").await;
    while stage.store.count(&format!("sessions WHERE seen_at = {}", stage.clock.now().as_millis())).await == 0 {
        tokio::task::yield_now().await;
    }
    stage.pass(Span::hours(9));
    assert_eq!(hear(&mut page).await["ended"]["reason"], "You are signed out.");
}

async fn shows_after_opening(page: &mut Socket) {
    assert!(hear(page).await["opened"].is_object());
    shows(page, "$ ").await;
}

#[tokio::test]
async fn a_server_that_ends_tells_its_terminals_to_come_again() {
    let table = Table::laid().await;
    let mut page = table.page().await;
    say(&mut page, open()).await;
    shows_after_opening(&mut page).await;
    table.site.stage.service.close(std::time::Duration::from_secs(30)).await;
    assert_eq!(closed(&mut page).await, 1012);
    let engine = &table.site.stage.engine;
    assert_eq!(engine.shells(&engine.containers()[0]), 0);
}
