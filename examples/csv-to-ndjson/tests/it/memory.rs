//! The memory that the program needs for a file which is larger than that.
//!
//! `CSV_MEGABYTES=1024` sets the size of the file; the bound is the same for every size.

use std::io::{BufRead, BufReader};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use bytes::Bytes;
use csv_to_ndjson::client;
use flate2::read::GzDecoder;
use futures_util::stream;
use s3_dispatch::Objects;
use s3_dispatch::objects::PutBody;
use s3_dispatch_local::{LocalPipeline, S3Endpoint, StepKind};

use crate::BUCKET;
use crate::process::{results, start};

/// The most memory that the program may use, in mebibytes.
const BOUND: u64 = 64;

const HEADER: &str = "number,text\n";

/// The records in a piece of the upload. A record has 1 KiB.
const PIECE: u64 = 1024;

fn record(number: u64) -> String {
    let word = format!("{:016x} ", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    format!("{number:012},\"{:1008}\"\n", word.repeat(59))
}

/// A file with this many mebibytes of records, which is made as it is read.
fn csv(mebibytes: u64) -> PutBody {
    let length = HEADER.len() as u64 + mebibytes * 1024 * 1024;
    PutBody::stream(length, move || {
        let pieces = (0..mebibytes).map(|piece| {
            let numbers = piece * PIECE..(piece + 1) * PIECE;
            Ok(numbers.map(record).collect::<String>().into())
        });
        stream::iter(std::iter::once(Ok(Bytes::from_static(HEADER.as_bytes()))).chain(pieces))
    })
}

fn uploads(endpoint: &S3Endpoint) -> Objects {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(format!("http://{}", endpoint.address()))
        .http_client(aws_smithy_http_client::Builder::new().build_http());

    Objects::new(client(&config.build()))
}

/// The most memory that the program has used so far, in mebibytes.
fn peak_memory(pipeline: &LocalPipeline) -> u64 {
    let history = pipeline.journal().history();
    let mut processes = history.iter().filter_map(|step| match step.kind {
        StepKind::FunctionStarted { process, .. } => process,
        _ => None,
    });
    let status = format!("/proc/{}/status", processes.next().unwrap());
    assert_eq!(processes.next(), None);

    let status = std::fs::read_to_string(status).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kibibytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    kibibytes.div_ceil(1024)
}

#[tokio::test]
async fn a_large_file_is_converted_in_little_memory() {
    let mebibytes = match std::env::var("CSV_MEGABYTES") {
        Ok(size) => size.parse().unwrap(),
        Err(_) => 2 * BOUND,
    };
    let (pipeline, endpoint) = start().await;
    let put = uploads(&endpoint).put_once(BUCKET, "csv/large.csv", csv(mebibytes));
    put.await.unwrap();
    pipeline.settle().await;

    let peak = peak_memory(&pipeline);
    println!("{mebibytes} MiB of CSV were converted in {peak} MiB of memory");
    assert!(peak <= BOUND, "the program has used {peak} MiB");

    let [result] = &results(&pipeline)[..] else {
        panic!("{:?}", results(&pipeline))
    };
    let result = pipeline.get_object(BUCKET, result).await.unwrap().unwrap();
    let mut count = 0;
    for line in BufReader::new(GzDecoder::new(&result[..])).lines() {
        let record = record(count);
        let (number, text) = record.trim_end().split_once(',').unwrap();
        let text = text.trim_matches('"');
        assert_eq!(
            line.unwrap(),
            format!("{{\"number\":\"{number}\",\"text\":\"{text}\"}}")
        );
        count += 1;
    }
    assert_eq!(count, mebibytes * PIECE);
    pipeline.stop().await;
}
