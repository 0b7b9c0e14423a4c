//! Writes the payload that an input of `payload_structured` generates:
//! `cargo run --example generated < INPUT`.

use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    io::stdout().write_all(&s3_dispatch_fuzz::generated(&bytes).unwrap_or_default())
}
