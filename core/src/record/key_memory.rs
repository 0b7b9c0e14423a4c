//! Decodes keys into memory that they share.

use bytes::BytesMut;
use bytestring::ByteString;

use crate::text::escape::hexadecimal;
use crate::text::search::{RUN, unencoded_len, unencoded_len_of_last, unencoded_len_of_run};

/// Memory for decoded keys, so that many of them need few allocations.
///
/// It is filled piece by piece. A piece lives as long as one of the keys in it.
#[derive(Debug, Default)]
pub(crate) struct KeyMemory {
    /// The free rest of the last piece.
    free: BytesMut,
    /// The length of the last piece.
    piece: usize,
}

/// In bytes. The pieces grow up to this, so that a single key does not take much memory.
const LONGEST_PIECE: usize = 8 * 1024;

impl KeyMemory {
    /// Decodes a form-encoded key. `None` if that changes nothing, or gives bytes that are not
    /// UTF-8.
    pub(crate) fn decode(&mut self, sent: &str) -> Option<ByteString> {
        let sent = sent.as_bytes();
        let plain = unencoded_len(sent);
        if plain == sent.len() {
            return None;
        }

        if self.free.capacity() < sent.len() {
            self.piece = (2 * self.piece).min(LONGEST_PIECE).max(sent.len());
            self.free = BytesMut::with_capacity(self.piece);
        }

        self.free.extend_from_slice(sent);
        let len = form_decode(sent, plain, &mut self.free);
        self.free.truncate(len);

        if *self.free == *sent {
            self.free.clear();
            return None;
        }

        ByteString::try_from(self.free.split().freeze()).ok()
    }
}

/// Decodes a key into memory of the same length, and returns the length of the decoded key. The
/// plain bytes before the first encoded one are there already.
fn form_decode(sent: &[u8], plain: usize, decoded: &mut [u8]) -> usize {
    let mut rest = &sent[plain..];
    let mut len = plain;

    while !rest.is_empty() {
        // Encoded bytes often follow each other.
        while let Some((byte, behind)) = form_decode_byte(rest) {
            decoded[len] = byte;
            len += 1;
            rest = behind;
        }

        let room = &mut decoded[len..];
        let plain = match (rest.first_chunk::<RUN>(), room.first_chunk_mut::<RUN>()) {
            (Some(run), Some(room)) => {
                // Copying the whole run takes one instruction.
                *room = *run;
                unencoded_len_of_run(run)
            }
            // No key becomes longer, so the rest is shorter than a run.
            _ => {
                let plain = unencoded_len_of_last(sent, rest.len());
                room[..plain].copy_from_slice(&rest[..plain]);
                plain
            }
        };

        len += plain;
        rest = &rest[plain..];
    }

    len
}

/// The byte that a `+` or `%` at the start stands for, and what follows. `None` for any other text.
fn form_decode_byte(encoded: &[u8]) -> Option<(u8, &[u8])> {
    match encoded {
        [b'+', behind @ ..] => Some((b' ', behind)),
        [b'%', behind @ ..] => {
            let byte = behind
                .first_chunk()
                .and_then(|digits: &[u8; 2]| hexadecimal(*digits));
            Some(byte.map_or((b'%', behind), |byte| (byte as u8, &behind[2..])))
        }
        _ => None,
    }
}
