//! `?` on the error types of `anyhow` and `eyre`.

use std::error::Error;
use std::io;

use anyhow::Context as _;
use s3_dispatch_core::{HandlerError, MessageContext, Outcome, Routes};
use s3_dispatch_testing::RecordBuilder;

fn not_found() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "no such file")
}

/// The error that a handler returned through `?`.
fn converted<E>(error: E) -> HandlerError
where
    HandlerError: From<E>,
{
    fn handler<E>(error: E) -> Result<(), HandlerError>
    where
        HandlerError: From<E>,
    {
        Err(error)?
    }

    handler(error).unwrap_err()
}

/// Which errors of the chain are an `io::Error`, from the outside in.
fn io_errors(error: &HandlerError) -> Vec<bool> {
    let outermost: &(dyn Error + 'static) = error.as_error();
    let chain = std::iter::successors(Some(outermost), |&error| error.source());
    chain.map(|error| error.is::<io::Error>()).collect()
}

#[test]
fn the_chain_of_an_anyhow_error_is_kept() {
    let error = Err::<(), _>(not_found())
        .context("reading")
        .context("copying");
    let error = converted(error.unwrap_err());
    assert_eq!(format!("{error:#}"), "copying: reading: no such file");
    assert_eq!(io_errors(&error), [false, false, true]);

    let error = converted(anyhow::anyhow!("the queue is {}", "full"));
    assert_eq!(format!("{error:#}"), "the queue is full");
}

#[test]
fn the_chain_of_an_eyre_report_is_kept() {
    let report = eyre::Report::new(not_found()).wrap_err("reading");
    let error = converted(report);
    assert_eq!(format!("{error:#}"), "reading: no such file");
    assert_eq!(io_errors(&error), [false, true]);
}

#[cfg(feature = "anyhow")]
#[test]
fn the_outermost_error_in_an_anyhow_error_can_be_downcast() {
    assert_eq!(
        io_errors(&converted(anyhow::Error::new(not_found()))),
        [true]
    );

    let error = converted(anyhow::Error::new(not_found())).into_error();
    assert!(error.downcast::<io::Error>().is_ok());

    // Other errors are converted as they are.
    assert_eq!(io_errors(&converted(not_found())), [true]);
    let boxed: Box<dyn Error + Send + Sync> = not_found().into();
    assert_eq!(io_errors(&converted(boxed)), [true]);
}

#[test]
fn a_handler_may_return_the_result_of_anyhow() {
    async fn fail() -> anyhow::Result<()> {
        Err(not_found()).context("reading")
    }

    let routes = Routes::new(()).on_fn("*", fail);
    let record = RecordBuilder::new("ObjectCreated:Put").build();
    match crate::route(&routes, &record, &MessageContext::new()) {
        Outcome::Failed(error) => assert_eq!(format!("{error:#}"), "reading: no such file"),
        other => panic!("{other:?}"),
    }
}
