//! The payloads that are expected to cost the most, at any size.

/// A payload of about this many bytes.
pub type Shape = fn(usize) -> String;

const RECORD: &str = r#"{"eventName":"X","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}"#;

/// Every shape, with its name.
pub const SHAPES: &[(&str, Shape)] = &[
    ("records, tiny", |bytes| {
        notification(&repeated(RECORD, bytes))
    }),
    ("records, tiny, in one SQS body", |bytes| {
        batch(&message(&escape(&notification(&repeated(
            RECORD,
            bytes * 7 / 8,
        )))))
    }),
    ("records, tiny, and a different last one", |bytes| {
        notification(&format!("{},{{}}", repeated(RECORD, bytes)))
    }),
    ("records, tiny, every field null", |bytes| {
        notification(&repeated(NULLS, bytes))
    }),
    ("records, test notifications", |bytes| {
        notification(&repeated(r#"{"Event":"s3:TestEvent"}"#, bytes))
    }),
    ("messages without a body", |bytes| {
        batch(&repeated(r#"{"messageId":"1"}"#, bytes))
    }),
    ("messages without records", |bytes| {
        batch(&repeated(&message(r#"{\"Records\":[]}"#), bytes))
    }),
    ("messages of one tiny record", |bytes| {
        batch(&repeated(&message(&escape(&notification(RECORD))), bytes))
    }),
    ("messages that are not JSON", |bytes| {
        batch(&repeated(&message("x"), bytes))
    }),
    ("messages of an incomplete record", |bytes| {
        batch(&repeated(&message(r#"{\"Records\":[{\"s3\":{}}]}"#), bytes))
    }),
    ("messages with a JSON object as the body", |bytes| {
        batch(&repeated(r#"{"messageId":"1","body":{}}"#, bytes))
    }),
    ("messages with escaped ids", |bytes| {
        batch(&repeated(r#"{"messageId":"\u0031"}"#, bytes))
    }),
    ("SNS messages that are not JSON", |bytes| {
        notification(&repeated(r#"{"Sns":{"Message":"x"}}"#, bytes))
    }),
    ("elements before a message", |bytes| {
        notification(&format!("{},{}", repeated("{}", bytes), message("x")))
    }),
    ("numbers before a message", |bytes| {
        notification(&format!("{},{}", repeated("0", bytes), message("x")))
    }),
    ("numbers before an SNS message", |bytes| {
        notification(&format!(
            r#"{},{{"Sns":{{"Message":"x"}}}}"#,
            repeated("0", bytes)
        ))
    }),
    ("elements that are not records", |bytes| {
        notification(&repeated("0", bytes))
    }),
    ("a key, plain", |bytes| with_key(&"k".repeat(bytes))),
    ("a key of \\u0041", |bytes| {
        with_key(&r"\u0041".repeat(bytes / 6))
    }),
    ("a key of \\\"", |bytes| {
        with_key(&r#"\""#.repeat(bytes / 2))
    }),
    ("a key of +", |bytes| with_key(&"+".repeat(bytes))),
    ("a key of %41", |bytes| with_key(&"%41".repeat(bytes / 3))),
    ("a key of %FF", |bytes| with_key(&"%FF".repeat(bytes / 3))),
    ("a key of \\u002b", |bytes| {
        with_key(&r"\u002b".repeat(bytes / 6))
    }),
    ("a key of \\n and one +", |bytes| {
        with_key(&format!("+{}", r"\n".repeat(bytes / 2)))
    }),
    ("a key of \\u0041 in one SQS body", |bytes| {
        batch(&message(&escape(&with_key(&r"\u0041".repeat(bytes / 7)))))
    }),
    ("a key of %41 in one SQS body", |bytes| {
        batch(&message(&escape(&with_key(&"%41".repeat(bytes / 3)))))
    }),
    ("a key of + in four SNS messages", |bytes| {
        in_sns(with_key(&"+".repeat(bytes)), 4)
    }),
    ("a body of \\u0020", |bytes| {
        batch(&message(&r"\u0020".repeat(bytes / 6)))
    }),
    ("a body of \\\" after a record", |bytes| {
        let record = escape(&notification(RECORD));
        batch(&message(&format!(
            "{}{}",
            record,
            r#"\""#.repeat(bytes / 2)
        )))
    }),
    ("four SNS messages beside a string", |bytes| {
        in_sns(beside(&format!("\"{}\"", "x".repeat(bytes))), 4)
    }),
    ("four SNS messages with doubled escapes", |bytes| {
        in_sns(beside(&format!("\"{}\"", r"\\".repeat(bytes / 68))), 4)
    }),
    ("an unread string, plain", |bytes| {
        beside(&format!("\"{}\"", "x".repeat(bytes)))
    }),
    ("an unread string, escaped", |bytes| {
        beside(&format!("\"{}\"", r"\u0041".repeat(bytes / 6)))
    }),
    ("nesting, many times up to the limit", |bytes| {
        let nested = format!("{}{}", "[".repeat(120), "]".repeat(120));
        beside(&format!("[{}]", repeated(&nested, bytes)))
    }),
    ("nesting, beyond the limit", |bytes| "[".repeat(bytes)),
    ("nesting, beyond the limit, in one SQS body", |bytes| {
        batch(&message(&"[".repeat(bytes)))
    }),
    ("nesting, beyond the limit, of objects", |bytes| {
        format!(r#"{{"x":{}"#, r#"{"a":"#.repeat(bytes / 5))
    }),
    ("a number", |bytes| beside(&"1".repeat(bytes))),
    ("names, duplicate", |bytes| {
        format!(
            r#"{{{},"Records":[{RECORD}]}}"#,
            repeated(r#""Records":0"#, bytes)
        )
    }),
    ("names, duplicate, in a record", |bytes| {
        notification(&format!(
            r#"{{{},{}"#,
            repeated(r#""eventName":"x""#, bytes),
            &RECORD[1..]
        ))
    }),
    ("names, unknown", |bytes| {
        format!(r#"{{{},"Records":[{RECORD}]}}"#, repeated(r#""":0"#, bytes))
    }),
    ("names, escaped", |bytes| {
        format!(
            r#"{{{},"Records":[{RECORD}]}}"#,
            repeated(r#""\u0041\u0042\u0043":0"#, bytes)
        )
    }),
    ("a name, huge, escaped", |bytes| {
        format!(
            r#"{{"{}":0,"Records":[{RECORD}]}}"#,
            r"\u0041".repeat(bytes / 6)
        )
    }),
    ("tags", |bytes| {
        with_tags(&numbered(bytes, 12, |index| format!(r#""{index:06}":"""#)))
    }),
    ("tags, in reverse order", |bytes| {
        with_tags(&numbered(bytes, 12, |index| {
            format!(r#""{:06}":"""#, 999_999 - index)
        }))
    }),
    ("tags, duplicate", |bytes| {
        with_tags(&repeated(r#""":"""#, bytes))
    }),
    ("tags, null", |bytes| {
        with_tags(&repeated(r#""":null"#, bytes))
    }),
    ("tags, escaped", |bytes| {
        with_tags(&repeated(r#""\n":"\n""#, bytes))
    }),
    ("annotations", |bytes| {
        with_annotations(&repeated(r#"{"name":"n"}"#, bytes))
    }),
    ("annotations, escaped", |bytes| {
        with_annotations(&repeated(r#"{"name":"\n"}"#, bytes))
    }),
    ("annotations, twice", |bytes| {
        let list = repeated(r#"{"name":"n"}"#, bytes / 2);
        with_annotations(&list).replacen(
            r#""bucket""#,
            &format!(r#""objectAnnotation":[{list}],"bucket""#),
            1,
        )
    }),
    ("resources", |bytes| {
        let resources = repeated(r#""""#, bytes);
        format!(
            concat!(
                r#"{{"source":"aws.s3","detail-type":"X","resources":[{}],"detail":{{"#,
                r#""bucket":{{"name":"b"}},"object":{{"key":"k"}}}}}}"#,
            ),
            resources
        )
    }),
    ("white space", |bytes| " ".repeat(bytes)),
    ("white space inside", |bytes| {
        format!("{{{}\"Records\":[{RECORD}]}}", "\n".repeat(bytes))
    }),
    ("an error at the end", |bytes| {
        format!("{}x", notification(&repeated(RECORD, bytes)))
    }),
    ("a missing end", |bytes| {
        let mut cut = notification(&repeated(RECORD, bytes));
        cut.truncate(cut.len() - 5);
        cut
    }),
];

/// The shapes that exceed the bound of [`Cost::bound`](crate::cost::Cost::bound), and the reason.
pub const BEYOND_THE_BOUND: &[(&str, &str)] = &[
    ("records, tiny, and a different last one", A_MISTAKE),
    ("an error at the end", A_MISTAKE),
    ("a missing end", A_MISTAKE),
    ("messages without a body", A_MESSAGE),
    ("messages without records", A_MESSAGE),
    ("messages of one tiny record", A_MESSAGE),
    ("messages that are not JSON", A_MESSAGE),
    ("messages of an incomplete record", A_MESSAGE),
    ("messages with a JSON object as the body", A_MESSAGE),
    ("messages with escaped ids", A_MESSAGE),
    ("SNS messages that are not JSON", A_MESSAGE),
    ("a key of + in four SNS messages", A_COPY),
    ("four SNS messages beside a string", A_COPY),
    ("tags", A_TAG),
    ("tags, in reverse order", A_TAG),
    ("tags, duplicate", A_TAG),
    ("tags, null", A_TAG),
    ("tags, escaped", A_TAG),
    ("annotations", A_TAG),
    ("annotations, escaped", A_TAG),
    ("annotations, twice", A_TAG),
];

const A_MISTAKE: &str = "records read before the error do not count";
const A_MESSAGE: &str = "a `Message` with its error is larger than four times its JSON";
const A_COPY: &str = "every envelope except the outermost is copied";
const A_TAG: &str = "a tag or an annotation is larger than four times its JSON";

const NULLS: &str = concat!(
    r#"{"eventName":"X","userIdentity":{},"requestParameters":{},"responseElements":{},"#,
    r#""glacierEventData":"#,
    r#"{"restoreEventData":{}},"replicationEventData":{},"intelligentTieringEventData":{},"#,
    r#""lifecycleEventData":"#,
    r#"{"transitionEventData":{}},"objectRetentionEventData":{},"#,
    r#""s3":{"bucket":{"name":"b","awsGeneratedTags":{}},"object":{"key":"k"}}}"#
);

fn repeated(part: &str, bytes: usize) -> String {
    vec![part; (bytes / (part.len() + 1)).max(1)].join(",")
}

fn numbered(bytes: usize, each: usize, part: impl Fn(usize) -> String) -> String {
    (0..bytes / each).map(part).collect::<Vec<_>>().join(",")
}

fn escape(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', r#"\""#)
}

fn notification(records: &str) -> String {
    format!(r#"{{"Records":[{records}]}}"#)
}

fn batch(messages: &str) -> String {
    notification(messages)
}

fn message(body: &str) -> String {
    format!(r#"{{"messageId":"1","body":"{body}"}}"#)
}

fn in_sns(mut body: String, times: usize) -> String {
    for _ in 0..times {
        body = format!(r#"{{"Type":"Notification","Message":"{}"}}"#, escape(&body));
    }
    body
}

/// A record from S3, so that its key is decoded.
fn with_key(key: &str) -> String {
    notification(&format!(
        concat!(
            r#"{{"eventName":"X","eventSource":"aws:s3","s3":{{"bucket":{{"name":"b"}},"#,
            r#""object":{{"key":"{}"}}}}}}"#,
        ),
        key
    ))
}

/// A record after a value that is not read.
fn beside(json: &str) -> String {
    format!(r#"{{"x":{json},"Records":[{RECORD}]}}"#)
}

fn with_tags(tags: &str) -> String {
    notification(&RECORD.replacen(
        r#"{"name""#,
        &format!(r#"{{"awsGeneratedTags":{{{tags}}},"name""#),
        1,
    ))
}

fn with_annotations(annotations: &str) -> String {
    notification(&RECORD.replacen('{', &format!(r#"{{"objectAnnotation":[{annotations}],"#), 1))
}
