//! Traces of a worker, which a collector gets while it runs.

use crate::as_worker::{command, put};
use crate::process::Process;
use crate::sqs::Sqs;
use crate::traces::{Collector, OK, warnings};

pub(crate) const TESTS: [(&str, fn()); 2] = [
    (
        "a_worker_exports_while_it_runs_and_at_its_end",
        a_worker_exports_while_it_runs_and_at_its_end,
    ),
    (
        "a_collector_that_hangs_costs_a_worker_one_line",
        a_collector_that_hangs_costs_a_worker_one_line,
    ),
];

fn start(sqs: &Sqs, collector: &Collector) -> Process {
    let mut command = command("works", sqs, "uploads");
    // Its receives are short then, so it stops soon.
    command.args(["--visibility", "2"]);

    Process::start(command.envs(collector.variables()))
}

fn a_worker_exports_while_it_runs_and_at_its_end() {
    let sqs = Sqs::start();
    let collector = Collector::start(|_| OK);
    let worker = start(&sqs, &collector);

    sqs.send(put("first"));
    let export = collector.export();
    assert!(export.has("handle ObjectCreated:Put") && export.has("first"));

    sqs.send(put("second"));
    sqs.request();
    sqs.request();
    assert_eq!(warnings(worker), [""; 0]);
    while !collector.export().has("second") {}
}

fn a_collector_that_hangs_costs_a_worker_one_line() {
    let sqs = Sqs::start();
    let collector = Collector::start(|_| {
        loop {
            std::thread::park();
        }
    });
    let worker = start(&sqs, &collector);

    sqs.send(put("first"));
    sqs.request();
    // The request hangs from now on.
    collector.export();
    sqs.send(put("second"));
    sqs.request();

    let warnings = warnings(worker);
    let [warning] = &warnings[..] else {
        panic!("{warnings:#?}")
    };
    assert!(warning.contains("traces were not exported"), "{warning}");
    assert!(warning.contains("did not answer within 100ms"), "{warning}");
    assert!(warning.contains("waiting=4"), "{warning}");
}
