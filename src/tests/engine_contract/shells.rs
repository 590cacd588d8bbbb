//! Shells in containers, on a real engine and on the stand-in.

use docker::{ContainerId, EngineError, Input, Output, Shell};
use model::terminal::Size;
use model::units::Span;

use super::Site;

contract! {
    a_shell_shows_what_is_typed_and_what_that_writes,
    every_byte_of_a_terminal_arrives_as_it_is,
    a_terminal_has_the_size_it_was_given_last,
    a_shell_that_exits_says_its_code,
    a_terminal_that_is_hung_up_ends_and_leaves_others_alone,
    a_shell_ends_with_its_container,
    where_there_is_no_shell_the_code_says_so,
    in_a_container_that_does_not_run_no_shell_opens,
}

const SIZE: Size = Size::new(80, 24);

/// A shell in a container, and what it has shown so far.
struct Terminal {
    shell: Shell,
    input: Input,
    output: Output,
    shown: Vec<u8>,
}

impl Site {
    async fn shell(&self, id: &ContainerId, name: &str) -> Terminal {
        let (shell, input, output) = self.engine.open_shell(id, name, SIZE).await.expect("a shell");
        Terminal { shell, input, output, shown: Vec::new() }
    }
}

impl Terminal {
    async fn types(&mut self, line: &str) {
        self.input.write(format!("{line}\r").as_bytes()).await.expect("somebody reads");
    }

    /// Waits until this was shown, and forgets what came before it.
    async fn shows(&mut self, what: &str) {
        loop {
            let found = self.shown.windows(what.len()).position(|bytes| bytes == what.as_bytes());
            if let Some(at) = found {
                self.shown.drain(..at + what.len());
                return;
            }
            let shown = String::from_utf8_lossy(&self.shown).into_owned();
            let more = self.output.next().await;
            self.shown.extend(more.unwrap_or_else(|| panic!("it ended before it showed {what:?}: {shown:?}")));
        }
    }

    async fn ends(&mut self) {
        while self.output.next().await.is_some() {}
    }
}

async fn a_shell_shows_what_is_typed_and_what_that_writes(site: &mut Site) {
    let id = site.started("sleeps").await;
    let mut terminal = site.shell(&id, "one").await;
    terminal.types("echo blue").await;
    terminal.shows("echo blue").await;
    terminal.shows("\r\nblue\r\n").await;
}

async fn every_byte_of_a_terminal_arrives_as_it_is(site: &mut Site) {
    let id = site.started("sleeps").await;
    let mut terminal = site.shell(&id, "one").await;
    // Where frames are looked for, these begin one of 1.6 GB.
    terminal.types(r"printf '\001\000\000\000abc\n'").await;
    terminal.shows("\r\n\u{1}\u{0}\u{0}\u{0}abc\r\n").await;
    terminal.types("echo on").await;
    terminal.shows("\r\non\r\n").await;
}

async fn a_terminal_has_the_size_it_was_given_last(site: &mut Site) {
    let id = site.started("sleeps").await;
    let mut terminal = site.shell(&id, "one").await;
    terminal.types("stty size").await;
    terminal.shows("\r\n24 80\r\n").await;
    site.engine.resize_shell(&terminal.shell, Size::new(132, 43)).await.expect("another size");
    terminal.types("stty size").await;
    terminal.shows("\r\n43 132\r\n").await;
}

async fn a_shell_that_exits_says_its_code(site: &mut Site) {
    let id = site.started("sleeps").await;
    let mut terminal = site.shell(&id, "one").await;
    assert_eq!(site.engine.shell_ended(&terminal.shell).await, Ok(None));
    terminal.types("exit 3").await;
    terminal.ends().await;
    assert_eq!(site.engine.shell_ended(&terminal.shell).await, Ok(Some(3)));
}

async fn a_terminal_that_is_hung_up_ends_and_leaves_others_alone(site: &mut Site) {
    let id = site.started("sleeps").await;
    let (mut one, mut other) = (site.shell(&id, "one").await, site.shell(&id, "two").await);
    other.types("echo ready").await;
    other.shows("\r\nready\r\n").await;
    // What is stopped, or reads nothing, is hung up as well.
    one.types("echo ready; sleep 1000").await;
    one.shows("\r\nready").await;
    site.engine.hang_up(&id, "one").await.expect("an end");
    one.ends().await;
    other.types("echo on").await;
    other.shows("\r\non\r\n").await;
}

async fn a_shell_ends_with_its_container(site: &mut Site) {
    let id = site.started("sleeps").await;
    let mut terminal = site.shell(&id, "one").await;
    site.engine.stop(&id, Span::seconds(0)).await.expect("a stop");
    terminal.ends().await;
}

async fn where_there_is_no_shell_the_code_says_so(site: &mut Site) {
    let id = site.started("sleeps").await;
    let mut terminal = site.shell(&id, "one").await;
    terminal.types("rm /bin/sh; echo gone").await;
    terminal.shows("\r\ngone\r\n").await;
    let mut none = site.shell(&id, "two").await;
    none.ends().await;
    let code = site.engine.shell_ended(&none.shell).await;
    assert!(matches!(code, Ok(Some(126 | 127))), "{code:?}");
}

async fn in_a_container_that_does_not_run_no_shell_opens(site: &mut Site) {
    let id = site.started("sleeps").await;
    site.engine.stop(&id, Span::seconds(0)).await.expect("a stop");
    let refused = site.engine.open_shell(&id, "one", SIZE).await.map(drop);
    assert!(matches!(refused, Err(EngineError::Conflict(_))), "{refused:?}");
}
