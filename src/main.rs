#![expect(dead_code, reason = "the commands that use it come later")]

mod config;

#[cfg(test)]
mod tests;

fn main() {}
