//! Takes syslog lines on 514/udp and shows the last of them as a page on 80.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

const KEPT: usize = 500;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="3">
<link rel="icon" href="data:,">
<title>Collector</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { margin: 0; padding: 2rem; color: light-dark(#1b2733, #e6ebf0); background: light-dark(#fff, #10161d); }
  h1 { font-size: 1.25rem; }
  li { font: 13px/1.6 ui-monospace, monospace; overflow-wrap: anywhere; }
</style>
"#;

/// The last lines, oldest first.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<VecDeque<String>>>);

impl Lines {
    fn push(&self, line: String) {
        let mut lines = self.lock();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn page(&self, team: &str) -> String {
        let lines = self.lock();
        let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", escaped(line))).collect();
        let count = lines.len();
        format!("{HEAD}<h1>Syslog of {}: {count} lines</h1>\n<ol>\n{items}</ol>\n", escaped(team))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn main() -> io::Result<()> {
    let team = std::env::var("BERTH_TEAM").unwrap_or_else(|_| "no team".into());
    let lines = Lines::default();
    let syslog = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 514))?;
    let pages = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 80))?;
    println!("collector: taking lines on 514/udp, showing them on 80");

    let taken = lines.clone();
    thread::spawn(move || collect(&syslog, &taken));
    for stream in pages.incoming() {
        if let Err(error) = stream.and_then(|stream| answer(stream, &lines, &team)) {
            println!("collector: a reader left: {error}");
        }
    }
    Ok(())
}

fn collect(syslog: &UdpSocket, lines: &Lines) {
    let mut datagram = [0; 8192];
    loop {
        match syslog.recv_from(&mut datagram) {
            Ok((length, from)) => {
                let text = String::from_utf8_lossy(&datagram[..length]);
                lines.push(format!("{} {}", from.ip(), text.trim_end()));
            }
            Err(error) => println!("collector: a datagram was lost: {error}"),
        }
    }
}

fn answer(mut stream: TcpStream, lines: &Lines, team: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    for header in BufReader::new(&stream).lines() {
        if header?.is_empty() {
            break;
        }
    }
    let page = lines.page(team);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
