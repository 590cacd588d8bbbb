//! The helper of the isolation check is embedded at compile time.

use std::env;
use std::path::Path;
use std::process::Command;

const HELPER: &str = "isolation/helper.rs";

fn main() {
    println!("cargo:rerun-if-changed={HELPER}");
    helper(&Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("isolation-helper"));
}

/// Compiles the helper so that it needs nothing beside it. Without a static C library there is none, and the check says so.
fn helper(to: &Path) {
    let rustc = env::var_os("RUSTC").expect("cargo sets it");
    let target = env::var_os("TARGET").expect("cargo sets it");
    let built = Command::new(rustc)
        .args(["--edition", "2024", "--crate-name", "berth_check", "-C", "opt-level=z", "-C", "panic=abort"])
        .args(["-C", "strip=symbols", "-C", "lto=fat", "-C", "target-feature=+crt-static", "--target"])
        .arg(target)
        .args(["-o".as_ref(), to.as_os_str(), HELPER.as_ref()])
        .status();
    if !built.is_ok_and(|status| status.success()) {
        println!("cargo:warning=the helper of the isolation check cannot be built: isolation will not be measured");
        std::fs::write(to, []).expect("cargo's folder can be written");
    }
}
