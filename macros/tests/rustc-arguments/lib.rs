//! The arguments with which cargo runs the compiler.
#![deny(warnings, missing_docs)]
#![forbid(unsafe_code)]

use proc_macro::TokenStream;

/// Expands to the compiler arguments for the libraries of the crate that uses this macro.
///
/// The result is an array of strings:
/// `["--extern", "serde=/path/libserde-0123.rlib", "-L", "dependency=/path"]`. A procedural macro
/// runs inside the compiler, so the arguments of its process are the arguments of the compiler.
#[proc_macro]
pub fn library_arguments(_: TokenStream) -> TokenStream {
    let arguments: Vec<String> = std::env::args().collect();

    let named = arguments
        .windows(2)
        .filter(|pair| matches!(&*pair[0], "--extern" | "-L"))
        .flatten()
        .map(|argument| format!("{argument:?},"))
        .collect::<String>();

    format!("[{named}]").parse().unwrap_or_default()
}
