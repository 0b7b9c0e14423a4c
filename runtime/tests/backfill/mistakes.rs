//! Command lines that make no sense, and a bucket that cannot be listed to its end.

use crate::run::Place;
use crate::server::{Server, Version};

pub(crate) const TESTS: &[(&str, fn())] = &[
    (
        "options_that_make_no_sense_are_refused",
        options_that_make_no_sense_are_refused,
    ),
    (
        "what_cannot_be_used_is_said_before_anything_is_done",
        what_cannot_be_used_is_said_before_anything_is_done,
    ),
    (
        "a_listing_that_breaks_says_where_to_go_on",
        a_listing_that_breaks_says_where_to_go_on,
    ),
    (
        "a_run_that_cannot_begin_says_only_why",
        a_run_that_cannot_begin_says_only_why,
    ),
    (
        "a_run_that_finds_nothing_says_so",
        a_run_that_finds_nothing_says_so,
    ),
];

fn options_that_make_no_sense_are_refused() {
    let (server, place) = (Server::start(Vec::new(), 10), Place::new());
    let keys = place.write("keys", "a\n");
    let check = |arguments: &[&str], mistake: &str| {
        place.run(&server, arguments).check(2, &[mistake]);
    };

    check(&[], "say what to do with the events: `--here` handles them");
    check(
        &["--here", "--to", "http://127.0.0.1/q"],
        "cannot be used with",
    );
    check(
        &["--here", "--since", "2026-01-02", "--until", "2026-01-02"],
        "`--until` must be after `--since`",
    );
    check(&["--here", "--since", "soon"], "not a time such as");
    check(&["--here", "--event", "ObjectMade"], "not an event of S3");
    check(
        &["--here", "--keys", &keys, "--since", "2d"],
        "add `--head` to use `--since`",
    );
    check(
        &["--here", "--keys", &keys, "--versions"],
        "cannot be used with",
    );
    check(
        &["--here", "--keys", &keys, "--inventory", &keys],
        "cannot be used with",
    );
    check(
        &["--here", "--keys", "-", "--resume", "r"],
        "`--resume` needs a file of keys",
    );
    check(&["--here", "--head"], "required");
    check(&["--dry-run", "--concurrency", "2"], "--here");
    check(&["--dry-run", "--drain", "2"], "--here");
    check(&["--here", "--drain", "43201"], "43201 is not in 0..");
    check(&["--to", "uploads"], "not the URL of a queue, such as");
    check(&["--here", "--rate", "0"], "0 is not in 1..");
}

fn what_cannot_be_used_is_said_before_anything_is_done() {
    let (server, place) = (Server::start(Vec::new(), 10), Place::new());
    let keys = place.write("keys", "a\n");
    let folder = place.path("").display().to_string();
    let inside = place.path("missing/state").display().to_string();

    for list in ["--keys", "--manifest"] {
        let ended = place.run(&server, &["--here", list, &folder]);
        ended.check(2, &["cannot be read: it is a folder"]);
    }
    let run = |file: &str| place.run(&server, &["--here", "--keys", &keys, "--resume", file]);
    run(&inside).check(2, &["missing/state` cannot be written: "]);
    run(&folder).check(2, &["cannot be read: "]);
    assert!(place.notes().is_empty());
}

fn a_listing_that_breaks_says_where_to_go_on() {
    let objects = ["a", "b", "c d", "e"].map(Version::only).to_vec();
    let (server, place) = (Server::start(objects, 1), Place::new());
    server.world.lock().unwrap().breaks_behind = Some("c d".to_owned());
    let ended = place.run(&server, &["--here"]);
    ended.check(
        1,
        &[
            "3 handled",
            "the bucket `holiday` could not be listed after the key \"c d\"",
            "it is so",
            "a later run can go on after the key \"c d\"",
        ],
    );
}

fn a_run_that_cannot_begin_says_only_why() {
    let objects = ["a", "b"].map(Version::only).to_vec();
    let (server, place) = (Server::start(objects, 10), Place::new());
    server.world.lock().unwrap().breaks_behind = Some(String::new());

    for what in ["--here", "--dry-run"] {
        let ended = place.run(&server, &[what]);
        ended.check(1, &["error: the bucket `holiday` could not be listed"]);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
}

fn a_run_that_finds_nothing_says_so() {
    let objects = ["a", "b"].map(Version::only).to_vec();
    let (server, place) = (Server::start(objects, 10), Place::new());
    let last_line = |arguments: &[&str]| {
        let ended = place.run(&server, arguments);
        ended.check(0, &[]);
        ended.stderr.lines().last().unwrap().to_owned()
    };
    let nothing = "no object in the bucket `holiday` has a key that begins with `nothing/`";
    let counts = "0 handled, 0 skipped, 0 failed";

    assert_eq!(last_line(&["--here", "--prefix", "nothing/"]), nothing);
    assert_eq!(
        last_line(&["--here", "--prefix", "nothing/", "--versions"]),
        nothing
    );
    assert_eq!(last_line(&["--dry-run", "--prefix", "nothing/"]), nothing);
    let keys = place.write("keys", "");
    let of_list = last_line(&["--here", "--keys", &keys]);
    assert_eq!(of_list, format!("the list `{keys}` has no objects"));

    // Objects that are left out, or that an earlier run has done, are something.
    assert_eq!(
        last_line(&["--here", "--until", "2020-01-01"]),
        format!("{counts}; 2 of another time")
    );
    let state = place.path("state").display().to_string();
    let resumed = ["--here", "--resume", &state];
    assert_eq!(last_line(&resumed), "2 handled, 0 skipped, 0 failed");
    assert_eq!(last_line(&resumed), counts);

    server.world.lock().unwrap().versions.clear();
    assert_eq!(
        last_line(&["--here"]),
        "the bucket `holiday` has no objects"
    );
}
