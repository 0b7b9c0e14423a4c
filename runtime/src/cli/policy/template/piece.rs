//! Fills the places in the text of a template.
//!
//! Lines from `#if FLAG` or `#if !FLAG` to `#end` belong to a template that has the flag, or has it
//! not. A place is written `<name>`. If it is all of a line, its text may have several lines, which
//! are indented as the place is, or none.

/// What a piece of text is filled with.
#[derive(Clone, Default)]
pub(super) struct Filling {
    flags: Vec<&'static str>,
    places: Vec<(&'static str, String)>,
}

impl Filling {
    pub(super) fn set_flag(&mut self, flag: &'static str, is_set: bool) {
        if is_set {
            self.flags.push(flag);
        }
    }

    pub(super) fn set(&mut self, place: &'static str, text: impl Into<String>) {
        self.places.push((place, text.into()));
    }

    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.contains(&flag)
    }

    /// Returns the piece with its places filled. A place without a text stays as it is.
    pub(super) fn fill(&self, piece: &str) -> String {
        let mut filled = String::new();
        let mut conditions: Vec<bool> = Vec::new();

        for line in piece.lines() {
            if let Some(flag) = line.strip_prefix("#if ") {
                let negated = flag.strip_prefix('!');
                conditions.push(self.has(negated.unwrap_or(flag)) != negated.is_some());
            } else if line == "#end" {
                conditions.pop();
            } else if conditions.iter().all(|holds| *holds) {
                self.fill_line(line, &mut filled);
            }
        }

        filled
    }

    fn fill_line(&self, line: &str, filled: &mut String) {
        let content = line.trim_start();
        let indentation = &line[..line.len() - content.len()];

        if let Some(text) = self.place(content) {
            for line in text.lines() {
                filled.extend([indentation, line, "\n"]);
            }
            return;
        }

        let mut rest = line;
        while let Some(start) = rest.find('<') {
            let end = rest[start..]
                .find('>')
                .map_or(rest.len(), |end| start + end + 1);
            let place = &rest[start..end];
            filled.extend([&rest[..start], self.place(place).unwrap_or(place)]);
            rest = &rest[end..];
        }
        filled.extend([rest, "\n"]);
    }

    /// The text of `<name>`. A later text replaces an earlier one.
    fn place(&self, place: &str) -> Option<&str> {
        let name = place.strip_prefix('<')?.strip_suffix('>')?;
        let mut places = self.places.iter().rev();
        places
            .find(|(known, _)| *known == name)
            .map(|(_, text)| &**text)
    }
}
