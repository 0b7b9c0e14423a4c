//! Values of the usual types, and of others.

use arbitrary::Result;

use super::Bytes;
use super::json::{Json, LONE};

pub(super) fn junk(u: Bytes<'_, '_>) -> Result<Json> {
    let raw = |text: &str| Json::Raw(text.to_owned());
    Ok(match u.int_in_range(0..=15u8)? {
        0 => raw("null"),
        1 => raw("{}"),
        2 => raw("[]"),
        3 => raw("7"),
        4 => raw("-0.50e+1"),
        5 => raw("1e999"),
        6 => raw("true"),
        7 => raw("[{}]"),
        8 => raw(r#"{"s3":{}}"#),
        9 => raw(r#"[null,{"s3":null}]"#),
        10 => raw(r#""\ud800""#),
        11 => raw("18446744073709551616"),
        12 => raw(u.choose(&[
            "01", "-", "1.", "+1", "nul", "'", "{1:2}", "[1,]", "\u{feff}", "\"\t\"", r#""\x""#,
        ])?),
        13 => {
            let depth = u.int_in_range(1..=130usize)?;
            let (open, close) =
                *u.choose(&[("[", "]"), (r#"{"a":"#, "}"), (r#"{"Records":["#, "]}")])?;
            Json::Raw(format!("{}1{}", open.repeat(depth), close.repeat(depth)))
        }
        _ => word(u)?,
    })
}

pub(super) fn word(u: Bytes<'_, '_>) -> Result<Json> {
    Ok(Json::Text(match u.int_in_range(0..=15u8)? {
        0..=9 => String::from(*u.choose(&[
            "a",
            "b",
            "arn:aws:s3:::b",
            "0055AED6DCD90281E5",
            "1970-01-01T00:00:00.000Z",
        ])?),
        10 | 11 => String::from(*u.choose(&[
            "",
            "aws:sqs",
            "s3:TestEvent",
            "aws:s3",
            "Notification",
            "{}",
            "null",
        ])?),
        12 => LONE.to_string(),
        _ => characters(u)?,
    }))
}

fn characters(u: Bytes<'_, '_>) -> Result<String> {
    let mut text = String::new();
    while text.len() < 24 && u.ratio(7, 8u8)? {
        match u.int_in_range(0..=7u8)? {
            0..=4 => text.push_str(u.choose(&[
                "a", "+", "%41", "%", "%ff", "%C3%A9", " ", "/", "é", "😀", "\n", "\"", "\\", "\0",
            ])?),
            5 | 6 => text.push(u.arbitrary()?),
            _ => text.push(LONE),
        }
    }

    Ok(text)
}

pub(super) fn key(u: Bytes<'_, '_>) -> Result<Json> {
    if u.ratio(1, 2u8)? {
        Ok(Json::Text(characters(u)?))
    } else {
        word(u)
    }
}

pub(super) fn source(u: Bytes<'_, '_>) -> Result<Json> {
    Ok(Json::Text(String::from(*u.choose(&[
        "aws:s3",
        "minio:s3",
        "rustfs:s3",
        "storj:s3",
        "ceph:s3",
        "aws.s3",
        "",
        "aws:sqs",
    ])?)))
}

pub(super) fn name(u: Bytes<'_, '_>) -> Result<Json> {
    Ok(Json::Text(String::from(*u.choose(&[
        "ObjectCreated:Put",
        "Object Created",
        "Object Deleted",
        "s3:ObjectCreated:Copy",
        "Object Frozen",
        "PutObject",
        "Lifecycle Expiration",
        "Delete Marker Created",
        "LifecycleTransition",
        "s3:s3:A",
        "s3:",
        "Teleport",
        "Object Restore Completed",
        "Object ACL Updated",
        "CompleteMultipartUpload",
        "\u{f8ff}",
        "",
    ])?)))
}

pub(super) fn number(u: Bytes<'_, '_>) -> Result<Json> {
    let numbers = [
        "1024",
        "0",
        "18446744073709551615",
        "18446744073709551616",
        "-0",
        "-1",
        "1.0",
        "1e3",
        "1.50",
        "007",
    ];

    let texts = [
        "",
        "15",
        "+5",
        "007",
        " 5",
        "5 ",
        "-0",
        "1e3",
        "many",
        "18446744073709551616",
        "٣",
    ];

    Ok(match u.int_in_range(0..=3u8)? {
        0 => Json::Raw(u.arbitrary::<u64>()?.to_string()),
        1 => Json::Raw(String::from(*u.choose(&numbers)?)),
        2 => Json::Text(u.arbitrary::<u16>()?.to_string()),
        _ => Json::Text(String::from(*u.choose(&texts)?)),
    })
}

pub(super) fn flag(u: Bytes<'_, '_>) -> Result<Json> {
    Ok(Json::Raw(String::from(*u.choose(&[
        "true", "false", "null", "\"\"", "\"true\"", "1",
    ])?)))
}
