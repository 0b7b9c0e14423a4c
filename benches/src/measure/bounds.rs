//! The bounds on the cost of a record.

use std::fmt;

use crate::{Cell, Contender, Counts, Shape};

/// The bounds, each with the counted value.
#[derive(Debug)]
pub struct Bounds(Vec<Bound>);

#[derive(Debug)]
struct Bound {
    what: String,
    counted: f64,
    most: f64,
}

/// Per record, in a batch of 100.
const INSTRUCTIONS: f64 = 6_350.0;
const ALLOCATIONS: f64 = 1.4;
/// With a subscriber at `info`, if the handlers log nothing.
const INSTRUCTIONS_LOGGED: f64 = 7_950.0;
const ALLOCATIONS_LOGGED: f64 = 1.4;
/// With a subscriber at `info`, and one line for each record.
const INSTRUCTIONS_LOGGING: f64 = 14_550.0;
/// 100 routes, relative to 2 routes.
const ROUTES: f64 = 1.1;
/// Each shape, relative to the hand-written handler with the same batch.
const SHAPES: f64 = 1.0 / 2.9;

/// Each mistake, relative to the hand-written handler, which does not say where it is.
const MISTAKES: f64 = 1.0;

/// The contenders with a subscriber whose handlers log nothing.
const QUIET: [Contender; 2] = [Contender::OursLogged, Contender::OursLoggedText];
/// Those with a line for each record.
const LOGGING: [Contender; 2] = [Contender::OursLogging, Contender::OursLoggingText];

impl Bounds {
    /// The cells that have to be counted.
    #[must_use]
    pub fn cells() -> Vec<Cell> {
        let (careful, ours) = (Contender::Careful, Contender::Ours);
        let few = [careful, ours].map(|contender| cell(contender, Shape::Documented, 1));
        let many = [cell(Contender::OursHundred, Shape::Documented, 100)];
        let logged = QUIET.into_iter().chain(LOGGING);
        let logged = logged.map(|contender| cell(contender, Shape::Documented, 100));
        let shapes = Shape::ALL
            .into_iter()
            .chain(Shape::MISTAKES)
            .flat_map(|shape| [cell(careful, shape, 100), cell(ours, shape, 100)]);

        few.into_iter()
            .chain(many)
            .chain(logged)
            .chain(shapes)
            .collect()
    }

    /// The bounds on the counted [`cells`](Self::cells).
    ///
    /// # Panics
    ///
    /// If a cell is missing.
    #[must_use]
    pub fn of(counted: &[(Cell, Counts)]) -> Self {
        let of = |contender, shape, messages| {
            let found = counted
                .iter()
                .find(|(other, _)| *other == cell(contender, shape, messages));
            found.expect("every cell was counted").1
        };

        let (careful, ours) = (Contender::Careful, Contender::Ours);
        let hundred = of(ours, Shape::Documented, 100);
        let routed = of(Contender::OursHundred, Shape::Documented, 100);
        let (by_hand, single) = (
            of(careful, Shape::Documented, 1),
            of(ours, Shape::Documented, 1),
        );

        let mut bounds = vec![
            bound(
                "instructions per record, 100 messages",
                hundred.instructions,
                INSTRUCTIONS,
            ),
            bound(
                "allocations per record, 100 messages",
                hundred.allocations,
                ALLOCATIONS,
            ),
            bound(
                "instructions with 100 routes",
                routed.instructions,
                ROUTES * hundred.instructions,
            ),
            bound(
                "instructions, 1 message, at most those of the hand-written handler",
                single.instructions,
                by_hand.instructions,
            ),
            bound(
                "allocations, 1 message, at most those of the hand-written handler",
                single.allocations,
                by_hand.allocations,
            ),
        ];

        for contender in QUIET {
            let counts = of(contender, Shape::Documented, 100);
            let name = contender.name();
            bounds.push(bound(
                &format!("instructions per record, {name}"),
                counts.instructions,
                INSTRUCTIONS_LOGGED,
            ));
            bounds.push(bound(
                &format!("allocations per record, {name}"),
                counts.allocations,
                ALLOCATIONS_LOGGED,
            ));
        }

        bounds.extend(LOGGING.map(|contender| {
            bound(
                &format!("instructions per record, {}", contender.name()),
                of(contender, Shape::Documented, 100).instructions,
                INSTRUCTIONS_LOGGING,
            )
        }));

        // A reader that rejects payloads is fast.
        let unread: usize = Shape::ALL
            .into_iter()
            .map(|shape| of(ours, shape, 100).read.abs_diff(100))
            .sum();

        bounds.push(bound(
            "records of all shapes that are not read exactly once",
            unread as f64,
            0.0,
        ));

        bounds.extend(Shape::ALL.into_iter().map(|shape| {
            let (by_hand, ours) = (of(careful, shape, 100), of(ours, shape, 100));
            // Rejecting a payload is cheap.
            let share = if by_hand.read == 0 { 1.0 } else { SHAPES };

            let what = if by_hand.read == 0 {
                ", which the hand-written handler rejects"
            } else {
                ""
            };

            let name = shape.name();

            bound(
                &format!("instructions, {name}{what}"),
                ours.instructions,
                share * by_hand.instructions,
            )
        }));

        bounds.extend(Shape::MISTAKES.into_iter().map(|shape| {
            bound(
                &format!("instructions, {}, which both refuse", shape.name()),
                of(ours, shape, 100).instructions,
                MISTAKES * of(careful, shape, 100).instructions,
            )
        }));

        Self(bounds)
    }

    /// Whether every bound holds.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.0.iter().all(Bound::holds)
    }
}

fn cell(contender: Contender, shape: Shape, messages: usize) -> Cell {
    Cell {
        contender,
        shape,
        messages,
    }
}

fn bound(what: &str, counted: f64, most: f64) -> Bound {
    Bound {
        what: what.to_owned(),
        counted,
        most,
    }
}

impl Bound {
    fn holds(&self) -> bool {
        self.counted <= self.most
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for bound in &self.0 {
            let verdict = if bound.holds() {
                "holds   "
            } else {
                "EXCEEDED"
            };

            writeln!(
                f,
                "{verdict} {:>10.2} of {:>10.2}  {}",
                bound.counted, bound.most, bound.what
            )?;
        }

        let exceeded = self.0.iter().filter(|bound| !bound.holds()).count();
        match exceeded {
            0 => write!(f, "all {} bounds hold", self.0.len()),
            _ => write!(f, "{exceeded} of {} bounds are exceeded", self.0.len()),
        }
    }
}
