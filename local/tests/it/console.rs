//! What the console prints when more happens than anyone can read.

use std::collections::BTreeMap;

use crate::cli::{Program, put_into, start};
use crate::programs::wayward;

const OBJECTS: usize = 300;

/// Puts many objects, and returns what the program prints.
async fn lines(arguments: &[&str]) -> Vec<String> {
    let mut local = start(&wayward(), &[&["--port", "0"], arguments].concat());
    let port = local.port().await;
    for number in 0..OBJECTS {
        put_into(port, "amzn-s3-demo-bucket", &number.to_string(), "").await;
    }

    local.signal("-TERM");
    let (status, errors) = local.end().await;
    assert!(status.success(), "{errors}");

    local.seen().to_vec()
}

/// How many lines there are of each kind, and of how many steps they tell.
fn counts(lines: &[String]) -> BTreeMap<String, (usize, usize)> {
    let mut counts = BTreeMap::<_, (usize, usize)>::new();

    for line in lines {
        let mut words = line.split_whitespace();
        let is_step = words
            .next()
            .is_some_and(|time| time.ends_with('s') && time.contains('.'));
        let Some(what) = words
            .find(|word| !word.starts_with('#'))
            .filter(|_| is_step)
        else {
            continue;
        };

        let steps = match line.strip_suffix(" in this second") {
            Some(sum) => sum
                .split_whitespace()
                .rev()
                .find_map(|word| word.parse().ok()),
            None => Some(1),
        };
        let count = counts.entry(what.to_owned()).or_default();
        count.0 += 1;
        count.1 += steps.unwrap();
    }

    counts
}

#[tokio::test]
async fn a_flood_of_steps_is_summed_up_and_every_step_is_counted() {
    let lines = lines(&["--console", "summary"]).await;
    let seconds = lines.iter().filter_map(|line| {
        let time = line.split_whitespace().next()?.strip_suffix('s')?;
        time.parse::<f64>().ok()
    });
    let seconds = seconds.fold(0.0, f64::max) as usize + 2;

    let counts = counts(&lines);
    let (printed, told) = counts["object"];
    assert_eq!(told, OBJECTS);
    // At most twenty lines and a sum in each second.
    assert!(
        printed <= 21 * seconds && printed < OBJECTS,
        "{counts:?} in {seconds} s"
    );
}

#[tokio::test]
async fn a_pipe_gets_every_step() {
    let counts = counts(&lines(&[]).await);
    assert_eq!(counts["object"], (OBJECTS, OBJECTS));
}

#[tokio::test]
async fn failures_and_faults_are_shown_among_many_steps() {
    let fault = ["--fault", "publish:duplicate=0.05", "--console", "summary"];
    let counts = counts(&lines(&fault).await);
    let (printed, told) = counts["object"];
    assert!(printed < told, "{counts:?}");

    let (printed, told) = counts["fault"];
    assert_eq!(printed, told);
    assert!((5..50).contains(&told), "{counts:?}");
}

#[tokio::test]
async fn a_record_in_a_dead_letter_queue_has_the_number_of_its_event() {
    let letters = "put-processor:LETTERS_TO=put-processor-dead-letters";
    let mut local = start(&wayward(), &["--port", "0", "--env", letters]);
    let port = local.port().await;
    put_into(port, "amzn-s3-demo-bucket", "a%20b", "1").await;

    let queue = local.line("put-processor-dead-letters has message").await;
    let outcome = local.line(" outcome ").await;
    for line in [&queue, &outcome] {
        assert!(line.contains(" #1 "), "{line}");
    }
    assert!(
        outcome.contains("succeeded; put-processor-dead-letters has its record"),
        "{outcome}"
    );
}

#[tokio::test]
async fn other_messages_that_functions_send_have_no_number() {
    let mut local = start(&wayward(), &["--port", "0"]);
    let port = local.port().await;
    put_into(port, "amzn-s3-demo-bucket", "a", "1").await;

    let outcome = local.line(" outcome ").await;
    assert!(outcome.contains(" succeeded  +"), "{outcome}");
}

#[tokio::test]
async fn a_failure_says_when_its_message_comes_back() {
    // The queues of the examples have six times the 30 seconds of their functions.
    for (refuse, text) in [
        ("batch", " failed with the whole batch, comes back in "),
        ("messages", " failed, comes back in "),
    ] {
        let refuse = format!("put-processor:REFUSE={refuse}");
        let mut local = start(&wayward(), &["--port", "0", "--env", &refuse]);
        let port = local.port().await;
        put_into(port, "amzn-s3-demo-bucket", "a", "1").await;

        let outcome = local.line(text).await;
        let (_, rest) = outcome.split_once(text).unwrap();
        let seconds: u32 = rest.split(' ').next().unwrap().parse().unwrap();
        assert!((170..=180).contains(&seconds), "{outcome}");
    }
}

#[tokio::test]
async fn a_shorter_timeout_brings_a_failure_back_sooner() {
    let arguments = ["--port", "0", "--timeout", "2", "--env", "REFUSE=messages"];
    let mut local = start(&wayward(), &arguments);
    let port = local.port().await;
    put_into(port, "amzn-s3-demo-bucket", "a", "1").await;

    let outcome = local.line(" failed, comes back in ").await;
    let (_, seconds) = outcome.split_once("comes back in ").unwrap();
    let seconds: u32 = seconds.split(' ').next().unwrap().parse().unwrap();
    assert!((2..=12).contains(&seconds), "{outcome}");
}

#[tokio::test]
async fn after_its_last_receive_a_message_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("once.toml");
    let text = format!(
        "[[bucket]]\nname = \"photos\"\n\
         [[bucket.notification]]\nevents = [\"s3:ObjectCreated:*\"]\nqueue = \"index\"\n\
         [[queue]]\nname = \"index\"\ndead_letter_queue = \"failed\"\nmax_receive_count = 1\n\
         [[queue]]\nname = \"failed\"\n\
         [[function]]\nname = \"index\"\ncommand = [{:?}]\n\
         environment = {{ REFUSE = \"messages\" }}\n\
         [[mapping]]\nqueue = \"index\"\nfunction = \"index\"\n",
        wayward().to_str().unwrap()
    );
    std::fs::write(&file, text).unwrap();

    let file = file.to_str().unwrap();
    let mut local = Program::start(&["--config", file, "--port", "0", "--sqs-port", "0"]);
    let port = local.port().await;
    put_into(port, "photos", "a", "1").await;

    let outcome = local.line(" outcome ").await;
    assert!(
        outcome.contains(" failed, moves to failed in "),
        "{outcome}"
    );
    assert!(!outcome.contains("comes back"), "{outcome}");
}
