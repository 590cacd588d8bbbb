//! Shells in its containers: a line that is typed is echoed, and a few commands do what they do everywhere.

use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::world::{Refusal, World};

/// What was asked to run in a container, and what became of it.
pub(super) struct Exec {
    container: String,
    asked: Value,
    size: (String, String),
    exit_code: Option<i64>,
    /// Cancelled when it has ended, and when the connection to it is cut.
    over: CancellationToken,
}

impl Exec {
    fn new(container: String, asked: Value) -> Self {
        let size = ("0".to_owned(), "0".to_owned());
        Self { container, asked, size, exit_code: None, over: CancellationToken::new() }
    }

    fn end(&mut self, code: i64) {
        self.exit_code.get_or_insert(code);
        self.over.cancel();
    }

    fn runs_in(&self, container: &str) -> bool {
        self.container == container && self.exit_code.is_none()
    }

    fn has_variable(&self, variable: &str) -> bool {
        self.asked["Env"].as_array().is_some_and(|all| all.iter().any(|one| one == variable))
    }
}

impl World {
    pub(super) fn make_exec(&self, container: &str, asked: Value) -> Result<String, Refusal> {
        let mut state = self.state();
        let found = state.container(container)?;
        if !found.runs() {
            return Err((409, format!("Container {container} is not running")));
        }
        let container = found.id.clone();
        state.made += 1;
        let id = format!("{:064x}", state.made);
        state.execs.insert(id.clone(), Exec::new(container, asked));
        Ok(id)
    }

    /// Does what a hand without a terminal is asked for: to hang up a terminal.
    pub(super) fn run_exec(&self, id: &str) -> Result<(), Refusal> {
        let mut state = self.state();
        let hand = state.exec(id)?;
        let (container, terminal) =
            (hand.container.clone(), hand.asked["Cmd"][3].as_str().unwrap_or_default().to_owned());
        hand.end(0);
        let variable = format!("BERTH_TERMINAL={terminal}");
        let all = state.execs.values_mut();
        all.filter(|exec| exec.runs_in(&container) && exec.has_variable(&variable)).for_each(|exec| exec.end(129));
        Ok(())
    }

    /// Begins to talk over the connection that the request turns into.
    pub(super) fn talk(self: &Arc<Self>, id: &str, connection: OnUpgrade) -> Result<(), Refusal> {
        let mut state = self.state();
        let over = state.exec(id)?.over.clone();
        let container = state.exec(id)?.container.clone();
        let has_shell = state.container(&container)?.image.has_shell;
        drop(state);
        let (world, id) = (Arc::clone(self), id.to_owned());
        tokio::spawn(async move {
            let Ok(connection) = connection.await else { return };
            let mut connection = TokioIo::new(connection);
            if has_shell {
                over.run_until_cancelled(world.shell(&id, &mut connection)).await;
            } else {
                let text =
                    b"OCI runtime exec failed: exec failed: exec: \"/bin/sh\": no such file or directory: unknown\r\n";
                drop(connection.write_all(text).await);
                world.end_exec(&id, 126);
            }
        });
        Ok(())
    }

    async fn shell(&self, id: &str, connection: &mut TokioIo<hyper::upgrade::Upgraded>) {
        let (mut line, mut typed) = (Vec::new(), [0; 1024]);
        if connection.write_all(b"$ ").await.is_err() {
            return;
        }
        while let Ok(count @ 1..) = connection.read(&mut typed).await {
            for byte in &typed[..count] {
                let mut answer = vec![*byte];
                if *byte == b'\r' {
                    answer.push(b'\n');
                    match self.command(id, &String::from_utf8_lossy(&line)) {
                        Some(output) => answer.extend(output),
                        None => return,
                    }
                    answer.extend(b"$ ");
                    line.clear();
                } else {
                    line.push(*byte);
                }
                if connection.write_all(&answer).await.is_err() {
                    return;
                }
            }
        }
    }

    /// What a command writes; `None` when it ends the shell.
    fn command(&self, id: &str, line: &str) -> Option<Vec<u8>> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.split(';').next().unwrap_or_default();
        match command {
            "exit" => {
                self.end_exec(id, rest.parse().unwrap_or(0));
                None
            }
            "rm" => {
                self.lose_shell(id);
                Some(b"gone\r\n".to_vec())
            }
            "echo" => Some(format!("{rest}\r\n").into_bytes()),
            "printf" => Some(printed(rest.trim_matches('\''))),
            "stty" => {
                let (cols, rows) = self.state().exec(id).ok()?.size.clone();
                Some(format!("{rows} {cols}\r\n").into_bytes())
            }
            "yes" => Some("y\r\n".repeat(rest.parse().unwrap_or(1)).into_bytes()),
            _ => Some(Vec::new()),
        }
    }

    /// From now on none starts in the same container.
    fn lose_shell(&self, id: &str) {
        let mut state = self.state();
        let container = state.exec(id).map(|exec| exec.container.clone()).unwrap_or_default();
        if let Ok(container) = state.container(&container) {
            container.image.has_shell = false;
        }
    }

    fn end_exec(&self, id: &str, code: i64) {
        if let Ok(exec) = self.state().exec(id) {
            exec.end(code);
        }
    }

    pub(super) fn resize_exec(&self, id: &str, cols: &str, rows: &str) -> Result<(), Refusal> {
        self.state().exec(id)?.size = (cols.to_owned(), rows.to_owned());
        Ok(())
    }

    pub(super) fn see_exec(&self, id: &str) -> Result<Value, Refusal> {
        let code = self.state().exec(id)?.exit_code;
        Ok(json!({ "ID": id, "Running": code.is_none(), "ExitCode": code }))
    }

    /// How many shells run in a container.
    pub(super) fn shells(&self, container: &str) -> usize {
        self.state().execs.values().filter(|exec| exec.runs_in(container)).count()
    }

    /// Cuts every connection to a shell; the shells go on.
    pub(super) fn cut_shells(&self) {
        self.state().execs.values().for_each(|exec| exec.over.cancel());
    }
}

impl super::world::State {
    fn exec(&mut self, id: &str) -> Result<&mut Exec, Refusal> {
        self.execs.get_mut(id).ok_or_else(|| (404, format!("No such exec instance: {id}")))
    }

    /// With its container, everything in it ends.
    pub(super) fn end_execs(&mut self, container: &str) {
        self.execs.values_mut().filter(|exec| exec.container == container).for_each(|exec| exec.end(137));
    }
}

/// `\n` is a new line, as a terminal shows it, and `\001` the byte 1.
fn printed(text: &str) -> Vec<u8> {
    let mut parts = text.split('\\');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let octal = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match (octal, part.strip_prefix('n')) {
            (Some(byte), _) => bytes.extend([&[byte], &part.as_bytes()[3..]].concat()),
            (None, Some(rest)) => bytes.extend([b"\r\n", rest.as_bytes()].concat()),
            (None, None) => bytes.extend(part.as_bytes()),
        }
    }
    bytes
}
