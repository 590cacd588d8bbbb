//! A real Docker Engine, spoken to by hand: to give it images for the tests, and to look behind what is tested.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Where a static busybox is found on the machine.
const BUSYBOX: [&str; 2] = ["/bin/busybox", "/usr/bin/busybox"];

/// The engine of `DOCKER_HOST`, or of the usual socket.
#[derive(Debug, Clone)]
pub struct RealEngine {
    host: String,
}

impl RealEngine {
    /// `None`, with a printed line, when none answers and none has to.
    pub fn find() -> Option<Self> {
        let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
        let engine = Self { host };
        let answers = engine.ask("GET", "/_ping", &[]).is_ok_and(|(status, _)| status == 200);
        if answers {
            return Some(engine);
        }
        let must = std::env::var("BERTH_TEST_DOCKER").is_ok_and(|value| value == "1");
        assert!(!must, "BERTH_TEST_DOCKER=1, and no engine answers at {}", engine.host);
        println!("skipped: no engine answers at {}", engine.host);
        None
    }

    /// Whether it is on this machine.
    pub fn is_here(&self) -> bool {
        self.host.starts_with("unix://")
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// Makes an image of a busybox, with these instructions of a Dockerfile.
    pub fn import(&self, name: &str, instructions: &[&str]) {
        let changes: String = instructions.iter().map(|line| format!("&changes={}", escape(line))).collect();
        let path = format!("/images/create?fromSrc=-&repo={}{changes}", escape(name));
        let (status, answer) = self.ask("POST", &path, &root_folder()).expect("an answer");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    }

    pub fn inspect(&self, id: &str) -> Value {
        let (_, answer) = self.ask("GET", &format!("/containers/{id}/json"), &[]).expect("an answer");
        serde_json::from_slice(&answer).expect("JSON")
    }

    /// What somebody does to a container on the host: `pause`, `kill`.
    pub fn does(&self, what: &str, id: &str) {
        let (status, answer) = self.ask("POST", &format!("/containers/{id}/{what}"), &[]).expect("an answer");
        assert_eq!(status, 204, "{what}: {}", String::from_utf8_lossy(&answer));
    }

    /// The names of all volumes.
    pub fn volumes(&self) -> Vec<String> {
        let (_, answer) = self.ask("GET", "/volumes", &[]).expect("an answer");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let volumes = answer["Volumes"].as_array().cloned().unwrap_or_default();
        volumes.iter().filter_map(|volume| volume["Name"].as_str()).map(str::to_owned).collect()
    }

    /// Removes what a test left of these installations, and its images.
    pub fn clean(&self, installations: &[&str], images: &[String]) {
        let containers =
            installations.iter().flat_map(|installation| self.labelled("/containers/json?all=true&", installation));
        let paths = containers.map(|id| format!("/containers/{id}?force=true&v=true"));
        let networks = installations.iter().flat_map(|installation| self.labelled("/networks?", installation));
        let networks = networks.map(|id| format!("/networks/{id}"));
        for path in paths.chain(networks).chain(images.iter().map(|image| format!("/images/{image}?force=true"))) {
            if let Err(error) = self.ask("DELETE", &path, &[]) {
                println!("not removed: {path}: {error}");
            }
        }
    }

    /// A container's addresses on its networks.
    pub fn inner_addresses(&self, id: &str) -> Vec<String> {
        let inspected = self.inspect(id);
        let networks = inspected["NetworkSettings"]["Networks"].as_object().cloned().unwrap_or_default();
        networks.values().filter_map(|network| network["IPAddress"].as_str()).map(str::to_owned).collect()
    }

    /// The ids of what the engine lists at `path`, which takes more of a query, with the label of an installation.
    fn labelled(&self, path: &str, installation: &str) -> Vec<String> {
        let filters = escape(&format!(r#"{{"label":["berth.installation={installation}"]}}"#));
        let listed = self.ask("GET", &format!("{path}filters={filters}"), &[]);
        let listed = listed.ok().and_then(|(_, answer)| serde_json::from_slice::<Value>(&answer).ok());
        let all = listed.and_then(|listed| listed.as_array().cloned()).unwrap_or_default();
        all.iter().filter_map(|one| one["Id"].as_str()).map(str::to_owned).collect()
    }

    /// One request in HTTP/1.0, whose answer ends with the connection.
    pub fn ask(&self, method: &str, path: &str, body: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = self.connect()?;
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
        let status = String::from_utf8_lossy(&answer[..end]).split(' ').nth(1).and_then(|word| word.parse().ok());
        let body = answer.get(end + 4..).unwrap_or_default().to_vec();
        Ok((status.ok_or_else(|| std::io::Error::other("no HTTP"))?, body))
    }

    fn connect(&self) -> std::io::Result<Box<dyn Stream>> {
        let patience = Some(Duration::from_secs(60));
        if let Some(path) = self.host.strip_prefix("unix://") {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(patience)?;
            return Ok(Box::new(stream));
        }
        let stream = TcpStream::connect(self.host.trim_start_matches("tcp://"))?;
        stream.set_read_timeout(patience)?;
        Ok(Box::new(stream))
    }
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

fn escape(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A tar of a root folder with busybox under its names.
fn root_folder() -> Vec<u8> {
    let busybox =
        BUSYBOX.into_iter().find(|path| std::path::Path::new(path).exists()).expect("busybox-static is installed");
    let folder = tempfile::tempdir().expect("a folder");
    let bin = folder.path().join("bin");
    std::fs::create_dir_all(folder.path().join("www")).expect("a folder");
    std::fs::create_dir_all(&bin).expect("a folder");
    std::fs::copy(busybox, bin.join("busybox")).expect("a copy of busybox");
    for name in ["sh", "httpd", "sleep", "true", "cat", "printf", "env", "grep", "hostname", "nc"] {
        std::os::unix::fs::symlink("busybox", bin.join(name)).expect("a link");
    }
    let mut tar = Command::new("tar");
    tar.args(["--create", "--numeric-owner", "--owner=0", "--group=0", "--directory"]).arg(folder.path()).arg(".");
    let made = tar.stderr(Stdio::inherit()).output().expect("tar is installed");
    assert!(made.status.success(), "tar failed");
    made.stdout
}
