//! Traces each event, from the batch to its handler, and exports the spans to a collector.
//!
//! The environment variables of OpenTelemetry say where the collector is. Without them, nothing is
//! exported.
//!
//! ```text
//! OTEL_SERVICE_NAME=indexer OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 \
//!     cargo run -p s3-dispatch --example traces --features otel -- \
//!     invoke examples/events/put.json
//! ```

use s3_dispatch::{ObjectKey, Routes, s3_handler};

#[s3_handler("ObjectCreated:*")]
async fn index(key: ObjectKey) -> Result<(), std::io::Error> {
    println!("index {key:?}");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    s3_dispatch::start(Routes::new(()).on::<index>()).await
}
