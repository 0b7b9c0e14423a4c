//! Counts what a worker does with the messages of its queue.

use metrics::{counter, gauge};

use crate::telemetry::metrics::table::{
    DELETIONS, EXTENSIONS, HANDED_BACK, IN_FLIGHT, LOST_LEASES, RECEIVERS, RECEIVES, RUNNING,
    Reporter, WAITING, describe_those_of,
};

/// Registers the description of every metric that a worker reports.
pub(crate) fn describe() {
    describe_those_of(Reporter::Worker);
}

/// Notes how many messages a worker holds, how many of them wait, and how many handlers run.
pub(crate) fn held(in_flight: usize, waiting: usize, running: usize) {
    gauge!(IN_FLIGHT).set(in_flight as f64);
    gauge!(WAITING).set(waiting as f64);
    gauge!(RUNNING).set(running as f64);
}

/// Notes how many receives a worker makes at once.
pub(crate) fn receivers(receivers: usize) {
    gauge!(RECEIVERS).set(receivers as f64);
}

/// Notes that a receive asked for messages and brought this many.
pub(crate) fn received(asked: usize, messages: usize) {
    let outcome = match messages {
        0 => "empty",
        _ if messages < asked => "part",
        _ => "full",
    };
    counter!(RECEIVES, "outcome" => outcome).increment(1);
}

/// Notes that a receive failed.
pub(crate) fn receive_failed() {
    counter!(RECEIVES, "outcome" => "failed").increment(1);
}

/// Notes that a worker deleted messages of its queue, and that others could not be deleted.
pub(crate) fn deleted(succeeded: usize, failed: usize) {
    count_by_outcome(DELETIONS, succeeded, failed);
}

/// Notes that a worker extended the leases of messages, and that it could not for others.
pub(crate) fn extended(succeeded: usize, failed: usize) {
    count_by_outcome(EXTENSIONS, succeeded, failed);
}

/// Notes that the lease of a message ended while the worker held it.
pub(crate) fn lease_lost() {
    counter!(LOST_LEASES).increment(1);
}

/// Notes that a worker gave back messages that it had not started.
pub(crate) fn handed_back(messages: usize) {
    counter!(HANDED_BACK).increment(messages as u64);
}

fn count_by_outcome(name: &'static str, succeeded: usize, failed: usize) {
    for (outcome, messages) in [("succeeded", succeeded), ("failed", failed)] {
        if messages > 0 {
            counter!(name, "outcome" => outcome).increment(messages as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use metrics::with_local_recorder;
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use super::*;

    /// What a recorder has after these calls, without the prefix `s3_dispatch_worker_`.
    fn measure(calls: impl FnOnce()) -> BTreeMap<String, f64> {
        let recorder = DebuggingRecorder::new();
        with_local_recorder(&recorder, calls);

        let snapshot = recorder.snapshotter().snapshot().into_vec();
        let measured = snapshot.into_iter().map(|(key, unit, description, value)| {
            let key = key.key();
            let name = key.name().trim_start_matches("s3_dispatch_worker_");
            assert!(unit.is_some() && description.is_some(), "{name}");

            let labels: Vec<_> = key.labels().map(metrics::Label::value).collect();
            let value = match value {
                DebugValue::Counter(count) => count as f64,
                DebugValue::Gauge(value) => value.into_inner(),
                DebugValue::Histogram(_) => panic!("{name} is a histogram"),
            };
            (
                format!("{name} {}", labels.join(" ")).trim().to_owned(),
                value,
            )
        });

        measured.collect()
    }

    #[track_caller]
    fn check(calls: impl FnOnce(), expected: &[(&str, f64)]) {
        let expected = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value));
        let measured = measure(|| {
            describe();
            calls();
        });
        assert_eq!(measured, expected.collect());
    }

    #[test]
    fn what_a_worker_holds_is_the_last_that_it_said() {
        let calls = || {
            held(10, 8, 2);
            held(7, 3, 5);
            receivers(1);
            receivers(4);
        };
        let expected = [
            ("in_flight", 7.0),
            ("waiting", 3.0),
            ("running", 5.0),
            ("receivers", 4.0),
        ];
        check(calls, &expected);
    }

    #[test]
    fn a_receive_is_full_part_empty_or_failed() {
        let calls = || {
            for (asked, messages) in [(10, 10), (3, 3), (1, 1), (10, 9), (2, 1), (10, 0)] {
                received(asked, messages);
            }
            receive_failed();
            receive_failed();
        };
        let expected = [
            ("receives_total full", 3.0),
            ("receives_total part", 2.0),
            ("receives_total empty", 1.0),
            ("receives_total failed", 2.0),
        ];
        check(calls, &expected);
    }

    #[test]
    fn messages_are_counted_by_what_became_of_them() {
        let calls = || {
            deleted(9, 1);
            deleted(1, 0);
            extended(0, 3);
            lease_lost();
            lease_lost();
            handed_back(6);
            handed_back(1);
        };
        let expected = [
            ("deletions_total succeeded", 10.0),
            ("deletions_total failed", 1.0),
            ("extensions_total failed", 3.0),
            ("lost_leases_total", 2.0),
            ("handed_back_total", 7.0),
        ];
        check(calls, &expected);
    }
}
