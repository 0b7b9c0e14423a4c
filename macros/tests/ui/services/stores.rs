use s3_dispatch::{Deduplicated, Exclusive, LatestOnly, Objects, Router, Routes};

/// A client, such as those of the AWS SDK.
struct Client;

fn serve(_: impl Router) {}

fn main() {
    let _ = Objects::new(Client);
    serve(Deduplicated::new(Routes::new(()), Client));
    serve(Exclusive::new(Routes::new(()), Client));
    serve(LatestOnly::new(Routes::new(()), Client));
}
