//! What identifies one receive of one message.

use std::fmt;
use std::time::SystemTime;

use crate::aws::time::nanoseconds;

/// How every receipt handle begins, as on AWS.
const PREFIX: &str = "AQEB";

/// The number of hexadecimal digits after the prefix.
const DIGITS: usize = 40;

/// Identifies one receive of one message. Its text is the receipt handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Receipt {
    pub(super) serial: u64,
    pub(super) receive_count: u32,
    /// The hash of the queue's name.
    queue: u32,
    /// The hash of the message's id and of the time at which it was sent. A serial number can occur
    /// again after a restart; this cannot.
    message: u32,
}

impl Receipt {
    /// The receipt of a receive of the message with this id, from the queue of this name.
    pub(super) fn new(
        queue: &str,
        id: &str,
        sent: SystemTime,
        serial: u64,
        receive_count: u32,
    ) -> Self {
        Self {
            serial,
            receive_count,
            queue: hash(queue.as_bytes()),
            message: hash(id.as_bytes()) ^ hash(&nanoseconds(sent).to_le_bytes()),
        }
    }

    /// Reads a receipt handle. `None` if the text is not one.
    pub(crate) fn parse(handle: &str) -> Option<Self> {
        let digits = handle.strip_prefix(PREFIX)?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.len() != DIGITS || !digits.bytes().all(is_hex) {
            return None;
        }

        let number = |from: usize| u32::from_str_radix(&digits[from..from + 8], 16).ok();

        Some(Self {
            serial: u64::from_str_radix(&digits[..16], 16).ok()?,
            receive_count: number(16)?,
            queue: number(24)?,
            message: number(32)?,
        })
    }

    /// Whether a queue of this name has given the receipt.
    pub(crate) fn is_of_queue(&self, name: &str) -> bool {
        self.queue == hash(name.as_bytes())
    }

    /// The receive that the receipt is about, without what differs from run to run: the position of
    /// the message in the queue, and the number of the receive.
    pub(crate) fn receive(&self) -> String {
        format!("{}/{}", self.serial, self.receive_count)
    }

    /// Whether both receipts are about the same message, in the same or another receive.
    pub(super) fn is_of_same_message(self, other: Self) -> bool {
        let Self { receive_count, .. } = other;

        Self {
            receive_count,
            ..self
        } == other
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            serial,
            receive_count,
            queue,
            message,
        } = self;

        write!(
            f,
            "{PREFIX}{serial:016x}{receive_count:08x}{queue:08x}{message:08x}"
        )
    }
}

/// FNV-1a, which is the same in every version and on every machine.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
