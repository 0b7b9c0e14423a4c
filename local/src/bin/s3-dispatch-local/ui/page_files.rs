//! The files of the page, compiled into the program.

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file, and the path it is served at.
pub(super) struct PageFile {
    path: &'static str,
    pub(super) content_type: &'static str,
    pub(super) text: &'static str,
}

const FILES: [PageFile; 12] = [
    file("/", HTML, include_str!("page/page.html")),
    file("/style.css", STYLE, include_str!("page/style.css")),
    file("/main.js", SCRIPT, include_str!("page/main.js")),
    file("/dom.js", SCRIPT, include_str!("page/dom.js")),
    file("/text.js", SCRIPT, include_str!("page/text.js")),
    file("/diagram.js", SCRIPT, include_str!("page/diagram.js")),
    file("/arrows.js", SCRIPT, include_str!("page/arrows.js")),
    file("/figures.js", SCRIPT, include_str!("page/figures.js")),
    file("/messages.js", SCRIPT, include_str!("page/messages.js")),
    file("/details.js", SCRIPT, include_str!("page/details.js")),
    file("/faults.js", SCRIPT, include_str!("page/faults.js")),
    file("/put.js", SCRIPT, include_str!("page/put.js")),
];

const fn file(path: &'static str, content_type: &'static str, text: &'static str) -> PageFile {
    PageFile {
        path,
        content_type,
        text,
    }
}

pub(super) fn find(path: &str) -> Option<&'static PageFile> {
    FILES.iter().find(|file| file.path == path)
}
