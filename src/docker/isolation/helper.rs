//! What runs in the two containers of an isolation check. It is compiled by itself (build.rs), statically, and is all that their
//! image holds.
//!
//! `berth-check listen` takes connections on port 8080 for a minute. `berth-check try NAME=ADDRESS…` says of each address, in a
//! line, whether a connection to it was taken: `NAME open` or `NAME closed`.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const LISTENS: Duration = Duration::from_secs(60);
const WAITS: Duration = Duration::from_secs(2);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((mode, [])) if mode == "listen" => listen(),
        Some((mode, targets)) if mode == "try" => attempt(targets),
        _ => std::process::exit(2),
    }
}

fn listen() {
    let Ok(listener) = TcpListener::bind("0.0.0.0:8080") else { std::process::exit(1) };
    println!("listening");
    thread::spawn(move || listener.incoming().for_each(drop));
    thread::sleep(LISTENS);
}

fn attempt(targets: &[String]) {
    // What shows that a connection is seen where one can be made.
    let own = TcpListener::bind("127.0.0.1:0").and_then(|listener| Ok((listener.local_addr()?, listener)));
    let own = own.map(|(address, listener)| (format!("own={address}"), listener));
    let targets: Vec<String> = targets.iter().chain(own.iter().map(|(target, _)| target)).cloned().collect();
    let tries: Vec<_> = targets.into_iter().map(|target| thread::spawn(move || told(&target))).collect();
    for line in tries {
        println!("{}", line.join().unwrap_or_default());
    }
}

fn told(target: &str) -> String {
    let (name, address) = target.split_once('=').unwrap_or((target, ""));
    let taken = address.parse::<SocketAddr>().is_ok_and(|address| TcpStream::connect_timeout(&address, WAITS).is_ok());
    format!("{name} {}", if taken { "open" } else { "closed" })
}
