//! A depth-first search through all orders of moves.
//!
//! The state of real code cannot be copied, so each branch is run from the start. But it can be
//! compared: a process is determined by the answers that it got, and when. What follows from a
//! state that was reached before is not run again, but its interleavings are counted.

use std::collections::HashMap;

/// Something that can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) actor: Actor,
    pub(crate) action: Action,
}

/// Who makes a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    Process(usize),
    /// A request that its process has given up.
    Late(usize),
    World,
}

/// What a move does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Start,
    /// The nth step of the process happens: a call to the store, or a step of the handler.
    Do(&'static str, usize),
    /// The call seems to fail. Its request may still take effect, at any later time or never.
    Lose(&'static str, usize),
    /// The handler fails.
    Fail,
    /// The process dies. Its requests may still take effect.
    Crash,
    /// The process dies right after the effect of its handler.
    CrashAfterEffect,
    /// Time passes until the next timer.
    Wait,
    /// The nth lease expires too early, because a clock is wrong.
    ExpireEarly(usize),
    /// The record of a process is delivered again.
    Redeliver(usize),
    /// No late request takes effect any more.
    Settle,
}

/// A hash of everything that the rest of a run depends on.
pub(crate) type State = u64;

/// Where in the tree of moves the search is.
#[derive(Debug, Default)]
pub(crate) struct Search {
    nodes: Vec<Node>,
    depth: usize,
    /// The states that were explored, with the interleavings that begin there.
    explored: HashMap<State, u128>,
    /// The interleavings that begin at the start.
    interleavings: u128,
}

#[derive(Debug)]
struct Node {
    state: State,
    moves: Vec<Move>,
    taken: usize,
    interleavings: u128,
}

impl Search {
    /// Returns the next move on the way to the branch that this run explores. At the branch itself
    /// it returns `None`, so that [`choose`](Self::choose) checks that the run is repeated exactly.
    pub(crate) fn repeat(&mut self) -> Option<Move> {
        let node = self.nodes.get(self.depth)?;
        let known = node.moves[node.taken];
        let is_branch = self.depth + 1 == self.nodes.len();
        if is_branch || matches!(known.action, Action::Redeliver(_)) {
            return None;
        }

        self.depth += 1;
        Some(known)
    }

    /// Chooses the next move, or returns `None` if the state was explored before.
    pub(crate) fn choose(
        &mut self,
        state: impl FnOnce() -> State,
        moves: Vec<Move>,
    ) -> Option<Move> {
        if let Some(node) = self.nodes.get(self.depth) {
            assert_eq!(node.moves, moves, "a run is not repeated exactly");
            self.depth += 1;
            return Some(node.moves[node.taken]);
        }

        let state = state();
        if let Some(known) = self.explored.get(&state).copied() {
            *self.count() += known;
            return None;
        }

        let chosen = moves[0];
        self.nodes.push(Node {
            state,
            moves,
            taken: 0,
            interleavings: 0,
        });
        self.depth += 1;

        Some(chosen)
    }

    /// Counts a run that has ended.
    pub(crate) fn end(&mut self) {
        *self.count() += 1;
    }

    /// Turns to the next branch. Returns `false` if there is none.
    pub(crate) fn turn(&mut self) -> bool {
        self.depth = 0;

        while let Some(mut node) = self.nodes.pop() {
            node.taken += 1;
            if node.taken < node.moves.len() {
                self.nodes.push(node);
                return true;
            }

            self.explored.insert(node.state, node.interleavings);
            *self.count() += node.interleavings;
        }

        false
    }

    /// The moves of this run so far.
    pub(crate) fn path(&self) -> Vec<Move> {
        let taken = self.nodes[..self.depth].iter();
        taken.map(|node| node.moves[node.taken]).collect()
    }

    pub(crate) fn states(&self) -> usize {
        self.explored.len()
    }

    pub(crate) fn interleavings(&self) -> u128 {
        self.interleavings
    }

    fn count(&mut self) -> &mut u128 {
        let last = self.nodes.last_mut();
        last.map_or(&mut self.interleavings, |node| &mut node.interleavings)
    }
}
