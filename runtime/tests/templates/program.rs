//! The program whose templates are tested. Its routes come from the environment.

use std::os::unix::process::CommandExt;
use std::process::Command;

use s3_dispatch::{EventPattern, Route, Routes};
use serde::{Deserialize, Serialize};

/// What a route takes, and what its handler declares.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) event: String,
    pub(crate) bucket: Option<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) suffix: Option<String>,
    pub(crate) reads: bool,
    /// A prefix in the bucket `results`.
    pub(crate) writes: Option<String>,
    /// A prefix in the bucket whose events are handled.
    pub(crate) deletes: Option<String>,
}

impl Taken {
    pub(crate) fn event(event: &str) -> Self {
        Self {
            event: event.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn route(&self) -> Route {
        let mut route = Route::new(EventPattern::parse(&self.event).unwrap());
        if let Some(bucket) = &self.bucket {
            route = route.with_bucket(bucket.clone());
        }
        if let Some(prefix) = &self.prefix {
            route = route.with_prefix(prefix.clone());
        }
        if let Some(suffix) = &self.suffix {
            route = route.with_suffix(suffix.clone());
        }
        if self.reads {
            route = route.reads();
        }
        if let Some(prefix) = &self.writes {
            route = route.writes(format!("s3://results/{prefix}"));
        }
        if let Some(prefix) = &self.deletes {
            route = route.deletes(prefix.clone());
        }

        route
    }
}

pub(crate) fn router(taken: &[Taken]) -> Routes<()> {
    taken.iter().fold(Routes::new(()), |routes, taken| {
        routes.on_fn(taken.route(), || async { Ok::<_, std::io::Error>(()) })
    })
}

pub(crate) fn routes(json: &str) -> Routes<()> {
    router(&serde_json::from_str::<Vec<Taken>>(json).unwrap())
}

/// The result of `policy`.
pub(crate) struct Printed {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `policy` of a program with this name.
pub(crate) fn policy(name: &str, taken: &[Taken], arguments: &[&str]) -> Printed {
    let output = Command::new(std::env::current_exe().unwrap())
        .arg0(name)
        .arg("policy")
        .args(arguments)
        .env_clear()
        .env("ROUTES", serde_json::to_string(taken).unwrap())
        .output()
        .unwrap();

    Printed {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
