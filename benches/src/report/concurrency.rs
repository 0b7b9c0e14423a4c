//! The table of what the number of handlers that run at once changes.

use super::markdown::{shown, table};
use crate::{AT_ONCE, HandlerKind, Results, Shape};

pub(crate) fn concurrency(results: &Results) -> String {
    let rows = HandlerKind::ALL.into_iter().flat_map(|handler| {
        let sizes = handler.batch_sizes().iter();
        sizes.map(move |&messages| row(results, handler, messages))
    });

    let mut head = vec!["a handler that", "messages", "measured"];
    let counts = AT_ONCE.map(|at_once| format!("{at_once} at once"));
    head.extend(counts.iter().map(String::as_str));

    table(&head, rows)
}

fn row(results: &Results, handler: HandlerKind, messages: usize) -> Vec<String> {
    let measured = |at_once| {
        let measure = format!("{}, {at_once} at once", handler.measure());
        let shape = Shape::Documented.name();
        results.number("concurrency", handler.name(), shape, messages, &measure)
    };

    let mut row = vec![
        about(handler).to_owned(),
        messages.to_string(),
        handler.measure().to_owned(),
    ];
    row.extend(AT_ONCE.map(|at_once| shown(measured(at_once), 0)));

    row
}

fn about(handler: HandlerKind) -> &'static str {
    match handler {
        HandlerKind::Waits => "waits for 50 ms",
        HandlerKind::Computes => "computes for 5 ms",
        HandlerKind::TakesTurns => "computes for 300 ms, in turns, with a timeout of 3 s",
        HandlerKind::Holds(1) => "holds 1 MB",
        HandlerKind::Holds(10) => "holds 10 MB",
        HandlerKind::Holds(_) => "holds 50 MB",
    }
}
