//! The worst payloads that anyone thought of, at any size.

/// A payload of about this many bytes.
pub type Shape = fn(usize) -> String;

const RECORD: &str = r#"{"eventName":"X","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}"#;

/// Every shape, by what it shows.
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
    ("records, tiny, unlike the last", |bytes| {
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
    ("messages of no JSON", |bytes| {
        batch(&repeated(&message("x"), bytes))
    }),
    ("messages of half a record", |bytes| {
        batch(&repeated(&message(r#"{\"Records\":[{\"s3\":{}}]}"#), bytes))
    }),
    ("messages with JSON for a body", |bytes| {
        batch(&repeated(r#"{"messageId":"1","body":{}}"#, bytes))
    }),
    ("messages with ids of escapes", |bytes| {
        batch(&repeated(r#"{"messageId":"\u0031"}"#, bytes))
    }),
    ("SNS messages of no JSON", |bytes| {
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
    ("elements that are nothing", |bytes| {
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
    ("four SNS messages with a text beside", |bytes| {
        in_sns(beside(&format!("\"{}\"", "x".repeat(bytes))), 4)
    }),
    ("four SNS messages whose escapes double", |bytes| {
        in_sns(beside(&format!("\"{}\"", r"\\".repeat(bytes / 68))), 4)
    }),
    ("a text that nobody reads, plain", |bytes| {
        beside(&format!("\"{}\"", "x".repeat(bytes)))
    }),
    ("a text that nobody reads, of escapes", |bytes| {
        beside(&format!("\"{}\"", r"\u0041".repeat(bytes / 6)))
    }),
    ("nesting, to the limit again and again", |bytes| {
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
    ("names of escapes", |bytes| {
        format!(
            r#"{{{},"Records":[{RECORD}]}}"#,
            repeated(r#""\u0041\u0042\u0043":0"#, bytes)
        )
    }),
    ("a name, huge, of escapes", |bytes| {
        format!(
            r#"{{"{}":0,"Records":[{RECORD}]}}"#,
            r"\u0041".repeat(bytes / 6)
        )
    }),
    ("tags", |bytes| {
        with_tags(&numbered(bytes, 12, |index| format!(r#""{index:06}":"""#)))
    }),
    ("tags, backwards", |bytes| {
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
    ("tags of escapes", |bytes| {
        with_tags(&repeated(r#""\n":"\n""#, bytes))
    }),
    ("annotations", |bytes| {
        with_annotations(&repeated(r#"{"name":"n"}"#, bytes))
    }),
    ("annotations of escapes", |bytes| {
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
            r#"{{"source":"aws.s3","detail-type":"X","resources":[{resources}],"detail":{{"bucket":{{"name":"b"}},"object":{{"key":"k"}}}}}}"#
        )
    }),
    ("white space", |bytes| " ".repeat(bytes)),
    ("white space between", |bytes| {
        format!("{{{}\"Records\":[{RECORD}]}}", "\n".repeat(bytes))
    }),
    ("a mistake at the very end", |bytes| {
        format!("{}x", notification(&repeated(RECORD, bytes)))
    }),
    ("a cut at the very end", |bytes| {
        let mut cut = notification(&repeated(RECORD, bytes));
        cut.truncate(cut.len() - 5);
        cut
    }),
];

/// Shapes that need more than four times their size and one record for each, and why.
pub const BEYOND_THE_BOUND: &[(&str, &str)] = &[
    ("records, tiny, unlike the last", A_MISTAKE),
    ("a mistake at the very end", A_MISTAKE),
    ("a cut at the very end", A_MISTAKE),
    ("messages without a body", A_MESSAGE),
    ("messages without records", A_MESSAGE),
    ("messages of one tiny record", A_MESSAGE),
    ("messages of no JSON", A_MESSAGE),
    ("messages of half a record", A_MESSAGE),
    ("messages with JSON for a body", A_MESSAGE),
    ("messages with ids of escapes", A_MESSAGE),
    ("SNS messages of no JSON", A_MESSAGE),
    ("a key of + in four SNS messages", A_COPY),
    ("four SNS messages with a text beside", A_COPY),
    ("tags", A_TAG),
    ("tags, backwards", A_TAG),
    ("tags, duplicate", A_TAG),
    ("tags, null", A_TAG),
    ("tags of escapes", A_TAG),
    ("annotations", A_TAG),
    ("annotations of escapes", A_TAG),
    ("annotations, twice", A_TAG),
];

const A_MISTAKE: &str = "records that were read before the mistake count for none";
const A_MESSAGE: &str = "a `Message` and its error are larger than four times its JSON";
const A_COPY: &str = "every envelope but the outermost is copied";
const A_TAG: &str = "a tag or an annotation is larger than four times its JSON";

const NULLS: &str = concat!(
    r#"{"eventName":"X","userIdentity":{},"requestParameters":{},"responseElements":{},"glacierEventData":"#,
    r#"{"restoreEventData":{}},"replicationEventData":{},"intelligentTieringEventData":{},"lifecycleEventData":"#,
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

/// A record that is decoded as S3's are.
fn with_key(key: &str) -> String {
    notification(&format!(
        r#"{{"eventName":"X","eventSource":"aws:s3","s3":{{"bucket":{{"name":"b"}},"object":{{"key":"{key}"}}}}}}"#
    ))
}

/// A record, and something that nobody reads before it.
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
