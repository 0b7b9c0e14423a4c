use std::cmp::Ordering;

use s3_dispatch_core::Sequencer;

/// Checks that sequencers compare like their numbers, or not at all if one is not a number.
///
/// The input is three texts, separated by line feeds.
pub fn sequencer(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(3, '\n');
    let texts: [&str; 3] = std::array::from_fn(|_| parts.next().unwrap_or_default());
    let sequencers = texts.map(Sequencer::from);
    let [a, b, c] = &sequencers;

    for (left, left_text) in sequencers.iter().zip(texts) {
        assert_eq!(left.as_str(), left_text);
        for (right, right_text) in sequencers.iter().zip(texts) {
            let order = left.compare(right);
            let (canonical, other) = (left.to_canonical(), right.to_canonical());

            assert_eq!(
                order == Some(Ordering::Equal),
                canonical.is_some() && canonical == other,
                "{left} {right}"
            );

            assert_eq!(
                order,
                compare(left_text, right_text),
                "{left_text:?} {right_text:?}"
            );

            assert_eq!(
                right.compare(left),
                order.map(Ordering::reverse),
                "{left_text:?} {right_text:?}"
            );
        }
    }

    if let (Some(first), Some(second)) = (a.compare(b), b.compare(c)) {
        if first == second || second == Ordering::Equal {
            assert_eq!(a.compare(c), Some(first), "{texts:?}");
        } else if first == Ordering::Equal {
            assert_eq!(a.compare(c), Some(second), "{texts:?}");
        }
    }
}

/// Pads the shorter one with zeros on the left, then compares digit by digit.
fn compare(left: &str, right: &str) -> Option<Ordering> {
    let length = left.len().max(right.len());
    Some(digits(left, length)?.cmp(&digits(right, length)?))
}

fn digits(text: &str, length: usize) -> Option<Vec<u32>> {
    let digits: Vec<_> = text
        .chars()
        .map(|digit| digit.to_digit(16))
        .collect::<Option<_>>()?;
    let mut padded = vec![0; length - text.len()];
    padded.extend(digits);

    (!text.is_empty()).then_some(padded)
}
