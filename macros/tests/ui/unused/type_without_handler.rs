use s3_dispatch::Routes;

struct Index;

fn main() {
    let _ = Routes::new(()).on::<Index>();
}
