//! The silent mode with its fallback reads every payload exactly as the explaining mode does, down
//! to the words of an error.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::TestRng;
use s3_dispatch_core::__private::read_explaining;
use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_testing::{
    NotificationBuilder, RecordBuilder, ReplicationData, SnsBatchBuilder, SnsMessageBuilder,
    SqsBatchBuilder, SqsMessageBuilder,
};
use serde_json::{Map, Value, json};

#[track_caller]
fn check(payload: &[u8]) {
    let (read, explained) = (
        Delivery::parse(payload.to_vec()),
        read_explaining(payload.to_vec()),
    );
    let text = String::from_utf8_lossy(payload);

    match (read, explained) {
        (Ok(read), Ok(explained)) => {
            assert_eq!(read.envelope(), explained.envelope(), "{text}");
            assert_eq!(
                format!("{:#?}", read.messages()),
                format!("{:#?}", explained.messages()),
                "{text}"
            );

            assert_eq!(
                format!("{:#?}", read.records()),
                format!("{:#?}", explained.records()),
                "{text}"
            );
        }
        (Err(read), Err(explained)) => {
            assert_eq!(format!("{read:?}"), format!("{explained:?}"), "{text}");
        }
        (read, explained) => panic!("{text}\nread {read:#?}\nexplained {explained:#?}"),
    }
}

fn batch_of(bodies: impl IntoIterator<Item = String>) -> String {
    let batch = bodies.into_iter().enumerate();
    batch
        .fold(SqsBatchBuilder::new(), |batch, (id, body)| {
            batch.with_body(id.to_string(), body)
        })
        .to_json()
}

/// Bodies as AWS and others send them.
pub(crate) fn bodies() -> Vec<String> {
    let put = || {
        RecordBuilder::new("ObjectCreated:Put")
            .with_key("a b/😀+ä.jpg")
            .with_version_id("v\"1\\")
    };

    let replicated = RecordBuilder::new("Replication:OperationMissedThreshold")
        .with_replication(ReplicationData::new("rule", "arn:aws:s3:::b"));
    let notification = NotificationBuilder::from(put());
    let event = put().to_eventbridge_json().unwrap();
    let sns = notification.to_sns_json();

    vec![
        notification.to_json(),
        NotificationBuilder::from(replicated).to_json(),
        NotificationBuilder::from(put().with_tag("a\n", "ü"))
            .with_record(RecordBuilder::new("Odd:Event"))
            .to_json(),
        NotificationBuilder::test_event("b").to_json(),
        SnsMessageBuilder::new(&*event).to_json(),
        SnsMessageBuilder::new(&*sns).to_json(),
        SnsMessageBuilder::new(SnsMessageBuilder::new(&*sns).to_json()).to_json(),
        sns,
        event,
        include_str!("payloads/every-field.json").to_owned(),
        include_str!("payloads/every-eventbridge-field.json").to_owned(),
        include_str!("payloads/minio-empty-object-in-wrapper.json").to_owned(),
        include_str!("payloads/noobaa-test-event-in-records.json").to_owned(),
        include_str!("payloads/scality-size-as-text.json").to_owned(),
        include_str!("payloads/ceph-raw-key-three-part-name.json").to_owned(),
    ]
}

fn payloads() -> Vec<String> {
    let fair = SqsMessageBuilder::new("1")
        .with_record(RecordBuilder::new("ObjectRemoved:Delete"))
        .with_group_id("a")
        .with_trace_header("Root=1");
    let mut payloads = bodies();
    payloads.push(batch_of(bodies()));
    payloads.extend(bodies().into_iter().map(|body| batch_of([body])));
    payloads.push(SqsBatchBuilder::new().with_message(fair).to_json());

    payloads.push(
        SnsBatchBuilder::new()
            .with_record("1", RecordBuilder::new("ObjectCreated:Put"))
            .to_json(),
    );

    payloads.push(include_str!("payloads/lone-surrogates-in-two-of-four-bodies.json").to_owned());

    payloads
}

/// How far a rewriting departs from the original, in percent.
#[derive(Clone, Copy)]
struct Style {
    escapes: u32,
    spaces: u32,
    orders: u32,
    changes: u32,
}

/// Writes the same JSON in another way, including the JSON inside strings.
pub(crate) struct Rewriter {
    rng: TestRng,
    style: Style,
    out: String,
}

impl Rewriter {
    pub(crate) fn rewrite(payload: &str, mut rng: TestRng) -> String {
        let mut share = || [0, 0, 0, 5, 40][rng.next_u32() as usize % 5];
        let style = Style {
            escapes: share(),
            spaces: share(),
            orders: share(),
            changes: share() / 4,
        };

        let mut rewriter = Self {
            rng,
            style,
            out: String::new(),
        };

        rewriter.value(&serde_json::from_str(payload).unwrap());

        rewriter.out
    }

    /// Decides with a probability of `share` percent.
    fn happens(&mut self, share: u32) -> bool {
        share > 0 && self.rng.next_u32() % 100 < share
    }

    fn any<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.rng.next_u32() as usize % choices.len()].clone()
    }

    fn space(&mut self) {
        if self.happens(self.style.spaces) {
            let space = self.any(&[" ", "\n", "\t", "\r\n", "    "]);
            self.out.push_str(space);
        }
    }

    fn value(&mut self, value: &Value) {
        if self.happens(self.style.changes) {
            let other = self.other();
            return self.unchanged(&other);
        }

        self.unchanged(value);
    }

    fn other(&mut self) -> Value {
        let deep = (0..self.any(&[3, 99, 127, 130])).fold(json!(1), |inner, _| json!([inner]));
        self.any(&[
            json!(null),
            json!(""),
            json!(0),
            json!(-1.5e3),
            json!(true),
            json!("true"),
            json!("null"),
            json!("+7"),
            json!([]),
            json!({}),
            json!("\u{1}\u{7f}\u{2028}"),
            json!("{}"),
            json!("aws:sqs"),
            json!("Notification"),
            json!([{"s3": null}]),
            deep,
        ])
    }

    fn unchanged(&mut self, value: &Value) {
        match value {
            Value::Array(elements) => {
                self.out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    self.out.push_str(if index > 0 { "," } else { "" });
                    self.space();
                    self.value(element);
                    self.space();
                }

                self.out.push(']');
            }
            Value::Object(members) => self.object(members),
            Value::String(text) => self.text(text),
            other => self.out.push_str(&other.to_string()),
        }
    }

    fn object(&mut self, members: &Map<String, Value>) {
        let mut members: Vec<(String, Value)> = members.clone().into_iter().collect();
        if self.happens(self.style.orders) {
            members.reverse();
        }

        if !members.is_empty() && self.happens(self.style.orders) {
            let (name, value) = self.any(&members);
            let duplicate = if self.happens(50) {
                value
            } else {
                self.other()
            };

            let place = self.rng.next_u32() as usize % (members.len() + 1);
            members.insert(place, (name, duplicate));
        }

        if self.happens(self.style.changes) {
            let name = self.any(&[
                "s3",
                "Sns",
                "Event",
                "Type",
                "Message",
                "detail",
                "unknown",
                "body",
                "objectAnnotation",
            ]);

            let value = self.other();
            members.push((name.to_owned(), value));
        }

        self.out.push('{');
        for (index, (name, value)) in members.iter().enumerate() {
            self.out.push_str(if index > 0 { "," } else { "" });
            self.space();
            self.quoted(name);
            self.space();
            self.out.push(':');
            self.space();
            self.value(value);
            self.space();
        }

        self.out.push('}');
    }

    fn text(&mut self, text: &str) {
        let document = serde_json::from_str(text).ok().filter(Value::is_object);
        let Some(document) = document else {
            return self.quoted(text);
        };

        let outside = std::mem::take(&mut self.out);
        self.value(&document);
        let inside = std::mem::replace(&mut self.out, outside);
        self.quoted(&inside);
    }

    fn quoted(&mut self, text: &str) {
        self.out.push('"');
        for char in text.chars() {
            match char {
                _ if self.happens(self.style.escapes / 4) => {
                    for unit in char.encode_utf16(&mut [0; 2]) {
                        write!(self.out, "\\u{unit:04X}").unwrap();
                    }
                }
                '"' | '\\' => self.out.extend(['\\', char]),
                '/' if self.happens(self.style.escapes) => self.out.push_str("\\/"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                control if control < ' ' => write!(self.out, "\\u{:04x}", control as u32).unwrap(),
                other => self.out.push(other),
            }
        }

        if self.happens(self.style.changes / 4) {
            let lone = self.any(&["\\ud800", "\\udc00", "\\ud83d\\ud83d"]);
            self.out.push_str(lone);
        }

        self.out.push('"');
    }
}

#[test]
fn both_modes_agree_on_what_senders_write() {
    for payload in payloads() {
        check(payload.as_bytes());
    }
}

#[test]
fn both_modes_agree_on_payloads_cut_anywhere() {
    for payload in [
        batch_of(bodies().into_iter().take(2)),
        bodies().remove(0),
        batch_of([bodies().remove(8)]),
    ] {
        for len in 0..payload.len() {
            if payload.is_char_boundary(len) {
                check(&payload.as_bytes()[..len]);
            }
        }
    }
}

/// Names that are known in some object, and unknown ones.
const NAMES: [&str; 16] = [
    "Records",
    "Event",
    "Type",
    "Message",
    "source",
    "detail",
    "Sns",
    "s3",
    "messageId",
    "body",
    "eventSource",
    "attributes",
    "objectAnnotation",
    "unknown",
    "",
    "\\ud800",
];

const VALUES: [&str; 10] = [
    "null",
    "\"\"",
    "\"+7\"",
    "0",
    "true",
    "[]",
    "{}",
    r#"[{"s3":null}]"#,
    r#""\ud800""#,
    r#""{\"Records\":[]}""#,
];

#[test]
fn both_modes_agree_on_additional_and_repeated_members() {
    for body in bodies() {
        let body: Value = serde_json::from_str(&body).unwrap();
        for changed in with_another_member(&body) {
            check(changed.as_bytes());
            check(
                batch_of([changed.clone(), SnsMessageBuilder::new(changed).to_json()]).as_bytes(),
            );
        }
    }

    let batch =
        batch_of([NotificationBuilder::from(RecordBuilder::new("ObjectCreated:Put")).to_json()]);
    for changed in with_another_member(&serde_json::from_str(&batch).unwrap()) {
        check(changed.as_bytes());
    }
}

/// Variants of a document. For each of its members: the member repeated with each of [`VALUES`],
/// before and after it. For each of its objects: each of [`NAMES`] with each of [`VALUES`] added.
fn with_another_member(document: &Value) -> Vec<String> {
    match document {
        Value::Array(elements) => {
            let mut documents = Vec::new();
            for (index, element) in elements.iter().enumerate() {
                for changed in with_another_member(element) {
                    let mut elements: Vec<String> = elements.iter().map(Value::to_string).collect();
                    elements[index] = changed;
                    documents.push(format!("[{}]", elements.join(",")));
                }
            }

            documents
        }
        Value::Object(members) => {
            let written = |name: &str, value: &str| format!(r#""{name}":{value}"#);
            let all: Vec<String> = members
                .iter()
                .map(|(name, value)| written(name, &value.to_string()))
                .collect();
            let others = NAMES
                .iter()
                .flat_map(|name| VALUES.map(|value| written(name, value)));
            let mut documents: Vec<String> = others
                .map(|other| format!("{{{}}}", [&all[..], &[other]].concat().join(",")))
                .collect();

            for (index, (name, value)) in members.iter().enumerate() {
                let with = |member: String| {
                    let mut all = all.clone();
                    all[index] = member;
                    format!("{{{}}}", all.join(","))
                };

                documents.extend(
                    with_another_member(value)
                        .into_iter()
                        .map(|changed| with(written(name, &changed))),
                );

                for other in VALUES.map(|value| written(name, value)) {
                    documents.push(with(format!("{other},{}", all[index])));
                    documents.push(with(format!("{},{other}", all[index])));
                }
            }

            documents
        }
        _ => Vec::new(),
    }
}

#[test]
fn both_modes_agree_on_deep_nesting() {
    for depth in 110..=130 {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let deep = format!(
                r#"{{"deep":{}7{},"#,
                open.repeat(depth),
                close.repeat(depth)
            );

            for body in bodies() {
                for body in [body.replacen('{', &deep, 1), body.replace('{', &deep)] {
                    check(body.as_bytes());
                    check(
                        batch_of([SnsMessageBuilder::new(body.clone()).to_json(), body]).as_bytes(),
                    );
                }
            }
        }
    }
}

#[test]
fn both_modes_agree_on_the_corpus() {
    let Ok(folder) = std::env::var("S3_DISPATCH_CORPUS") else {
        return;
    };

    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let payload = std::fs::read(&path).unwrap();
            check(&payload);
            if let Ok(text) = String::from_utf8(payload) {
                check(batch_of([text.clone(), SnsMessageBuilder::new(text).to_json()]).as_bytes());
            }
        }
    }
}

/// The payloads without lone surrogates, which `serde_json::Value` cannot hold.
fn readable() -> Vec<String> {
    payloads()
        .into_iter()
        .filter(|payload| serde_json::from_str::<Value>(payload).is_ok())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn both_modes_agree_however_json_is_written(
        payload in proptest::sample::select(readable())
            .prop_perturb(|payload, rng| Rewriter::rewrite(&payload, rng))
    ) {
        check(payload.as_bytes());
    }

    #[test]
    fn both_modes_agree_when_any_byte_is_replaced(
        payload in proptest::sample::select(payloads()),
        place in any::<proptest::sample::Index>(),
        byte in prop_oneof![
            Just(b'"'),
            Just(b'\\'),
            Just(b','),
            Just(b'}'),
            Just(b'0'),
            any::<u8>()
        ],
    ) {
        let mut bytes = payload.into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        check(&bytes);
    }
}
