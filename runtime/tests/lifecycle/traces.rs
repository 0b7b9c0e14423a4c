//! Traces that are exported within the invocation, whatever the collector does.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};

use crate::process::Process;
use crate::runtime_api::RuntimeApi;

pub(crate) const TESTS: [(&str, fn()); 6] = [
    (
        "spans_are_exported_before_the_answer",
        spans_are_exported_before_the_answer,
    ),
    (
        "a_collector_that_hangs_delays_the_answer_no_longer_than_the_limit",
        a_collector_that_hangs_delays_the_answer_no_longer_than_the_limit,
    ),
    (
        "what_a_slow_collector_got_is_not_sent_again",
        what_a_slow_collector_got_is_not_sent_again,
    ),
    (
        "what_a_collector_cannot_take_now_is_sent_with_the_next_invocation",
        what_a_collector_cannot_take_now_is_sent_with_the_next_invocation,
    ),
    (
        "what_a_collector_refuses_is_lost_and_counted",
        what_a_collector_refuses_is_lost_and_counted,
    ),
    (
        "nothing_is_exported_unless_the_environment_asks_for_what_is_supported",
        nothing_is_exported_unless_the_environment_asks_for_what_is_supported,
    ),
];

/// What a collector does with a request.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Status(&'static str),
    Close,
}

pub(crate) const OK: Answer = Answer::Status("200 OK");

/// A request with spans.
pub(crate) struct Export {
    head: String,
    body: Vec<u8>,
}

impl Export {
    /// How many spans of records it has.
    fn records(&self) -> usize {
        let name = b"handle ObjectCreated:Copy";
        let names = self.body.windows(name.len());
        names.filter(|bytes| bytes == name).count()
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        let mut texts = self.body.windows(text.len());
        texts.any(|bytes| bytes == text.as_bytes())
    }
}

/// A collector on loopback. `answer` gets the number of the request.
pub(crate) struct Collector {
    address: SocketAddr,
    exports: Receiver<Export>,
}

impl Collector {
    pub(crate) fn start(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), answer)
    }

    fn on(listener: TcpListener, answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let address = listener.local_addr().unwrap();
        let (noted, exports) = channel();
        let answer = Arc::new(answer);
        let number = Arc::new(AtomicUsize::new(0));

        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (noted, answer) = (noted.clone(), Arc::clone(&answer));
                let number = Arc::clone(&number);
                let next = move || number.fetch_add(1, Ordering::Relaxed);
                std::thread::spawn(move || serve(stream.unwrap(), &noted, || answer(next())));
            }
        });

        Self { address, exports }
    }

    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                format!("http://{}", self.address),
            ),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret".to_owned()),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000".to_owned()),
            ("OTEL_BSP_EXPORT_TIMEOUT", "100".to_owned()),
        ]
    }

    /// Waits for the next request.
    #[cfg(all(feature = "cli", feature = "worker"))]
    pub(crate) fn export(&self) -> Export {
        self.exports.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    /// The requests that have come.
    fn exports(&self) -> Vec<Export> {
        self.exports.try_iter().collect()
    }

    /// How many records each of them has.
    fn records(&self) -> Vec<usize> {
        self.exports().iter().map(Export::records).collect()
    }
}

fn serve(stream: TcpStream, noted: &Sender<Export>, answer: impl Fn() -> Answer) {
    stream.set_nodelay(true).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);

    while let Some(export) = read(&mut reader) {
        drop(noted.send(export));
        let Answer::Status(status) = answer() else {
            return;
        };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        drop(writer.write_all(answer.as_bytes()));
    }
}

fn read(reader: &mut impl BufRead) -> Option<Export> {
    let mut head = String::new();
    let mut length = 0;

    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }

        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }

        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        head.push_str(&line);
        head.push('\n');
    }

    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;

    Some(Export { head, body })
}

/// Starts the program and waits until it asks for an invocation.
fn start(variables: &[(&str, String)]) -> (RuntimeApi, Process) {
    let api = RuntimeApi::start();
    let function = api.run_with("run", variables);
    api.expect(&["GET invocation/next"]);

    (api, function)
}

/// Runs an invocation with two records, and returns how long the answer took.
fn invoke(api: &RuntimeApi, id: &str) -> Duration {
    let batch = ["a", "b"]
        .into_iter()
        .fold(SqsBatchBuilder::new(), |batch, key| {
            batch.with_record(key, RecordBuilder::new("ObjectCreated:Copy").with_key(key))
        });
    let started = Instant::now();
    api.enqueue(id, batch.to_json());

    let answer = api.request();
    assert_eq!(answer.what, format!("POST invocation/{id}/response"));
    assert_eq!(answer.body, r#"{"batchItemFailures":[]}"#);
    let elapsed = started.elapsed();
    api.expect(&["GET invocation/next"]);

    elapsed
}

/// Ends the program, and returns the warnings in its log.
pub(crate) fn warnings(function: Process) -> Vec<String> {
    let log = String::from_utf8(function.terminate().stdout).unwrap();
    let warnings = log.lines().filter(|line| line.contains("WARN"));

    warnings.map(str::to_owned).collect()
}

fn spans_are_exported_before_the_answer() {
    let collector = Collector::start(|_| OK);
    let mut variables = collector.variables();
    variables.push(("OTEL_BSP_EXPORT_TIMEOUT", "20000".to_owned()));
    let (api, function) = start(&variables);

    for id in ["first", "second"] {
        invoke(&api, id);

        let exports = collector.exports();
        let [export] = &exports[..] else {
            panic!("{} exports", exports.len())
        };
        assert!(
            export.head.starts_with("post /v1/traces http/1.1\n"),
            "{}",
            export.head
        );
        assert!(
            export
                .head
                .contains("content-type: application/x-protobuf\n")
        );
        assert!(export.head.contains("x-key: secret\n"));
        assert_eq!(export.records(), 2);
        for text in [
            id,
            "service.name",
            "my-function",
            "process object-events",
            "faas.coldstart",
        ] {
            assert!(export.has(text), "{text}");
        }
    }

    assert_eq!(warnings(function), [""; 0]);
}

fn a_collector_that_hangs_delays_the_answer_no_longer_than_the_limit() {
    let collector = Collector::start(|_| {
        loop {
            std::thread::park();
        }
    });
    let (api, function) = start(&collector.variables());

    for id in ["first", "second"] {
        // Without the limit of 100 ms it would be five seconds.
        let elapsed = invoke(&api, id);
        assert!(elapsed < Duration::from_secs(4), "{elapsed:?}");
    }

    let warnings = warnings(function);
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    for (warning, waiting) in warnings.iter().zip([5, 10]) {
        assert!(warning.contains("traces were not exported"), "{warning}");
        assert!(warning.contains("did not answer within 100ms"), "{warning}");
        assert!(warning.contains(&format!("waiting={waiting}")), "{warning}");
    }
    assert_eq!(collector.records(), [2]);
}

fn what_a_slow_collector_got_is_not_sent_again() {
    let (go_on, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let collector = Collector::start(move |number| {
        if number == 0 {
            wait.lock().unwrap().recv().unwrap();
        }
        OK
    });
    let (api, function) = start(&collector.variables());
    invoke(&api, "first");
    assert_eq!(collector.records(), [2]);

    go_on.send(()).unwrap();
    invoke(&api, "second");
    invoke(&api, "third");
    assert_eq!(collector.records().iter().sum::<usize>(), 4);

    let warnings = warnings(function);
    assert!(
        warnings[0].contains("traces were not exported"),
        "{warnings:#?}"
    );
}

fn what_a_collector_cannot_take_now_is_sent_with_the_next_invocation() {
    for (answer, problem) in [
        (Answer::Status("503 Service Unavailable"), "answered 503"),
        (Answer::Status("429 Too Many Requests"), "answered 429"),
        (Answer::Close, "connection closed"),
    ] {
        let collector = Collector::start(move |number| if number == 0 { answer } else { OK });
        let mut variables = collector.variables();
        variables.push(("OTEL_BSP_EXPORT_TIMEOUT", "20000".to_owned()));
        let (api, function) = start(&variables);
        invoke(&api, "first");
        invoke(&api, "second");
        assert_eq!(collector.records(), [2, 4], "{problem}");

        let warnings = warnings(function);
        assert_eq!(warnings.len(), 1, "{warnings:#?}");
        assert!(warnings[0].contains(problem), "{warnings:#?}");
    }

    // Nobody listens yet.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let endpoint = [("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"))];
    let (api, function) = start(&endpoint);
    invoke(&api, "first");

    let collector = Collector::on(TcpListener::bind(address).unwrap(), |_| OK);
    invoke(&api, "second");
    assert_eq!(collector.records(), [4]);
    let warnings = warnings(function);
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(warnings[0].contains("onnection refused"), "{warnings:#?}");
}

fn what_a_collector_refuses_is_lost_and_counted() {
    let refused = Answer::Status("400 Bad Request");
    let collector = Collector::start(move |number| if number == 0 { refused } else { OK });
    let mut variables = collector.variables();
    variables.push(("OTEL_BSP_EXPORT_TIMEOUT", "20000".to_owned()));
    let (api, function) = start(&variables);
    invoke(&api, "first");
    invoke(&api, "second");
    assert_eq!(collector.records(), [2, 2]);

    let warnings = warnings(function);
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    for text in ["answered 400", "lost=5", "waiting=0"] {
        assert!(warnings[0].contains(text), "{warnings:#?}");
    }
}

fn nothing_is_exported_unless_the_environment_asks_for_what_is_supported() {
    let endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    for (name, value, warning) in [
        ("OTEL_SDK_DISABLED", "true", None),
        ("OTEL_TRACES_EXPORTER", "none", None),
        (endpoint, "", None),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", Some("`grpc`")),
        (
            endpoint,
            "https://collector.example",
            Some("`https://collector.example`"),
        ),
    ] {
        let collector = Collector::start(|_| OK);
        let mut variables = collector.variables();
        variables.push((name, value.to_owned()));
        let (api, function) = start(&variables);
        invoke(&api, "first");

        assert!(collector.exports().is_empty(), "{name}");
        let warnings = warnings(function);
        assert_eq!(
            warnings.len(),
            usize::from(warning.is_some()),
            "{warnings:#?}"
        );
        for (line, text) in warnings.iter().zip(warning) {
            assert!(line.contains("traces are not exported"), "{line}");
            assert!(line.contains(name) && line.contains(text), "{line}");
        }
    }
}
