//! Keeps web pages away from the ports of this crate.
//!
//! The credentials are public and the ports are on the machine of a developer, so any page that is
//! open in a browser there could use them. [`WebAccess`] says which requests a port answers;
//! [`HttpListener`](crate::HttpListener) asks it before every request, on every port.

mod origin;
mod hosts;
mod requests;
mod cors;
mod cross_origin;
mod access;
mod guard;

pub use self::access::WebAccess;
pub(crate) use self::cross_origin::{CrossOrigin, CrossOriginAnswer};
pub(crate) use self::guard::WebGuard;
pub use self::origin::Origin;
