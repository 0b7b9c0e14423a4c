//! Passes over values: only their syntax is checked.

use super::give_up::{GiveUp, Scanned};
use super::scanner::Scanner;
use super::syntax::MAX_DEPTH;
use crate::text::escape::hexadecimal;
use crate::text::search::plain_len;

impl<'d, const LEVEL: usize> Scanner<'d, LEVEL> {
    /// The depth that a skipped value may have wherever it is, since the brackets around it are not
    /// counted.
    const SAFE_DEPTH: usize = MAX_DEPTH - 8;

    /// Passes over any value.
    pub(in crate::reading) fn skip(&mut self) -> Scanned<()> {
        let mut open = OpenBrackets::default();

        loop {
            let has_entered = self.skip_start(&mut open)?;
            if !has_entered && !self.skip_ends(&mut open)? {
                return Ok(());
            }
        }
    }

    /// Passes over a scalar, or enters an object or array that is not empty. Tells whether it did
    /// the latter.
    #[inline(always)]
    fn skip_start(&mut self, open: &mut OpenBrackets) -> Scanned<bool> {
        match self.peek() {
            _ if self.is_at_quote() => self.skip_string()?,
            bracket @ (b'{' | b'[') => {
                if let [b'[', b'[', ..] = self.rest {
                    // All of them but the last.
                    let room = Self::SAFE_DEPTH.saturating_sub(open.depth);
                    let others = (self.count(b'[') - 1).min(room);
                    self.rest = &self.rest[others..];
                    open.add_arrays(others);
                }

                if open.depth >= Self::SAFE_DEPTH {
                    self.check_depth(open.depth)?;
                }

                let is_object = bracket == b'{';
                if self.open(bracket, closing(is_object))? {
                    open.add(is_object);
                    self.skip_name(open.in_object())?;
                    return Ok(true);
                }
            }
            b't' => self.literal(b"true")?,
            b'f' => self.literal(b"false")?,
            b'n' => self.literal(b"null")?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return Err(self.unexpected()),
        }

        Ok(false)
    }

    /// Leaves the objects and arrays that end here. Tells whether another value follows.
    #[inline(always)]
    fn skip_ends(&mut self, open: &mut OpenBrackets) -> Scanned<bool> {
        while open.depth > 0 {
            match self.peek() {
                b',' => {
                    self.rest = &self.rest[1..];
                    self.whitespace();
                    self.skip_name(open.in_object())?;

                    return Ok(true);
                }
                b'}' if open.in_object() => {
                    self.rest = &self.rest[1..];
                    open.remove(1);
                }
                b']' if !open.in_object() => {
                    let arrays = self.count(b']').min(open.arrays());
                    self.rest = &self.rest[arrays..];
                    open.remove(arrays);
                }
                _ if self.after_whitespace().is_some() => self.skip_whitespace(),
                _ => return Err(self.unexpected()),
            }
        }

        Ok(false)
    }

    /// Counts how often this byte is repeated here.
    #[inline(always)]
    fn count(&self, byte: u8) -> usize {
        self.rest.iter().take_while(|next| **next == byte).count()
    }

    /// Makes sure that a value may have one more bracket open than `depth`.
    #[cold]
    fn check_depth(&mut self, depth: usize) -> Scanned<()> {
        if depth >= MAX_DEPTH {
            return Err(GiveUp::Other);
        }

        if !self.is_shallow {
            // Skipping the document from its start counts all brackets.
            let mut whole = self.at(self.start);
            whole.is_shallow = true;
            whole.whitespace();
            whole.skip()?;
            self.is_shallow = true;
        }

        Ok(())
    }

    /// Passes over the name of a member and its colon, if a member comes next.
    #[inline(always)]
    fn skip_name(&mut self, in_object: bool) -> Scanned<()> {
        if !in_object {
            return Ok(());
        }

        if let Some(name) = self.rest.strip_prefix(Self::QUOTE)
            && let Some(behind) = name[plain_len(name)..].strip_prefix(Self::QUOTE_AND_COLON)
        {
            self.rest = behind;
            self.whitespace();
            return Ok(());
        }

        self.skip_string()?;
        self.colon()
    }

    /// Passes over a string and checks its escapes.
    fn skip_string(&mut self) -> Scanned<()> {
        let Some(content) = self.rest.strip_prefix(Self::QUOTE) else {
            return Err(self.unexpected());
        };

        let rest = &content[plain_len(content)..];

        match rest.strip_prefix(Self::QUOTE) {
            Some(behind) => {
                self.rest = behind;
                Ok(())
            }
            None => self.skip_escapes(rest),
        }
    }

    #[inline(never)]
    pub(super) fn skip_escapes(&mut self, mut rest: &'d [u8]) -> Scanned<()> {
        loop {
            // A mistake is reported where it is.
            let len = escape_len(rest, LEVEL).inspect_err(|_| self.rest = rest)?;
            rest = &rest[len..];

            // Escapes often follow each other.
            if rest.first() != Some(&b'\\') {
                rest = &rest[plain_len(rest)..];
            }

            if let Some(behind) = rest.strip_prefix(Self::QUOTE) {
                self.rest = behind;
                return Ok(());
            }
        }
    }

    fn number(&mut self) -> Scanned<()> {
        self.take_if(b'-');
        if !self.take_if(b'0') {
            self.digits()?;
        }

        if self.take_if(b'.') {
            self.digits()?;
        }

        if self.take_if(b'e') || self.take_if(b'E') {
            let _has_sign = self.take_if(b'+') || self.take_if(b'-');
            self.digits()?;
        }

        Ok(())
    }

    fn digits(&mut self) -> Scanned<()> {
        let digits = self
            .rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();

        self.rest = &self.rest[digits..];

        if digits == 0 {
            Err(GiveUp::Other)
        } else {
            Ok(())
        }
    }
}

/// The brackets that are open around a value, at most [`MAX_DEPTH`].
#[derive(Default)]
struct OpenBrackets {
    depth: usize,
    /// One bit for each, the innermost last: whether it opened an object.
    are_objects: u128,
}

impl OpenBrackets {
    #[inline(always)]
    fn in_object(&self) -> bool {
        self.are_objects & 1 == 1
    }

    /// The number of arrays that are open inside the innermost object.
    #[inline(always)]
    fn arrays(&self) -> usize {
        self.depth.min(self.are_objects.trailing_zeros() as usize)
    }

    #[inline(always)]
    fn add(&mut self, is_object: bool) {
        self.depth += 1;
        self.are_objects = self.are_objects << 1 | u128::from(is_object);
    }

    #[inline(always)]
    fn add_arrays(&mut self, count: usize) {
        self.depth += count;
        self.are_objects <<= count;
    }

    #[inline(always)]
    fn remove(&mut self, count: usize) {
        self.depth -= count;
        self.are_objects = self.are_objects.checked_shr(count as u32).unwrap_or(0);
    }
}

fn closing(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
}

/// Returns the length of the escape that begins here, with its backslashes.
#[inline(always)]
fn escape_len(escape: &[u8], level: usize) -> Scanned<usize> {
    let is_unit = |digits: &[u8]| {
        digits
            .first_chunk::<4>()
            .is_some_and(|digits| hexadecimal(*digits).is_some())
    };

    match (level, escape) {
        (
            0,
            [
                b'\\',
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                ..,
            ],
        ) => Ok(2),
        (0, [b'\\', b'u', digits @ ..]) if is_unit(digits) => Ok(6),
        // The same, with each backslash and quote escaped once more.
        (1, [b'\\', b'\\', b'\\', b'"' | b'\\', ..]) => Ok(4),
        (1, [b'\\', b'\\', b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..]) => Ok(3),
        (1, [b'\\', b'\\', b'u', digits @ ..]) if is_unit(digits) => Ok(7),
        (1.., [b'\\', ..]) => Err(GiveUp::Escapes),
        _ => Err(GiveUp::Other),
    }
}
