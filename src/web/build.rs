//! The site is embedded at compile time, and its folder's name changes with its content.

fn main() {
    // Without the folder, cargo would take it as changed at every build until the site is built. Where it cannot be made,
    // that is all that happens.
    drop(std::fs::create_dir_all("../../target/site"));
    println!("cargo:rerun-if-changed=../../target/site");
}
