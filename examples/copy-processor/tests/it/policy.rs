//! `policy`: what infrastructure must let through.

use std::path::Path;
use std::process::Command;

#[test]
fn terraform_is_what_infra_reads_and_the_missing_large_copies_are_a_warning() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copy-processor"));
    let printed = command
        .args(["policy", "--format", "terraform"])
        .env_clear()
        .output()
        .unwrap();

    let (stdout, stderr) = (
        String::from_utf8(printed.stdout).unwrap(),
        String::from_utf8(printed.stderr).unwrap(),
    );
    assert!(printed.status.success(), "{stderr}");
    let warning = "`ObjectCreated:Copy` without `ObjectCreated:CompleteMultipartUpload` misses every large copy";
    assert_eq!(stderr, format!("warning: {warning}\n"));
    let file = "infra/policies/copy-processor.json";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        kept, stdout,
        "`{file}` is not what the handlers ask for: `cargo run -p copy-processor -- policy --format terraform > {file}`"
    );
}
