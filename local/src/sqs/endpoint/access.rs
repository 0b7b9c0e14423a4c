//! Keeps web pages away from the queues.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// Refuses the requests that a browser sends for a web page.
///
/// A page of another site sends its `Origin`. If its name was pointed to this machine (DNS
/// rebinding), the `Host` is that name. Other programs send no `Origin`.
pub(super) fn check(headers: &HeaderMap, port: u16) -> Result<(), &'static str> {
    if headers.contains_key(ORIGIN) {
        return Err("requests of a web page are refused");
    }

    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err("the request must have one Host header");
    };

    let own = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}"));
    if own.iter().any(|own| host == own.as_str()) {
        Ok(())
    } else {
        Err("the Host header names another host")
    }
}
