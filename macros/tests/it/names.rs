//! Handlers in modules, in functions and in other crates, with raw names and from macros.

use std::sync::mpsc::channel;

use s3_dispatch::{Handler, HandlerError, Outcome, Routes, s3_handler};

use crate::answer;

mod uploads {
    pub(crate) mod images {
        use s3_dispatch::{HandlerError, State, s3_handler};

        #[s3_handler("ObjectCreated:Put", suffix = ".jpg")]
        pub(crate) async fn of_the_crate(_: State<u8>) -> Result<(), HandlerError> {
            Ok(())
        }

        #[s3_handler("ObjectCreated:Copy")]
        pub(in crate::names) async fn of_the_module(_: State<u8>) -> Result<(), HandlerError> {
            Ok(())
        }

        #[s3_handler("ObjectRemoved:Delete")]
        #[allow(unreachable_pub)]
        pub async fn of_all(_: State<u8>) -> Result<(), HandlerError> {
            Ok(())
        }
    }
}

mod reexports {
    pub(super) use s3_dispatch as renamed;
}

#[s3_handler("ObjectRestore:Completed", crate = crate::names::reexports::renamed)]
async fn of_a_reexport() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectRestore:Post")]
async fn r#move() -> Result<(), HandlerError> {
    Ok(())
}

macro_rules! handlers {
    ($($name:ident: $event:literal, $argument:ty;)*) => {$(
        #[s3_handler($event)]
        async fn $name(_argument: $argument) -> Result<(), HandlerError> {
            Ok(())
        }
    )*};
}

handlers! {
    made_by_a_macro: "ObjectTagging:Put", &s3_dispatch::S3EventRecord;
}

#[tokio::test]
async fn handlers_are_found_in_every_kind_of_place() {
    #[s3_handler("ObjectRestore:Delete")]
    async fn of_a_function() -> Result<(), HandlerError> {
        Ok(())
    }

    let routes = Routes::new(7_u8)
        .on::<uploads::images::of_the_crate>()
        .on::<uploads::images::of_the_module>()
        .on::<uploads::images::of_all>()
        .on::<of_a_reexport>()
        .on::<r#move>()
        .on::<made_by_a_macro>()
        .on::<of_a_function>();

    for event in [
        "ObjectCreated:Put",
        "ObjectCreated:Copy",
        "ObjectRemoved:Delete",
        "ObjectRestore:Completed",
        "ObjectRestore:Post",
        "ObjectTagging:Put",
        "ObjectRestore:Delete",
    ] {
        let outcome = answer(&routes, event).await;
        assert!(matches!(outcome, Outcome::Handled), "{event}: {outcome:?}");
    }

    assert_eq!(<r#move as Handler<()>>::route().name(), "move");
}

#[tokio::test]
async fn handlers_of_another_crate_are_called() {
    let (keys, received) = channel();
    let routes = Routes::new(keys)
        .on::<handlers_crate::send_key>()
        .on::<handlers_crate::nested::send_size>();

    for event in ["ObjectCreated:Put", "ObjectCreated:Copy"] {
        assert!(matches!(answer(&routes, event).await, Outcome::Handled));
    }

    assert_eq!(
        received.try_iter().collect::<Vec<_>>(),
        ["incoming/my photo.jpg", "1024"]
    );
}
