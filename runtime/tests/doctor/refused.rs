//! Inputs that are not what they should be, and how a program is found in them.

use std::fs;

use super::corpus::{doctor, tests_folder};

pub(crate) fn what_cannot_be_read_has_its_own_status() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, content: &str, expected: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let output = doctor("uploads", &path, &[]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains(expected), "{name}: {stderr}");
        assert!(output.stdout.is_empty());
    };

    check("a-plan.json", "{", "is not JSON");
    check("b-plan.json", "{}", "`planned_values`");
    check(
        "c-plan.json",
        r#"{"planned_values": {"root_module": {}}}"#,
        "no function with a queue",
    );
    check("a.yaml", "", "it is empty");
    check("b.yaml", "Resources: [", "not YAML");
    check("c.yaml", "Outputs: {}", "no `Resources`");
    check("d.yaml", "Resources: {}", "no function with a queue");
    check(
        "e.yaml",
        &format!("Resources: {}", "[".repeat(5000)),
        "not YAML",
    );
    let levels = (0..200).map(|level| format!("{}a:\n", " ".repeat(level)));
    check("f.yaml", &levels.collect::<String>(), "nested");
    let lists = (1..40).map(|level| format!("l{level}: &l{level} [*l{0}, *l{0}]\n", level - 1));
    check(
        "g.yaml",
        &format!("l0: &l0 [a]\n{}", lists.collect::<String>()),
        "aliases",
    );

    let missing = doctor("uploads", &folder.path().join("none.yaml"), &[]);
    assert_eq!(missing.status.code(), Some(2));
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(doctor("uploads", &empty, &[]).status.code(), Some(2));
}

pub(crate) fn the_program_is_found() {
    let plan = tests_folder().join("right/module-first-plan.json");
    let chosen = |name: &str| {
        let output = doctor(
            "uploads",
            &plan,
            &["--processor".to_owned(), name.to_owned()],
        );
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };

    let (status, stderr) = chosen("s3-dispatch-copy-processor");
    assert!(stderr.contains("processor[\"copy-processor\"]"), "{stderr}");
    // Its filter has only copies.
    assert_eq!(status, Some(1));
    assert_eq!(chosen("PutProcessor").0, Some(0));
    assert_eq!(chosen("processor").0, Some(2));

    let output = doctor("uploads", &plan, &[]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("name one with `--processor`"), "{stderr}");
}
