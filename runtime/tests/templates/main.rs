//! The templates that the command line of a program prints.
//!
//! With the environment variable `ROUTES` this process is a program with these routes, and without
//! it the tests.

#![allow(missing_docs, clippy::unwrap_used)]

#[cfg(unix)]
mod program;
#[cfg(unix)]
mod stack;
#[cfg(unix)]
mod pipeline;
#[cfg(unix)]
mod existing;
#[cfg(unix)]
mod rights;
#[cfg(unix)]
mod filters;
#[cfg(unix)]
mod mistakes;

#[cfg(unix)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    if let Ok(routes) = std::env::var("ROUTES") {
        return s3_dispatch::start(program::routes(&routes)).await;
    }

    let wanted: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let tests = [
        pipeline::TESTS,
        existing::TESTS,
        rights::TESTS,
        filters::TESTS,
        mistakes::TESTS,
    ];
    for (name, test) in tests.into_iter().flatten() {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(&**part)) {
            println!("test {name}");
            test();
        }
    }

    Ok(())
}

#[cfg(not(unix))]
fn main() {}
