//! The names by which a port is reached.

use std::net::{IpAddr, SocketAddr};

use http::uri::Authority;

/// Whether a `Host` header names the port at this address.
///
/// A page reaches a port on this machine under a name of its own when that name is pointed to the
/// machine (DNS rebinding). Such a name cannot be `localhost`, which browsers resolve themselves,
/// and cannot be the number of an address. A port that other machines can reach has an address that
/// depends on who asks, and a port that a container may have mapped, so every number names it.
pub(super) fn is_own(host: &str, address: SocketAddr) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };

    let name = authority.host();
    let port = match host.strip_prefix(name) {
        Some("") => Some(80),
        Some(_) => authority.port_u16(),
        // A user name and an `@` come first, which no browser sends.
        None => return false,
    };

    let is_local = address.ip().is_loopback();
    let has_own_port = port.is_some_and(|port| port == address.port() || !is_local);
    if !has_own_port {
        return false;
    }

    match name.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback() || !is_local,
        Err(_) => is_localhost(name),
    }
}

/// `localhost`, or a name below it, such as that of a bucket: `photos.localhost`.
fn is_localhost(name: &str) -> bool {
    let name = name.to_ascii_lowercase();

    name == "localhost" || name.ends_with(".localhost")
}
