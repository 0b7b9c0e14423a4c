//! `policy`: the filters for the infrastructure.

use std::path::Path;
use std::process::Command;

#[test]
fn terraform_prints_the_file_that_infra_reads_and_warns_of_missing_large_copies() {
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
    let warning = concat!(
        "`ObjectCreated:Copy` without `ObjectCreated:CompleteMultipartUpload` ",
        "misses every large copy",
    );
    assert_eq!(stderr, format!("warning: {warning}\n"));
    let file = "infra/policies/copy-processor.json";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        kept, stdout,
        "`{file}` does not match the handlers, write it with \
         `cargo run -p copy-processor -- policy --format terraform > {file}`"
    );
}
