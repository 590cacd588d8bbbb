//! The protocol: from a request to what the engine would answer, or to how it goes wrong.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::Arc;

use futures::{Stream, StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::HeaderValue;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value, json};
use tokio_stream::wrappers::BroadcastStream;

use super::mood::{Book, Call, Mood};
use super::world::{Container, Refusal, World};

type Body = UnsyncBoxBody<Bytes, io::Error>;
type Answer = Result<Response<Body>, Refusal>;

/// The newest version of the API that it speaks, as the engine of Debian 12.
const API: &str = "1.41";

/// A request for one of its calls.
struct Asked {
    call: Call,
    /// An id or a reference, where the call has one.
    what: String,
    query: HashMap<String, String>,
}

/// An error breaks the connection.
pub(super) async fn answer(
    world: &Arc<World>,
    book: &Book,
    mut request: Request<Incoming>,
) -> io::Result<Response<Body>> {
    let asked = match understand(&request) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(refused(&refusal)),
    };
    let connection = hyper::upgrade::on(&mut request);
    let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    let name = asked.query.get("name").or(asked.query.get("fromImage")).map_or("", String::as_str);
    let mood = book.decided(asked.call, format!("{}{name}", asked.what)).await;
    match &mood {
        Mood::Refuse { status, message } => return Ok(refused(&(*status, message.clone()))),
        Mood::Nonsense => return Ok(with_body(StatusCode::OK, "{\"Id\": [<html>\n")),
        Mood::Hang => pending::<()>().await,
        Mood::Held(gate) => gate.pass().await,
        Mood::Well | Mood::LoseAnswer | Mood::HalfAnswer | Mood::FailMidway(_) | Mood::HeldMidway(_) => {}
    }
    let acted = match asked.call {
        Call::ExecStart => start_exec(world, &asked.what, &body, connection),
        _ => act(world, &asked, &body, &mood).await,
    };
    let response = acted.unwrap_or_else(|refusal| refused(&refusal));
    match mood {
        Mood::LoseAnswer => Err(io::Error::other("the answer is lost")),
        Mood::HalfAnswer => Ok(half(response).await),
        _ => Ok(response),
    }
}

fn understand(request: &Request<Incoming>) -> Result<Asked, Refusal> {
    let path = request.uri().path().trim_start_matches('/');
    let path = match path.strip_prefix("v1.").and_then(|rest| rest.split_once('/')) {
        Some((minor, _)) if minor.parse::<u32>().is_ok_and(|minor| minor > 41) => {
            return Err((400, format!("client version 1.{minor} is too new. Maximum supported API version is {API}")));
        }
        Some((_, rest)) => rest,
        None if path == "version" => path,
        // Docker takes it today and calls it deprecated.
        None => return Err((400, "no version of the API is named".to_owned())),
    };
    let (noun, rest) = path.split_once('/').unwrap_or((path, ""));
    let (what, verb) = rest.rsplit_once('/').unwrap_or((rest, ""));
    let call = match (request.method(), noun, verb) {
        (&Method::GET, "version", _) => Call::Version,
        (&Method::GET, "info", _) => Call::Info,
        (&Method::GET, "_ping", _) => Call::Ping,
        (&Method::GET, "events", _) => Call::Events,
        (&Method::POST, "images", "") if what == "create" => Call::Pull,
        (&Method::GET, "images", "json") => Call::Image,
        (&Method::GET, "containers", "") if what == "json" => Call::List,
        (&Method::POST, "containers", "") if what == "create" => Call::Create,
        (&Method::DELETE, "containers", "") => Call::Remove,
        (&Method::GET, "containers", "json") => Call::Inspect,
        (&Method::GET, "containers", "logs") => Call::Logs,
        (&Method::GET, "containers", "stats") => Call::Stats,
        (&Method::POST, "containers", "start") => Call::Start,
        (&Method::POST, "containers", "stop") => Call::Stop,
        (&Method::POST, "containers", "wait") => Call::Wait,
        (&Method::POST, "containers", "exec") => Call::Exec,
        (&Method::POST, "exec", "start") => Call::ExecStart,
        (&Method::POST, "exec", "resize") => Call::ExecResize,
        (&Method::GET, "exec", "json") => Call::ExecInspect,
        (&Method::GET, "networks", "") if what == "bridge" => Call::Bridge,
        (&Method::GET, "networks", "") if what.is_empty() => Call::Networks,
        (&Method::GET, "networks", "") => Call::Network,
        (&Method::POST, "containers", "unpause") => Call::Unpause,
        (&Method::POST, "networks", "") if what == "create" => Call::NetworkCreate,
        (&Method::DELETE, "networks", "") => Call::NetworkRemove,
        (&Method::POST, "networks", "connect") => Call::NetworkConnect,
        (&Method::POST, "networks", "disconnect") => Call::NetworkDisconnect,
        _ => return Err((404, "page not found".to_owned())),
    };
    Ok(Asked { call, what: what.to_owned(), query: query_of(request.uri().query().unwrap_or_default()) })
}

fn query_of(query: &str) -> HashMap<String, String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (unescape(name), unescape(value))).collect()
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.map(char::from).and_then(|c| c.to_digit(16)));
                let [Some(high), Some(low)] = digits else { return String::new() };
                u8::try_from(high * 16 + low).expect("two hexadecimal digits")
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap_or_default()
}

async fn act(world: &World, asked: &Asked, body: &[u8], mood: &Mood) -> Answer {
    let Asked { call, what, query } = asked;
    match call {
        Call::Version => Ok(json_body(&world.told(json!({
            "Version": "20.10.24", "ApiVersion": API, "MinAPIVersion": "1.12", "Os": "linux", "Arch": "amd64",
        })))),
        Call::Info => Ok(json_body(&world.info())),
        Call::Ping => Ok(done(true)),
        Call::Image => Ok(json_body(&json!({ "Id": world.image(what)?, "RepoDigests": world.digests(what)? }))),
        Call::Pull => pull(world, query, mood),
        Call::Create => create(world, query, body),
        Call::Start => Ok(done(world.start(what).await?)),
        Call::Stop => Ok(done(world.stop(what, query.get("t").map_or("10", String::as_str))?)),
        Call::Remove => {
            world.remove(what, is_true(query, "force"))?;
            Ok(done(true))
        }
        Call::Inspect => Ok(json_body(&world.see(what, |container| inspected(container, is_true(query, "size")))?)),
        Call::List => Ok(json_body(&list(world, query))),
        Call::Logs => Ok(with_body(StatusCode::OK, world.see(what, |container| logs(container, query))?)),
        Call::Stats if is_true(query, "stream") || !is_true(query, "one-shot") => {
            Err((400, "a stream, or one that waits for two readings, is not what Berth asks for".to_owned()))
        }
        Call::Stats => Ok(json_body(&world.see(what, stats)?)),
        Call::Events => Ok(events(world, query)),
        Call::Exec => {
            let mut response = json_body(&json!({ "Id": world.make_exec(what, read(body)?)? }));
            *response.status_mut() = StatusCode::CREATED;
            Ok(response)
        }
        Call::ExecResize => {
            let size = |name: &str| query.get(name).map_or("", String::as_str);
            world.resize_exec(what, size("w"), size("h"))?;
            Ok(done(true))
        }
        Call::ExecInspect => Ok(json_body(&world.see_exec(what)?)),
        Call::Bridge => Ok(json_body(&world.bridge())),
        Call::Networks => Ok(json_body(&world.networks())),
        Call::Network => Ok(json_body(&world.network(what)?)),
        Call::Unpause => {
            world.pause(what, false);
            Ok(done(true))
        }
        Call::NetworkCreate => {
            let mut response = json_body(&json!({ "Id": world.make_network(&read(body)?)?, "Warning": "" }));
            *response.status_mut() = StatusCode::CREATED;
            Ok(response)
        }
        Call::NetworkRemove => {
            world.remove_network(what)?;
            Ok(done(true))
        }
        Call::NetworkConnect | Call::NetworkDisconnect => {
            let asked = read(body)?;
            world.connect(what, asked["Container"].as_str().unwrap_or_default(), *call == Call::NetworkConnect)?;
            Ok(with_body(StatusCode::OK, ""))
        }
        Call::ExecStart => unreachable!("it takes the connection"),
        Call::Wait => Ok(json_body(&json!({ "StatusCode": world.see(what, |container| container.exit_code)? }))),
    }
}

/// Without a terminal it is run; with one, the connection becomes it.
fn start_exec(world: &Arc<World>, id: &str, body: &[u8], connection: OnUpgrade) -> Answer {
    let asked: Value = serde_json::from_slice(body).map_err(|error| (400, error.to_string()))?;
    if asked["Detach"] == true {
        world.run_exec(id)?;
        return Ok(with_body(StatusCode::OK, ""));
    }
    world.talk(id, connection)?;
    let mut response = with_body(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = response.headers_mut();
    headers.insert("connection", HeaderValue::from_static("Upgrade"));
    headers.insert("upgrade", HeaderValue::from_static("tcp"));
    Ok(response)
}

fn read(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| (400, error.to_string()))
}

fn create(world: &World, query: &HashMap<String, String>, body: &[u8]) -> Answer {
    let asked = read(body)?;
    let id = world.create(query.get("name").map_or("", String::as_str), asked)?;
    let mut response = json_body(&json!({ "Id": id, "Warnings": [] }));
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Tells each layer's way, and puts the image on the host before the last line.
fn pull(world: &World, query: &HashMap<String, String>, mood: &Mood) -> Answer {
    let reference = query.get("fromImage").ok_or((400, "no image is named".to_owned()))?;
    let layers = world.in_registry(reference)?;
    let layer = |status: &str, number: usize, progress: Value| json!({ "status": status, "id": format!("{number:012x}"), "progressDetail": progress });
    let mut lines = vec![json!({ "status": format!("Pulling from {reference}"), "id": "1" })];
    lines.extend((0..layers).map(|number| layer("Pulling fs layer", number, json!({}))));
    if let Mood::FailMidway(message) = mood {
        lines.push(json!({ "errorDetail": { "message": message }, "error": message }));
    } else {
        for number in 0..layers {
            lines.push(layer("Downloading", number, json!({ "current": 512, "total": 1024 })));
            lines.push(layer("Extracting", number, json!({ "current": 1024, "total": 1024 })));
            lines.push(layer("Pull complete", number, json!({})));
        }
        world.pulled(reference);
        lines.push(json!({ "status": format!("Status: Downloaded newer image for {reference}") }));
    }
    if let Mood::HeldMidway(gate) = mood {
        let (rest, gate) = (lines.split_off(lines.len() / 2), gate.clone());
        let rest = stream::once(async move { gate.pass().await }).flat_map(move |()| stream::iter(rest.clone()));
        return Ok(streamed(stream::iter(lines).chain(rest)));
    }
    Ok(streamed(stream::iter(lines)))
}

fn inspected(container: &Container, counts: bool) -> Value {
    const NEVER: &str = "0001-01-01T00:00:00Z";
    let ports: HashMap<&String, Value> = container
        .ports
        .iter()
        .map(|(port, (host_ip, host_port))| (port, json!([{ "HostIp": host_ip, "HostPort": host_port.to_string() }])))
        .collect();
    let mut state = json!({
        "Status": container.told_status(),
        "ExitCode": container.exit_code,
        "OOMKilled": container.oom_killed,
        "Error": container.error,
        "StartedAt": container.started.as_deref().unwrap_or(NEVER),
        "FinishedAt": container.finished.as_deref().unwrap_or(NEVER),
    });
    if let Some(health) = &container.health {
        state["Health"] = json!({ "Status": health, "FailingStreak": 0, "Log": [] });
    }
    let mut told = json!({
        "Id": container.id,
        "Name": format!("/{}", container.name),
        "Created": container.created,
        "State": state,
        "Config": { "Labels": container.asked["Labels"], "Env": container.asked["Env"], "Image": container.asked["Image"] },
        "HostConfig": container.asked["HostConfig"],
        "NetworkSettings": { "Ports": ports, "Networks": networks(container) },
    });
    if counts {
        told["SizeRw"] = json!(container.written);
    }
    told
}

fn networks(container: &Container) -> Value {
    container.networks.iter().map(|(name, id)| (name.clone(), json!({ "NetworkID": id }))).collect::<Map<_, _>>().into()
}

fn list(world: &World, query: &HashMap<String, String>) -> Value {
    let labels = filter(query, "label");
    let fits = |container: &Container| (is_true(query, "all") || container.runs()) && has_labels(container, &labels);
    world.see_all(|container| fits(container).then(|| listed(container))).into()
}

fn listed(container: &Container) -> Value {
    let ports: Vec<Value> = container
        .ports
        .iter()
        .filter_map(|(port, (host_ip, host_port))| {
            let (number, protocol) = port.split_once('/')?;
            let number: u16 = number.parse().ok()?;
            Some(json!({ "IP": host_ip, "PrivatePort": number, "PublicPort": host_port, "Type": protocol }))
        })
        .collect();
    json!({
        "Id": container.id,
        "Names": [format!("/{}", container.name)],
        "Labels": container.asked["Labels"],
        "State": container.told_status(),
        "Status": in_words(container),
        "NetworkSettings": { "Networks": networks(container) },
        "Ports": ports,
    })
}

/// As the engine tells it to people: health is nowhere else in a list.
fn in_words(container: &Container) -> String {
    match (container.told_status(), container.health.as_deref()) {
        ("running", Some("starting")) => "Up 3 minutes (health: starting)".to_owned(),
        ("running", Some(health)) => format!("Up 3 minutes ({health})"),
        ("paused", _) => "Up 3 minutes (Paused)".to_owned(),
        (other, _) => other.to_owned(),
    }
}

/// As one reading; of what does not run, nothing is used and there is no network.
fn stats(container: &Container) -> Value {
    let cpu = container.used.map_or(0, |used| used.cpu_nanos);
    let mut stats = json!({ "cpu_stats": { "cpu_usage": { "total_usage": cpu }, "throttling_data": {} } });
    if let Some(used) = container.used {
        stats["networks"] = json!({ "eth0": { "rx_bytes": used.received, "tx_bytes": used.sent } });
    }
    stats
}

fn is_true(query: &HashMap<String, String>, name: &str) -> bool {
    query.get(name).is_some_and(|value| value == "true")
}

/// The values of one filter of a query.
fn filter(query: &HashMap<String, String>, name: &str) -> Vec<String> {
    let filters: Value = query.get("filters").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let values = filters[name].as_array().cloned().unwrap_or_default();
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn has_labels(container: &Container, labels: &[String]) -> bool {
    labels.iter().filter_map(|label| label.split_once('=')).all(|(name, value)| container.label(name) == Some(value))
}

/// The last lines, each in a frame: stream 1, three zeros, the length, the line.
fn logs(container: &Container, query: &HashMap<String, String>) -> Vec<u8> {
    let tail = query.get("tail").and_then(|tail| tail.parse().ok()).unwrap_or(usize::MAX);
    let lines = if container.started.is_some() { container.image.log.as_slice() } else { &[] };
    let frame = |line: &String| {
        let line = format!("{line}\n");
        let length = u32::try_from(line.len()).expect("a short line").to_be_bytes();
        [&[1, 0, 0, 0], length.as_slice(), line.as_bytes()].concat()
    };
    lines[lines.len().saturating_sub(tail)..].iter().flat_map(frame).collect()
}

fn events(world: &World, query: &HashMap<String, String>) -> Response<Body> {
    let (labels, actions) = (filter(query, "label"), filter(query, "event"));
    let fits = move |event: &Value| {
        let has = |(name, value): (&str, &str)| event["Actor"]["Attributes"][name].as_str() == Some(value);
        let action = event["Action"].as_str().unwrap_or_default();
        let asked = actions.iter().any(|asked| action.split(':').next() == Some(asked));
        (asked || actions.is_empty()) && labels.iter().filter_map(|label| label.split_once('=')).all(has)
    };
    let told = BroadcastStream::new(world.subscribe()).filter_map(|event| async { event.ok() });
    streamed(told.filter(move |event| std::future::ready(fits(event))))
}

/// JSON lines.
fn streamed(lines: impl Stream<Item = Value> + Send + 'static) -> Response<Body> {
    let frames = lines.map(|line| Ok(Frame::data(Bytes::from(format!("{line}\r\n")))));
    Response::new(StreamBody::new(frames).boxed_unsync())
}

fn json_body(value: &Value) -> Response<Body> {
    with_body(StatusCode::OK, value.to_string())
}

/// Without a body: done, or nothing to do.
fn done(changed: bool) -> Response<Body> {
    with_body(if changed { StatusCode::NO_CONTENT } else { StatusCode::NOT_MODIFIED }, "")
}

fn refused((status, message): &Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(*status).expect("a status");
    with_body(status, json!({ "message": message }).to_string())
}

fn with_body(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    let body = Full::new(body.into()).map_err(|never: Infallible| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// The same answer's first half, and then a broken connection.
async fn half(response: Response<Body>) -> Response<Body> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body of ours").to_bytes();
    let first = Ok(Frame::data(body.slice(..body.len() / 2)));
    let frames = stream::iter([first, Err(io::Error::other("the connection breaks"))]);
    Response::from_parts(parts, StreamBody::new(frames).boxed_unsync())
}
