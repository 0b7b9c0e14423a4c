//! Runs that end before their end, and go on.

use std::collections::HashMap;

use crate::run::{Place, key};
use crate::server::{Server, Version};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_run_goes_on_where_it_ended", a_run_goes_on_where_it_ended),
    ("another_run_is_refused", another_run_is_refused),
    ("a_file_has_one_run_at_a_time", a_file_has_one_run_at_a_time),
    ("lists_go_on_too", lists_go_on_too),
    ("kills_leave_nothing_out", kills_leave_nothing_out),
    (
        "kills_leave_nothing_out_of_what_is_sent",
        kills_leave_nothing_out_of_what_is_sent,
    ),
    #[cfg(target_os = "linux")]
    (
        "what_cannot_be_printed_is_not_done",
        what_cannot_be_printed_is_not_done,
    ),
    (
        "a_signal_ends_a_run_that_goes_on_later",
        a_signal_ends_a_run_that_goes_on_later,
    ),
];

fn a_run_goes_on_where_it_ended() {
    let keys: Vec<_> = (0..20).map(|number| format!("{number:02}")).collect();
    let objects = keys.iter().map(|key| Version::only(key)).collect();
    let (server, place) = (Server::start(objects, 3), Place::new());
    let file = place.path("resume");
    let run = |limit: &str, expected: &str| {
        let arguments = [
            "--here",
            "--concurrency",
            "1",
            "--resume",
            file.to_str().unwrap(),
            "--limit",
            limit,
        ];
        place.run(&server, &arguments).check(0, &[expected]);
    };

    run("7", "7 handled");
    run("7", "7 handled");
    run("100", "6 handled");
    run("100", "0 handled");
    let noted: Vec<_> = place.notes().iter().map(|note| key(note)).collect();
    assert_eq!(noted, keys);
}

fn another_run_is_refused() {
    let (server, place) = (Server::start(vec![Version::only("a")], 3), Place::new());
    let file = place.path("resume");
    let file = file.to_str().unwrap();
    place
        .run(&server, &["--here", "--resume", file])
        .check(0, &["1 handled"]);

    let check = |arguments: &[&str], difference: &str| {
        let mut all = vec!["--resume", file];
        all.extend(arguments);
        place
            .run(&server, &all)
            .check(2, &["resume` is of another run: ", difference]);
    };
    check(
        &["--here", "--prefix", "a"],
        "it has no `--prefix`, and this run has one",
    );
    check(
        &["--to", "http://127.0.0.1:1/0/q"],
        "its `--here` is \"yes\", and this run has none",
    );

    // How fast it is makes no difference.
    let faster = [
        "--here",
        "--resume",
        file,
        "--rate",
        "5",
        "--concurrency",
        "2",
    ];
    place.run(&server, &faster).check(0, &["0 handled"]);

    for (content, mistake) in [
        ("{}", "is not a file of `--resume`"),
        ("", "is not a file of `--resume`"),
        (
            concat!(
                r#"{"version": 2, "run": [],"#,
                r#""progress": {"through": "start", "beyond": [], "settled": 0}}"#,
            ),
            "was written by another version",
        ),
    ] {
        std::fs::write(file, content).unwrap();
        place
            .run(&server, &["--here", "--resume", file])
            .check(2, &[mistake]);
    }
}

fn a_file_has_one_run_at_a_time() {
    let (server, place) = (Server::start(many(), 100), Place::new());
    let file = place.path("resume");
    let arguments = ["--here", "--resume", file.to_str().unwrap()];
    let mut first = place.start(&server, &arguments);
    while place.notes().is_empty() {
        assert!(first.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }

    let second = place.run(&server, &arguments);
    second.check(2, &["another run goes on from `", "name another file"]);
    assert!(second.stdout.is_empty(), "{}", second.stdout);

    // The file is free as soon as the first run has ended, even by a kill.
    first.kill().unwrap();
    first.wait().unwrap();
    let more = [&arguments[..], &["--limit", "1"]].concat();
    place.run(&server, &more).check(0, &["1 handled"]);
}

fn lists_go_on_too() {
    let (server, place) = (Server::start(Vec::new(), 3), Place::new());
    let resume = place.path("resume");
    let keys: String = (0..10).map(|number| format!("k{number}\n")).collect();
    let list = place.write("keys", keys);
    let rows: String = (0..10)
        .map(|number| format!("holiday,m{number}\n"))
        .collect();
    let manifest = place.write("manifest", rows);

    for (option, file) in [("--keys", list), ("--manifest", manifest)] {
        drop(std::fs::remove_file(&resume));
        let before = place.notes().len();
        for (limit, expected) in [("4", "4 handled"), ("9", "6 handled")] {
            let arguments = [
                "--here",
                option,
                &file,
                "--limit",
                limit,
                "--resume",
                resume.to_str().unwrap(),
            ];
            place.run(&server, &arguments).check(0, &[expected]);
        }
        assert_eq!(place.notes().len(), before + 10);
    }
}

/// How often each key is in the notes.
fn counts(keys: impl Iterator<Item = String>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts
}

/// Starts the run again and again, and kills each after another number of events, until one ends by
/// itself. Returns how many were killed.
fn run_with_kills(
    place: &Place,
    server: &Server,
    arguments: &[&str],
    events: impl Fn() -> usize,
) -> usize {
    for kills in 0.. {
        let end = events() + 1 + kills * 97 % 350;
        let mut child = place.start(server, arguments);
        while events() < end {
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "{:?}", child.wait_with_output().unwrap());
                return kills;
            }
            std::thread::yield_now();
        }

        // Not even a signal handler runs.
        child.kill().unwrap();
        child.wait().unwrap();
    }

    unreachable!("there are fewer events")
}

const OBJECTS: usize = 3_000;

fn many() -> Vec<Version> {
    let keys = (0..OBJECTS).map(|number| format!("slow/{number:05}"));
    keys.map(|key| Version::only(&key)).collect()
}

fn kills_leave_nothing_out() {
    let (server, place) = (Server::start(many(), 100), Place::new());
    let file = place.path("resume");
    let arguments = [
        "--here",
        "--concurrency",
        "8",
        "--resume",
        file.to_str().unwrap(),
    ];
    let kills = run_with_kills(&place, &server, &arguments, || place.notes().len());

    let counts = counts(place.notes().iter().map(|note| key(note)));
    assert_eq!(counts.len(), OBJECTS);
    let repeated: usize = counts.values().map(|count| count - 1).sum();
    println!("  {kills} kills, {repeated} of {OBJECTS} objects repeated");
    // As the options say: twice the handlers, and a hundred.
    assert!(
        kills > 0 && repeated <= kills * (2 * 8 + 100),
        "{kills} kills: {repeated}"
    );
}

fn kills_leave_nothing_out_of_what_is_sent() {
    let (server, place) = (Server::start(many(), 100), Place::new());
    let (file, url) = (
        place.path("resume"),
        format!("{}/0/uploads", server.endpoint()),
    );
    let arguments = [
        "--to",
        &url,
        "--rate",
        "4000",
        "--resume",
        file.to_str().unwrap(),
    ];
    let kills = run_with_kills(&place, &server, &arguments, || {
        server.world.lock().unwrap().sent.len()
    });

    let sent = server.world.lock().unwrap().sent.clone();
    let key = |body: &String| {
        let json: serde_json::Value = serde_json::from_str(body).unwrap();
        json["Records"][0]["s3"]["object"]["key"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let counts = counts(sent.iter().map(key));
    assert_eq!(counts.len(), OBJECTS);
    println!(
        "  {kills} kills, {} of {OBJECTS} objects repeated",
        sent.len() - OBJECTS
    );
    assert!(
        kills > 0 && sent.len() - OBJECTS <= kills * 2_000,
        "{kills} kills"
    );
}

/// Standard output is often a file, on a disk that may be full.
#[cfg(target_os = "linux")]
fn what_cannot_be_printed_is_not_done() {
    let objects = ["fails", "good", "is-bad", "z"].map(Version::only).to_vec();
    let (server, place) = (Server::start(objects, 10), Place::new());
    server.world.lock().unwrap().refuses = Some("fails".to_owned());
    let queue = format!("{}/000000000000/uploads", server.endpoint());

    for (more, expected) in [
        (&["--here", "--attempts", "1"][..], &["fails", "is-bad"][..]),
        (&["--to", &queue], &["fails"]),
    ] {
        let state = place.path(more[0]).display().to_string();
        let arguments = [more, &["--resume", &state]].concat();
        let full = std::fs::File::options().write(true).open("/dev/full");
        let mut command = place.command(&server, &arguments);
        let ended = command.stdout(full.unwrap()).output().unwrap();
        let log = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{log}");
        assert!(log.contains("cannot be printed, so the run ends"), "{log}");

        let again = place.run(&server, &arguments);
        again.check(1, &[&format!("{} failed", expected.len())]);
        let lines = again.stdout.lines();
        let names = ["fails", "is-bad"].map(|name| lines.clone().any(|line| line.contains(name)));
        assert_eq!(names, [true, expected.len() == 2], "{}", again.stdout);
    }
}

fn a_signal_ends_a_run_that_goes_on_later() {
    let (server, place) = (Server::start(many(), 100), Place::new());
    let file = place.path("resume");
    let arguments = [
        "--here",
        "--concurrency",
        "8",
        "--resume",
        file.to_str().unwrap(),
    ];
    let child = place.start(&server, &arguments);
    while place.notes().len() < 200 {
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    child.wait_with_output().unwrap();
    assert!(place.notes().len() < OBJECTS);

    place.run(&server, &arguments).check(0, &["handled"]);
    let counts = counts(place.notes().iter().map(|note| key(note)));
    assert_eq!(counts.len(), OBJECTS);
    // What was received and not begun was given back, and nothing was done twice.
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
}
