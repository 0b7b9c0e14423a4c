use std::fmt::Error;

use s3_dispatch::{HandlerError, History};

fn look_up(_: &dyn History) {}

fn main() {
    let _ = HandlerError::classified(Error);
    look_up(&Error);
}
