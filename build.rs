//! The site is embedded at compile time, and its folder's name changes with its content.

fn main() {
    println!("cargo:rerun-if-changed=target/site");
    println!("cargo:rerun-if-changed=src/store/migrations");
}
