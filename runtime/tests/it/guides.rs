//! The guides: each is a page of the documentation, begins with something that runs, and is linked
//! from the index and the README.

use std::path::Path;

use crate::readme::read;

struct Guide {
    /// The name of the file, such as `first-handler.md`.
    file: String,
    title: String,
    text: String,
}

impl Guide {
    fn page(&self) -> String {
        self.file.trim_end_matches(".md").replace('-', "_")
    }

    /// The definitions of links at the end, as labels and targets.
    fn definitions(&self) -> Vec<(&str, &str)> {
        definitions(&self.text)
    }

    /// The text in one line, without code and definitions.
    fn prose(&self) -> String {
        let outside_code = self.text.split("```").step_by(2).collect::<String>();
        let lines = outside_code.lines().filter(|line| !is_definition(line));
        lines.collect::<Vec<_>>().join(" ")
    }
}

fn guides() -> Vec<Guide> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|file| file.ends_with(".md") && file != "README.md")
        .collect();
    files.sort();

    let guide = |file: String| {
        let text = read(&format!("runtime/docs/{file}"));
        let title = text.lines().next().unwrap();
        Guide {
            title: title.strip_prefix("# ").unwrap().to_owned(),
            file,
            text,
        }
    };
    files.into_iter().map(guide).collect()
}

fn is_definition(line: &str) -> bool {
    line.starts_with('[') && line.contains("]: ")
}

fn definitions(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter(|line| is_definition(line));
    lines
        .map(|line| line[1..].split_once("]: ").unwrap())
        .collect()
}

#[test]
fn every_guide_is_a_page_and_in_the_index_and_in_the_readme() {
    let pages = read("runtime/docs/guide.rs");
    let index = read("runtime/docs/README.md");
    let readme = read("README.md");

    for guide in guides() {
        let page = format!("include_str!(\"{}\")", guide.file);
        assert!(pages.contains(&page), "guide.rs has no {page}");
        let module = format!("pub mod {} {{}}", guide.page());
        assert!(pages.contains(&module), "guide.rs has no {module}");

        let row = format!("| [{}] |", guide.title);
        assert!(index.contains(&row), "the index has no row {row}");
        let link = format!("(runtime/docs/{})", guide.file);
        assert!(readme.contains(&link), "the README has no link {link}");
    }
}

#[test]
fn every_guide_begins_with_a_program_or_a_command() {
    for Guide { file, text, .. } in guides() {
        let beginning = text.split("\n## ").next().unwrap();
        let language = beginning.split("\n```").nth(1).unwrap_or_default();
        let language = language.lines().next().unwrap_or_default();

        let runs = ["rust", "rust,no_run", "no_run", "console", "sh"];
        assert!(runs.contains(&language), "{file} begins with `{language}`");
    }
}

/// In the repository a link leads to a file, and on docs.rs to a page: there, `links.txt` comes
/// first.
#[test]
fn every_link_between_guides_leads_to_a_file_and_to_a_page() {
    let guides = guides();
    let index = Guide {
        file: "README.md".into(),
        title: "Guides".into(),
        text: read("runtime/docs/README.md"),
    };
    let links = read("runtime/docs/links.txt");
    let pages = definitions(&links);

    for guide in guides.iter().chain([&index]) {
        let (file, prose) = (&guide.file, guide.prose());

        for (label, target) in guide.definitions() {
            assert!(
                prose.contains(&format!("[{label}]")),
                "{file}: {label} is not used"
            );
            if target.starts_with("https://") && !target.contains("docs.rs/s3-dispatch/") {
                continue;
            }
            let page = pages.iter().find(|(of, _)| *of == label);
            assert!(
                page.is_some(),
                "links.txt lacks {label}, which {file} links"
            );
        }

        for other in &guides {
            if prose.contains(&format!("[{}]", other.title)) {
                let definition = (&*other.title, &*other.file);
                assert!(
                    guide.definitions().contains(&definition),
                    "{file}: {definition:?}"
                );
                let page = format!("crate::guide::{}", other.page());
                assert!(
                    pages.contains(&(&*other.title, &*page)),
                    "links.txt: {page}"
                );
            }
        }
    }
}
