//! A shell in a container, on a terminal of its own. The engine hands over the connection, and what it carries from then on
//! are the terminal's bytes as they are; the library would look for frames in them.

use std::time::Duration;

use bollard::Docker;
use bollard::exec::{CreateExecOptions, StartExecOptions};
use bollard::query_parameters::ResizeExecOptionsBuilder;
use hyper::body::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use model::terminal::Size;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

use super::container::ContainerId;
use super::error::EngineError;
use super::wire::Wire;

/// In every process of a terminal: its name.
const NAME: &str = "BERTH_TERMINAL";

/// The better shell of the two that images have.
const SHELL: &str = "if command -v bash >/dev/null 2>&1; then exec bash -i; else exec sh -i; fi";

/// Hangs up every process of the terminal that the argument names; one that was stopped is woken to hear it.
const HANG_UP: &str = r#"
for process in /proc/[0-9]*; do
  case "$(cat "$process/environ" 2>/dev/null)" in
    *"BERTH_TERMINAL=$0"*) kill -HUP "${process#/proc/}"; kill -CONT "${process#/proc/}" ;;
  esac
done 2>/dev/null"#;

/// How often a new size is told to a shell that is just being started, and how long is waited between.
const RESIZES: u32 = 20;
const RESIZE_AGAIN: Duration = Duration::from_millis(50);

/// Most bytes of output that are read at once.
const READ_MAX: usize = 16 << 10;

/// The engine's id of a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell(String);

/// What is typed.
#[derive(Debug)]
pub struct Input(WriteHalf<TokioIo<Upgraded>>);

/// What is shown.
#[derive(Debug)]
pub struct Output(ReadHalf<TokioIo<Upgraded>>);

impl Input {
    /// Waits while the shell takes no more.
    ///
    /// # Errors
    /// When the shell has ended or the engine is gone.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.0.write_all(bytes).await?;
        Ok(self.0.flush().await?)
    }
}

impl Output {
    /// The next bytes; `None` when the shell has ended, or the engine is gone. Nothing is lost when it is not awaited to its end.
    pub async fn next(&mut self) -> Option<Bytes> {
        let mut bytes = Vec::with_capacity(READ_MAX);
        match self.0.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(bytes.into()),
        }
    }
}

pub(super) async fn open(
    calls: &Docker,
    wire: &Wire,
    id: &ContainerId,
    name: &str,
    size: Size,
) -> Result<(Shell, Input, Output), EngineError> {
    let options = CreateExecOptions {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(true),
        env: Some(vec!["TERM=xterm-256color".to_owned(), format!("{NAME}={name}")]),
        cmd: Some(["/bin/sh", "-c", SHELL].map(str::to_owned).to_vec()),
        ..CreateExecOptions::default()
    };
    let shell = Shell(calls.create_exec(id.as_str(), options).await?.id);
    let connection =
        wire.take_over(&format!("/exec/{}/start", shell.0), &json!({ "Detach": false, "Tty": true })).await?;
    let (output, input) = tokio::io::split(TokioIo::new(connection));
    // Between the connection and the shell behind it there is a moment in which it has no size to change.
    for _ in 0..RESIZES {
        if resize(calls, &shell, size).await.is_ok() || ended(wire, &shell).await?.is_some() {
            break;
        }
        tokio::time::sleep(RESIZE_AGAIN).await;
    }
    Ok((shell, Input(input), Output(output)))
}

pub(super) async fn resize(calls: &Docker, shell: &Shell, size: Size) -> Result<(), EngineError> {
    let options = ResizeExecOptionsBuilder::new().w(i32::from(size.cols())).h(i32::from(size.rows())).build();
    Ok(calls.resize_exec(&shell.0, options).await?)
}

pub(super) async fn ended(wire: &Wire, shell: &Shell) -> Result<Option<i64>, EngineError> {
    Ok(wire.get::<ShellAnswer>(&format!("/exec/{}/json", shell.0)).await?.ended())
}

/// `GET /exec/{id}/json`, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShellAnswer {
    running: bool,
    exit_code: Option<i64>,
}

impl ShellAnswer {
    /// Podman has the code 0 while the shell runs.
    fn ended(&self) -> Option<i64> {
        self.exit_code.filter(|_| !self.running)
    }
}

pub(super) async fn hang_up(calls: &Docker, id: &ContainerId, name: &str) -> Result<(), EngineError> {
    let options = CreateExecOptions {
        cmd: Some(["/bin/sh", "-c", HANG_UP, name].map(str::to_owned).to_vec()),
        ..CreateExecOptions::default()
    };
    let hand = calls.create_exec(id.as_str(), options).await?.id;
    calls.start_exec(&hand, Some(StartExecOptions { detach: true, ..StartExecOptions::default() })).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_that_runs_has_no_exit_code() {
        for (answer, ended) in [
            (r#"{"Running":true,"ExitCode":null}"#, None),
            (r#"{"Running":true,"ExitCode":0}"#, None),
            (r#"{"Running":false,"ExitCode":3}"#, Some(3)),
        ] {
            let read: ShellAnswer = serde_json::from_str(answer).expect("an answer");
            assert_eq!(read.ended(), ended, "{answer}");
        }
    }
}
