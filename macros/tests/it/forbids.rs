//! Handlers where lints are forbidden. An `allow` in the expansion would be an error here.

use s3_dispatch::{Outcome, Routes};

use crate::answer;

mod forbidden {
    #![forbid(
        warnings,
        keyword_idents,
        let_underscore,
        nonstandard_style,
        refining_impl_trait,
        rust_2018_compatibility,
        rust_2018_idioms,
        unused,
        absolute_paths_not_starting_with_crate,
        ambiguous_negative_literals,
        closure_returning_async_block,
        elided_lifetimes_in_paths,
        explicit_outlives_requirements,
        ffi_unwind_calls,
        let_underscore_drop,
        macro_use_extern_crate,
        meta_variable_misuse,
        missing_abi,
        missing_copy_implementations,
        missing_debug_implementations,
        missing_docs,
        non_camel_case_types,
        non_local_definitions,
        non_snake_case,
        redundant_imports,
        redundant_lifetimes,
        single_use_lifetimes,
        trivial_casts,
        trivial_numeric_casts,
        unit_bindings,
        unnameable_types,
        unreachable_pub,
        unsafe_code,
        unused_extern_crates,
        unused_import_braces,
        unused_lifetimes,
        unused_macro_rules,
        unused_qualifications,
        unused_results,
        variant_size_differences,
        clippy::all,
        clippy::cargo,
        clippy::nursery,
        clippy::pedantic,
        clippy::absolute_paths,
        clippy::arbitrary_source_item_ordering,
        clippy::exhaustive_enums,
        clippy::let_underscore_untyped,
        clippy::min_ident_chars,
        clippy::missing_docs_in_private_items,
        clippy::missing_inline_in_public_items,
        clippy::missing_trait_methods,
        clippy::panic,
        clippy::same_name_method,
        clippy::shadow_unrelated,
        clippy::unwrap_used
    )]

    use s3_dispatch::{
        HandlerError, MessageContext, ObjectCreated, S3EventRecord, State, s3_handler,
    };

    /// Everything that the attribute can do.
    #[s3_handler(
        "ObjectCreated:Put",
        "ObjectCreated:Copy",
        bucket = "holiday",
        prefix = "incoming/",
        suffix = ".jpg",
        state = String
    )]
    pub(super) async fn index_upload(
        record: &S3EventRecord,
        created: ObjectCreated,
        message: &MessageContext,
        State(suffix): State<String>,
    ) -> Result<(), HandlerError> {
        if message.message_id().is_none() || !created.key.as_str().ends_with(&suffix) {
            return Err(HandlerError::permanent("not of this message"));
        }

        if record.object.key == created.key {
            Ok(())
        } else {
            Err(HandlerError::skip("another object"))
        }
    }
}

#[tokio::test]
async fn a_handler_compiles_and_runs_where_lints_are_forbidden() {
    let routes = Routes::new(".jpg".to_owned()).on::<forbidden::index_upload>();
    for event in ["ObjectCreated:Put", "ObjectCreated:Copy"] {
        let outcome = answer(&routes, event).await;
        assert!(matches!(outcome, Outcome::Handled), "{event}: {outcome:?}");
    }
}
