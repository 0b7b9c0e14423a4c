//! The event source mapping, and the function behind it.

use super::super::known::{Answer, Setting, Tree};
use super::super::model::{Kind, Resource};
use super::{Case, Fault};

/// Lambda's defaults ("CreateFunction" and "CreateEventSourceMapping", AWS Lambda API Reference,
/// 2026).
const DEFAULT_TIMEOUT: f64 = 3.0;
const DEFAULT_BATCH: f64 = 10.0;

/// The timeout of the function in seconds, if it is known.
pub(super) fn function_timeout(case: &Case<'_>) -> Option<f64> {
    case.path
        .function?
        .get("Timeout")
        .number()
        .or_default(DEFAULT_TIMEOUT)
}

pub(super) fn mappings<'d>(case: &Case<'d>) -> impl Iterator<Item = (&'d Resource, &'d Resource)> {
    let queues = case.path.queues.iter();
    queues.filter_map(|one| Some((one.mapping?, one.queue)))
}

pub(super) fn mapping_off<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let off =
        mappings(case).filter(|(mapping, _)| mapping.get("Enabled").flag() == Setting::Is(false));
    off.map(|(mapping, _)| Fault::new(mapping, "the mapping is disabled", "enable it"))
        .collect()
}

pub(super) fn partial_failures<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let without = mappings(case).filter(|(mapping, _)| {
        let types = mapping.get("FunctionResponseTypes");
        let reports = types.items().iter().map(|one| match one.as_str() {
            Some(text) => Answer::from(text == "ReportBatchItemFailures"),
            None => Answer::Maybe,
        });
        !types.is_unknown() && Answer::any(reports) == Answer::No
    });
    without
        .map(|(mapping, _)| {
            let what = "the function response types do not have `ReportBatchItemFailures`";
            let change = if mapping.get("IsShorthand").is_null() {
                "set the function response types to `[ReportBatchItemFailures]`"
            } else {
                "SAM's shorthand has no response types: write the queue, the subscription and an \
                 event of the type `SQS` yourself"
            };
            Fault::new(mapping, what, change)
        })
        .collect()
}

pub(super) fn batch_too_large<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let (Some(seconds), Some(timeout)) = (case.program.handler_seconds, function_timeout(case))
    else {
        return Vec::new();
    };
    let usable = timeout - case.program.deadline_margin.as_secs_f64();
    let at_once = case.program.concurrency as f64;

    let large = mappings(case).filter_map(|(mapping, _)| {
        let batch = batch(mapping)?;
        let takes = (batch / at_once).ceil() * seconds;
        (takes > usable).then(|| {
            let what = format!(
                "a batch of {batch} takes {takes} s, with {seconds} s for each message and \
                 {at_once} at once, but the function has {usable} s for it"
            );
            let most = (usable / seconds).floor().max(0.0) * at_once;
            let smaller = format!("set the batch size to at most {most}, or ");
            let change = format!(
                "{}the function's timeout to at least {} s",
                if most >= 1.0 {
                    smaller.as_str()
                } else {
                    "set "
                },
                (takes + case.program.deadline_margin.as_secs_f64()).ceil()
            );
            Fault::new(mapping, what, change)
        })
    });
    large.collect()
}

pub(super) fn throttled<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let Some(function) = case.path.function else {
        return Vec::new();
    };
    let Some(reserved) = reserved(function) else {
        return Vec::new();
    };
    if reserved == 0.0 {
        let what = "the reserved concurrency is 0, which switches the function off";
        return vec![Fault::new(
            function,
            what,
            "remove it, or set it to 2 or more",
        )];
    }

    let throttled = mappings(case).filter_map(|(mapping, _)| {
        if !mapping.get("ProvisionedPollerConfig").is_null() {
            return None;
        }
        let most = mapping.get("ScalingConfig").get("MaximumConcurrency");
        let what = match most.number() {
            Setting::Unknown => return None,
            Setting::Absent => {
                format!(
                    "the function has a reserved concurrency of {reserved}, the mapping no limit"
                )
            }
            Setting::Is(most) if most > reserved => format!(
                "the function has a reserved concurrency of {reserved}, the mapping a maximum of \
                 {most}"
            ),
            Setting::Is(_) => return None,
        };
        let change = format!("set the mapping's maximum concurrency to at most {reserved}");
        Some(Fault::new(mapping, what, change))
    });
    throttled.collect()
}

/// The reserved concurrency. Terraform writes -1 for none.
fn reserved(function: &Resource) -> Option<f64> {
    let reserved = function
        .get("ReservedConcurrentExecutions")
        .number()
        .known()?;
    (reserved >= 0.0).then_some(reserved)
}

pub(super) fn batch(mapping: &Resource) -> Option<f64> {
    mapping.get("BatchSize").number().or_default(DEFAULT_BATCH)
}

/// The role of the function, if it is in the files.
pub(super) fn role<'d>(case: &Case<'d>) -> Option<&'d Resource> {
    let role = case.path.function?.get("Role");
    match role {
        Tree::Text(text) => case.deployment.find(Kind::Role, Some(text)),
        _ => None,
    }
}
