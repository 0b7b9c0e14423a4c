//! A bucket that is generated while it is listed, and a queue that counts what it is sent.
//!
//! `backfill-server OBJECTS` prints its port. `GET /counts` answers with the number of messages
//! that were sent, and the sum of the numbers in their keys. It speaks as much of S3 and of SQS as
//! `ListObjectsV2`, `HeadBucket` and `SendMessageBatch` need, and checks nothing, so that it costs
//! little beside what is measured.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const PAGE: u64 = 1_000;

/// What was sent: how many messages, and the sum of the numbers in their keys.
#[derive(Default)]
struct Sent {
    messages: AtomicU64,
    sum: AtomicU64,
}

fn main() -> io::Result<()> {
    let objects = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let objects: u64 = objects.expect("backfill-server OBJECTS");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?.port());

    let sent = Arc::<Sent>::default();
    for stream in listener.incoming() {
        let (stream, sent) = (stream?, Arc::clone(&sent));
        // A client that ends closes its connections.
        std::thread::spawn(move || drop(serve(stream, objects, &sent)));
    }

    Ok(())
}

fn serve(stream: TcpStream, objects: u64, sent: &Sent) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    let (mut line, mut body) = (String::new(), Vec::new());

    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let target = line.split(' ').nth(1).unwrap_or_default().to_owned();

        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(": ")
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.parse().unwrap_or(0);
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;

        let (kind, answer) = if target == "/counts" {
            let (messages, sum) = (
                sent.messages.load(Ordering::SeqCst),
                sent.sum.load(Ordering::SeqCst),
            );
            ("text/plain", format!("{messages} {sum}"))
        } else if target.contains("list-type=2") {
            ("application/xml", list(&target, objects))
        } else if body.is_empty() {
            ("application/xml", String::new())
        } else {
            ("application/x-amz-json-1.0", take(&body, sent))
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nx-amz-bucket-region: eu-central-1\r\n\
             Content-Length: {}\r\n\r\n",
            answer.len()
        );
        writer.write_all(&[head.as_bytes(), answer.as_bytes()].concat())?;
    }
}

/// A page of the listing: the object with the number 7 is `photos/0000000007.jpg`.
fn list(target: &str, objects: u64) -> String {
    let parameter = |name: &str| {
        let (_, behind) = target.split_once(name)?;
        behind.split('&').next()
    };
    let token = parameter("continuation-token=");
    let first: u64 = token.and_then(|token| token.parse().ok()).unwrap_or(0);
    let wanted = parameter("max-keys=").and_then(|most| most.parse().ok());
    let end = (first + wanted.unwrap_or(PAGE).min(PAGE)).min(objects);

    let mut page = String::with_capacity(300 * PAGE as usize);
    page += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult \
             xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>holiday</Name>\
             <Prefix></Prefix><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>";
    let _ = write!(
        page,
        "<KeyCount>{}</KeyCount><IsTruncated>{}</IsTruncated>",
        end - first,
        end < objects
    );
    if end < objects {
        let _ = write!(page, "<NextContinuationToken>{end}</NextContinuationToken>");
    }
    for number in first..end {
        let _ = write!(
            page,
            "<Contents><Key>photos/{number:010}.jpg</Key>\
             <LastModified>2026-04-07T14:30:00.000Z</LastModified>\
             <ETag>&quot;0f3ca2b10f3ca2b10f3ca2b10f3ca2b1&quot;</ETag><Size>{number}</Size>\
             <StorageClass>STANDARD</StorageClass></Contents>"
        );
    }
    page += "</ListBucketResult>";

    page
}

/// Counts the messages of a batch, and says that all were taken.
fn take(body: &[u8], sent: &Sent) -> String {
    let body = String::from_utf8_lossy(body);
    let mut answer = String::from("{\"Failed\":[],\"Successful\":[");

    for (index, entry) in body.split("\"Id\"").skip(1).enumerate() {
        let id = entry.split('"').nth(1).unwrap_or_default();
        let key = entry
            .split("photos/")
            .nth(1)
            .and_then(|text| text.get(..10));
        let number: u64 = key.and_then(|number| number.parse().ok()).unwrap_or(0);
        sent.messages.fetch_add(1, Ordering::SeqCst);
        sent.sum.fetch_add(number, Ordering::SeqCst);

        let comma = if index == 0 { "" } else { "," };
        let _ = write!(
            answer,
            "{comma}{{\"Id\":\"{id}\",\"MessageId\":\"m-{number}\",\
             \"MD5OfMessageBody\":\"00000000000000000000000000000000\"}}"
        );
    }
    answer += "]}";

    answer
}
