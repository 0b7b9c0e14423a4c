//! The contexts of spans that others have begun, as their headers name them.

use opentelemetry::trace::{SpanContext, TraceState};
use opentelemetry::{SpanId, TraceFlags, TraceId};

/// Reads a header of X-Ray:
/// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
///
/// `None` if it is not one, or names no parent: then there is a trace, but no span to point at.
///
/// "Tracing header", AWS X-Ray Developer Guide, 2026.
pub(super) fn from_xray(header: &str) -> Option<SpanContext> {
    let mut trace_id = None;
    let mut parent = None;
    let mut flags = TraceFlags::NOT_SAMPLED;

    for field in header.split(';') {
        match field.trim().split_once('=') {
            Some(("Root", root)) => trace_id = xray_trace_id(root),
            Some(("Parent", id)) => parent = span_id(id),
            Some(("Sampled", "1")) => flags = TraceFlags::SAMPLED,
            _ => {}
        }
    }

    context(trace_id?, parent?, flags)
}

/// Reads a version, the time in 8 hexadecimal digits, and 24 random ones.
fn xray_trace_id(root: &str) -> Option<TraceId> {
    let (time, random) = root.strip_prefix("1-")?.split_once('-')?;
    let has_digits = is_hexadecimal(time, 8) && is_hexadecimal(random, 24);

    has_digits.then(|| TraceId::from_hex(&format!("{time}{random}")).ok())?
}

/// Reads a trace context of W3C: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.
///
/// "Trace Context", W3C Recommendation, level 2, sections "Traceparent Header Field Values" and
/// "Versioning of traceparent": a later version may add fields.
pub(super) fn from_w3c(trace_parent: &str) -> Option<SpanContext> {
    let mut fields = trace_parent.trim().split('-');
    let version = fields.next().filter(|text| is_hexadecimal(text, 2))?;
    let trace_id = fields.next().filter(|text| is_hexadecimal(text, 32))?;
    let parent = fields.next()?;
    let flags = fields.next().filter(|text| is_hexadecimal(text, 2))?;

    if version == "ff" || (version == "00" && fields.next().is_some()) {
        return None;
    }

    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    context(TraceId::from_hex(trace_id).ok()?, span_id(parent)?, flags)
}

fn span_id(text: &str) -> Option<SpanId> {
    is_hexadecimal(text, 16).then(|| SpanId::from_hex(text).ok())?
}

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn context(trace_id: TraceId, parent: SpanId, flags: TraceFlags) -> Option<SpanContext> {
    let context = SpanContext::new(trace_id, parent, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::SpanContext;

    use super::{from_w3c, from_xray};

    fn shown(context: Option<SpanContext>) -> Option<String> {
        context.map(|context| {
            assert!(context.is_remote());
            let flags = context.trace_flags().to_u8();
            format!("{}-{}-{flags:02x}", context.trace_id(), context.span_id())
        })
    }

    #[test]
    fn a_header_of_xray_names_a_span() {
        let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
        let parent = "5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8";

        for (header, expected) in [
            (format!("{root};Parent=53995c3f42cd8ad8;Sampled=1"), "01"),
            (format!("{root};Parent=53995c3f42cd8ad8;Sampled=0"), "00"),
            (format!("{root};Parent=53995c3f42cd8ad8"), "00"),
            (
                format!("Self=1-6-7; Sampled=1 ;{root}; Parent=53995C3F42CD8AD8;Lineage=1:a:0"),
                "01",
            ),
        ] {
            let shown = shown(from_xray(&header));
            assert_eq!(shown, Some(format!("{parent}-{expected}")), "{header}");
        }
    }

    #[test]
    fn what_is_not_a_header_of_xray_names_nothing() {
        for header in [
            "",
            "Root",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
            "Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
            "Root=1-5759e98-bd862e3fe1be46a9942727933;Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-bd862e3fe1be46a99427279x;Parent=53995c3f42cd8ad8",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=+3995c3f42cd8ad8",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0000000000000000",
            "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8",
        ] {
            assert_eq!(shown(from_xray(header)), None, "{header}");
        }
    }

    #[test]
    fn a_trace_context_of_w3c_names_a_span() {
        let ids = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";

        for (version, flags, rest, expected) in [
            ("00", "01", "", "01"),
            ("00", "00", "", "00"),
            ("00", "fe", "", "00"),
            ("cc", "03", "-what-comes-later", "01"),
        ] {
            let sent = format!("{version}-{ids}-{flags}{rest}");
            let expected = format!("{ids}-{expected}");
            assert_eq!(shown(from_w3c(&sent)), Some(expected), "{sent}");
        }
    }

    #[test]
    fn what_is_not_a_trace_context_of_w3c_names_nothing() {
        for sent in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-01",
        ] {
            assert_eq!(shown(from_w3c(sent)), None, "{sent}");
        }
    }
}
