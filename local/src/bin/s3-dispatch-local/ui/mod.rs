//! The page that shows the pipeline, served on the loopback interface.
//!
//! [`activity`] follows the pipeline's steps, [`server`] accepts browsers' connections, and
//! [`routes`] answers their requests with the files in `page/` and with what [`activity`] knows.
//! [`crate::run`] starts and stops it for `--ui`.

mod shutdown;
mod activity;
mod app;
mod event_stream;
mod page_files;
mod security;
mod replay;
mod routes;
mod write_timeout;
mod server;

pub(crate) use self::activity::Monitor;
pub(crate) use self::server::{BoundUi, Ui};
