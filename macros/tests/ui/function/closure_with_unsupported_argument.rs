use s3_dispatch::{HandlerError, Routes};

fn main() {
    let _ = Routes::new(()).on_fn("ObjectCreated:*", |size: u64| async move {
        println!("{size}");
        Ok::<_, HandlerError>(())
    });
}
