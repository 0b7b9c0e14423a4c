//! The spans that are open, and which of them each thread is in.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::{Id, Metadata};

use super::values::Values;

/// The open spans of a subscriber.
///
/// A span that has closed leaves its place, with its memory, to the next one. So a span allocates
/// nothing, except when more spans are open than ever before.
#[derive(Debug, Default)]
pub(super) struct Spans(Mutex<Places>);

#[derive(Debug, Default)]
pub(super) struct Places {
    places: Vec<Place>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Place {
    /// How many spans have been here. It tells the id of a closed span from that of an open one.
    generation: u32,
    /// Handles and children. 0 means that the place is free.
    references: u32,
    span: Span,
}

/// An open span.
#[derive(Debug)]
pub(super) struct Span {
    parent: Option<Id>,
    pub(super) metadata: &'static Metadata<'static>,
    pub(super) values: Values,
}

thread_local! {
    /// The spans that this thread is in, the innermost last, each with its subscriber.
    static ENTERED: RefCell<Vec<(usize, Id)>> = const { RefCell::new(Vec::new()) };
}

impl Spans {
    /// Opens a span, and takes its values in exchange for empty ones.
    pub(super) fn open(
        &self,
        metadata: &'static Metadata<'static>,
        parent: Option<Id>,
        values: &mut Values,
    ) -> Id {
        let mut places = self.lock();

        if let Some(parent) = &parent {
            places.retain(parent);
        }

        places.open(metadata, parent, values)
    }

    /// Adds values to a span.
    pub(super) fn record(&self, id: &Id, values: &Values) {
        if let Some(place) = self.lock().place_mut(id) {
            place.span.values.merge(values);
        }
    }

    /// Counts another handle of a span.
    pub(super) fn retain(&self, id: &Id) {
        self.lock().retain(id);
    }

    /// Drops a handle of a span. Returns whether the span has closed.
    pub(super) fn release(&self, id: Id) -> bool {
        self.lock().release(id)
    }

    /// Notes that this thread enters a span.
    pub(super) fn enter(&self, id: &Id) {
        with_entered(|entered| entered.push((self.number(), id.clone())));
    }

    /// Notes that this thread leaves a span, usually the innermost.
    pub(super) fn exit(&self, id: &Id) {
        let number = self.number();

        with_entered(|entered| {
            let is_span = |(other, span): &(usize, Id)| *other == number && span == id;
            if let Some(index) = entered.iter().rposition(is_span) {
                entered.remove(index);
            }
        });
    }

    /// Returns the innermost span that this thread is in.
    pub(super) fn current(&self) -> Option<Id> {
        let number = self.number();

        with_entered(|entered| {
            let mut spans = entered.iter().rev();
            spans.find_map(|(other, span)| (*other == number).then(|| span.clone()))
        })
        .flatten()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells subscribers apart whose spans a thread is in.
    fn number(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// `None` if the thread is ending.
fn with_entered<T>(change: impl FnOnce(&mut Vec<(usize, Id)>) -> T) -> Option<T> {
    let changed = ENTERED.try_with(|entered| change(&mut entered.borrow_mut()));
    changed.ok()
}

impl Places {
    /// Returns a span and those around it, the innermost first.
    pub(super) fn scope(&self, innermost: Option<Id>) -> impl Iterator<Item = &Span> + Clone {
        let innermost = innermost.and_then(|id| self.span(&id));
        std::iter::successors(innermost, |span| {
            span.parent.as_ref().and_then(|id| self.span(id))
        })
    }

    pub(super) fn span(&self, id: &Id) -> Option<&Span> {
        let (index, generation) = parts(id);
        let place = self.places.get(index)?;
        (place.generation == generation && place.references > 0).then_some(&place.span)
    }

    fn place_mut(&mut self, id: &Id) -> Option<&mut Place> {
        let (index, generation) = parts(id);
        let place = self.places.get_mut(index)?;
        (place.generation == generation && place.references > 0).then_some(place)
    }

    fn open(
        &mut self,
        metadata: &'static Metadata<'static>,
        parent: Option<Id>,
        values: &mut Values,
    ) -> Id {
        let free = self.free.pop();
        let index = free.unwrap_or(self.places.len() as u32);

        if free.is_none() {
            self.places.push(Place {
                generation: 0,
                references: 0,
                span: Span {
                    parent: None,
                    metadata,
                    values: Values::default(),
                },
            });
        }

        let place = &mut self.places[index as usize];
        place.references = 1;
        place.span.parent = parent;
        place.span.metadata = metadata;
        std::mem::swap(&mut place.span.values, values);

        id(index, place.generation)
    }

    fn retain(&mut self, id: &Id) {
        if let Some(place) = self.place_mut(id) {
            place.references += 1;
        }
    }

    /// Drops a reference. A span that closes drops its reference to the one around it.
    fn release(&mut self, id: Id) -> bool {
        let mut next = Some(id);
        let mut has_closed = false;

        while let Some(id) = next.take() {
            let Some(place) = self.place_mut(&id) else {
                break;
            };

            place.references -= 1;
            if place.references > 0 {
                break;
            }

            place.generation = place.generation.wrapping_add(1);
            place.span.values.clear();
            next = place.span.parent.take();
            self.free.push(parts(&id).0 as u32);
            has_closed = true;
        }

        has_closed
    }
}

/// Returns the id of a place in a generation. An id is never 0.
fn id(index: u32, generation: u32) -> Id {
    Id::from_u64((u64::from(generation) << 32) | (u64::from(index) + 1))
}

fn parts(id: &Id) -> (usize, u32) {
    let id = id.into_u64();
    let index = (id & u64::from(u32::MAX)).saturating_sub(1);

    (index as usize, (id >> 32) as u32)
}
