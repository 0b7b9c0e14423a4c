//! The two ways in which AWS writes JSON.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

const INFALLIBLE: &str = "strings, numbers and maps of strings can always be written";

/// `{}`.
#[derive(Serialize)]
pub(crate) struct EmptyObject {}

/// JSON without white space, as S3, EventBridge and Lambda write it.
pub(crate) fn compact(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect(INFALLIBLE)
}

/// JSON with one member per line and ` : ` between name and value, as SNS sends it to SQS.
pub(crate) fn spaced(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(
            &mut bytes,
            Spaced(PrettyFormatter::new()),
        ))
        .expect(INFALLIBLE);

    String::from_utf8(bytes).expect("JSON is UTF-8")
}

struct Spaced(PrettyFormatter<'static>);

impl Formatter for Spaced {
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" : ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
