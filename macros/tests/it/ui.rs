//! The compile errors: one folder for each kind of mistake.

use std::process::Command;

/// The compiler whose messages the snapshots hold.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn mistakes() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .expect("the compiler that built this test can be run");

    if !version.stdout.starts_with(COMPILER.as_bytes()) {
        println!("skipped: the snapshots hold messages of {COMPILER}x");
        return;
    }

    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
}
