//! Who and what caused an event, and where.

use crate::text::text_newtypes;

text_newtypes! {
    /// The sender of a record: `aws:s3`.
    EventSource;
    /// A region of AWS: `eu-central-1`.
    Region;
    /// The id of a principal, in any of the forms that S3 writes.
    PrincipalId;
    /// The address of a request: IPv4, IPv6, or the name of a service such as `s3.amazonaws.com`.
    SourceIp;
    /// S3's id of a request.
    RequestId;
    /// S3's second id of a request, which AWS's support asks for.
    HostId;
    /// The id of a notification configuration.
    ConfigurationId;
}
