#![expect(dead_code, reason = "the commands that use it come later")]

mod clock;
mod config;
mod store;
mod web;

#[cfg(test)]
mod tests;

fn main() {}
