//! A handler in a module without a prelude, where other items have the usual names.

use s3_dispatch::{Outcome, Routes};

use crate::answer;

mod bare {
    #![no_implicit_prelude]

    use ::s3_dispatch::{HandlerError, ObjectCreated, S3EventRecord, State, s3_handler};

    mod std {}
    mod s3_dispatch {}
    #[expect(dead_code)]
    enum Box {}
    #[expect(dead_code)]
    enum Option {}
    #[expect(dead_code)]
    struct Ok;
    #[expect(dead_code)]
    struct Err;

    type Result<E> = ::std::result::Result<(), E>;

    #[s3_handler(
        "ObjectCreated:Put",
        bucket = "holiday",
        prefix = "incoming/",
        suffix = ".jpg",
        state = u8
    )]
    pub(super) async fn index(
        record: &S3EventRecord,
        created: ObjectCreated,
        _: State<u8>,
    ) -> Result<HandlerError> {
        if record.object.key == created.key {
            Result::Ok(())
        } else {
            Result::Err(HandlerError::permanent("the view shows another record"))
        }
    }
}

#[tokio::test]
async fn a_handler_compiles_without_a_prelude() {
    let routes = Routes::new(7).on::<bare::index>();
    assert!(matches!(
        answer(&routes, "ObjectCreated:Put").await,
        Outcome::Handled
    ));
}
