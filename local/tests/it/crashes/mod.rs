//! After a crash at any moment, each change has its event and each event its change.

mod cuts;
mod kills;
mod operation;
