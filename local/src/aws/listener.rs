//! Binds the port of an endpoint.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::{Error, ErrorKind};

/// Listens on this address, and returns the address with the port that was chosen if it has port 0.
///
/// # Errors
///
/// [`ErrorKind::Address`] when the address is not available.
pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| bind_error(address, error))?;
    let address = listener
        .local_addr()
        .map_err(|error| bind_error(address, error))?;

    Ok((listener, address))
}

fn bind_error(address: SocketAddr, error: io::Error) -> Error {
    let text = match error.kind() {
        io::ErrorKind::AddrInUse => format!("`{address}` is in use by another program"),
        io::ErrorKind::PermissionDenied => format!("listening on `{address}` is not permitted"),
        _ => format!("cannot listen on `{address}`"),
    };

    Error::new(ErrorKind::Address, text).with_source(error)
}
