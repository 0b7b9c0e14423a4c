//! Reads the standard environment variables of OpenTelemetry, and those of Lambda.
//!
//! "Environment Variable Specification" and "OpenTelemetry Protocol Exporter", OpenTelemetry
//! Specification 1.50. The endpoint and the headers are read by the exporter, and the sampler and
//! the limits of spans by the SDK.

use std::env;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

use crate::telemetry::traces::export::ExportSettings;

/// Room for two spans per message of the largest batch, and for some that wait.
const DEFAULT_CAPACITY: usize = 32_768;

/// OpenTelemetry's default for a request of an exporter.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// How the spans are to be exported. `None` if the environment does not ask for it.
///
/// # Errors
///
/// Says which variable asks for something that this program cannot do.
pub(super) fn export_settings() -> Result<Option<ExportSettings>, String> {
    if !is_wanted() {
        return Ok(None);
    }

    let protocols = [
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
    ];
    if let Some((name, protocol)) = first(protocols)
        && protocol != "http/protobuf"
    {
        return Err(format!(
            "`{name}` is `{protocol}`, but only `http/protobuf` is supported"
        ));
    }

    let endpoints = [
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ];
    if let Some((name, endpoint)) = first(endpoints)
        && !endpoint.starts_with("http://")
    {
        return Err(format!(
            "`{name}` is `{endpoint}`, but only `http` is supported: send to a collector beside \
             the program, or install a tracer provider of your own"
        ));
    }

    let timeouts = [
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
    ];
    Ok(Some(ExportSettings {
        resource: resource(),
        timeout: milliseconds(timeouts).unwrap_or(DEFAULT_TIMEOUT),
        capacity: number("OTEL_BSP_MAX_QUEUE_SIZE").unwrap_or(DEFAULT_CAPACITY),
    }))
}

/// The longest time that an export may delay an answer.
pub(super) fn export_limit() -> Option<Duration> {
    milliseconds(["OTEL_BSP_EXPORT_TIMEOUT"])
}

/// Whether a span of Lambda is the parent of ours. `None` if the environment does not say.
///
/// "Instrumenting AWS Lambda", section "`xray-lambda` Propagator Configuration", OpenTelemetry
/// Semantic Conventions 1.44.
pub(super) fn joins_lambda() -> Option<bool> {
    let propagators = variable("OTEL_PROPAGATORS")?;
    Some(
        propagators
            .split(',')
            .any(|name| name.trim() == "xray-lambda"),
    )
}

/// OpenTelemetry's default is to export to this machine. A program that is built with the feature
/// but has no collector would complain after each invocation, so here the environment has to ask.
fn is_wanted() -> bool {
    let is_disabled =
        variable("OTEL_SDK_DISABLED").is_some_and(|on| on.eq_ignore_ascii_case("true"));
    let exporter = variable("OTEL_TRACES_EXPORTER");
    let endpoints = [
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ];

    match exporter.as_deref() {
        _ if is_disabled => false,
        Some(exporter) => exporter == "otlp",
        None => first(endpoints).is_some(),
    }
}

/// What the spans tell about this process. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` come
/// first.
///
/// "Instrumenting AWS Lambda", section "Resource Detector", and "Function as a Service",
/// OpenTelemetry Semantic Conventions 1.44.
fn resource() -> Resource {
    let mut attributes = Vec::new();

    if let Some(function) = variable("AWS_LAMBDA_FUNCTION_NAME") {
        attributes.push(KeyValue::new("service.name", function.clone()));
        attributes.push(KeyValue::new("faas.name", function));
        attributes.push(KeyValue::new("cloud.provider", "aws"));
        attributes.push(KeyValue::new("cloud.platform", "aws_lambda"));
    }

    for (name, attribute) in [
        ("AWS_REGION", "cloud.region"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "faas.version"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "faas.instance"),
    ] {
        attributes.extend(variable(name).map(|value| KeyValue::new(attribute, value)));
    }

    let megabytes = variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|text| text.parse().ok());
    let bytes = megabytes.and_then(|megabytes: i64| megabytes.checked_mul(1024 * 1024));
    attributes.extend(bytes.map(|bytes| KeyValue::new("faas.max_memory", bytes)));

    // Attributes that are added later replace those that the environment has given.
    let given = Resource::builder().build();
    let is_named = variable("OTEL_SERVICE_NAME").is_some()
        || variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|text| text.contains("service.name="));
    attributes.retain(|attribute| match attribute.key.as_str() {
        "service.name" => !is_named,
        _ => given.get(&attribute.key).is_none(),
    });

    Resource::builder().with_attributes(attributes).build()
}

fn variable(name: &str) -> Option<String> {
    let value = env::var(name).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// The first of these variables that is set, and its value.
fn first<const N: usize>(names: [&'static str; N]) -> Option<(&'static str, String)> {
    names
        .into_iter()
        .find_map(|name| Some((name, variable(name)?)))
}

fn number(name: &str) -> Option<usize> {
    variable(name)?.parse().ok()
}

fn milliseconds<const N: usize>(names: [&'static str; N]) -> Option<Duration> {
    let (_, text) = first(names)?;
    text.parse().ok().map(Duration::from_millis)
}
