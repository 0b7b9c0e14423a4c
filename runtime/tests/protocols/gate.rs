//! The gate: each call to the store, and each step of a handler, waits there until the search lets
//! it happen, or lets it go wrong.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

#[derive(Default)]
pub(crate) struct Gate(Mutex<Steps>);

#[derive(Default)]
struct Steps {
    /// The process that runs now.
    current: usize,
    /// What each process was answered, and when.
    answers: Vec<Vec<(String, Instant)>>,
    /// How many steps each process has begun.
    counts: Vec<usize>,
    waiting: Vec<Step>,
    is_open: bool,
}

/// A step that waits.
struct Step {
    place: Place,
    act: Option<Box<dyn FnOnce() -> String + Send>>,
    fail: Option<Box<dyn FnOnce() + Send>>,
    waker: Option<Waker>,
}

/// A step as the search sees it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) process: usize,
    /// The number of the step in its process.
    pub(crate) number: usize,
    pub(crate) what: &'static str,
    /// What else tells its effect.
    detail: String,
    began: Instant,
    /// It is a call to the store, and no step of a handler.
    pub(crate) is_call: bool,
    /// Its process does not wait for it any more.
    pub(crate) is_late: bool,
}

/// What a step does, apart from its effect.
pub(crate) struct Kind {
    pub(crate) what: &'static str,
    pub(crate) detail: String,
    pub(crate) is_call: bool,
}

/// An answer as a text, the same for answers that a process cannot tell apart.
pub(crate) trait Digest {
    fn digest(&self) -> String;
}

impl Gate {
    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.0.lock().unwrap()
    }

    /// Says which process runs now.
    pub(crate) fn enter(&self, process: usize) {
        let mut steps = self.steps();
        steps.current = process;
        let length = steps.counts.len().max(process + 1);
        steps.counts.resize(length, 0);
        steps.answers.resize(length, Vec::new());
    }

    /// A name for the next step of the process that runs now.
    pub(crate) fn next_step(&self) -> String {
        let steps = self.steps();
        let count = steps.counts.get(steps.current).unwrap_or(&0);
        format!("{}.{count}", steps.current)
    }

    /// Lets everything pass from now on.
    pub(crate) fn open(&self) {
        let mut steps = self.steps();
        steps.is_open = true;
        steps.waiting.clear();
    }

    pub(crate) fn waiting(&self) -> Vec<Place> {
        let steps = self.steps();
        steps
            .waiting
            .iter()
            .map(|step| step.place.clone())
            .collect()
    }

    /// What determines the state of a process: its answers, and how long ago they came.
    pub(crate) fn describe(&self, process: usize) -> String {
        let (steps, now) = (self.steps(), Instant::now());
        let answers = steps.answers.get(process).into_iter().flatten();
        let answers = answers.map(|(answer, at)| format!("{answer} {:?};", now - *at));
        let mut own: String = answers.collect();
        let waiting = steps.waiting.iter().map(|step| &step.place);

        for place in waiting.filter(|place| place.process == process && !place.is_late) {
            own += &format!("{} {} {:?};", place.what, place.number, now - place.began);
        }

        own
    }

    /// The requests that may still take effect.
    pub(crate) fn describe_late(&self) -> Vec<String> {
        let steps = self.steps();
        let late = steps.waiting.iter().map(|step| &step.place);
        let late = late.filter(|place| place.is_late);
        let mut late: Vec<_> = late
            .map(|place| format!("{} {};", place.what, place.detail))
            .collect();
        late.sort();

        late
    }

    /// Waits until the step may happen, and returns what `act` returns, or `fail` if it goes wrong.
    pub(crate) async fn pass<T: Digest + Send + 'static>(
        self: &Arc<Self>,
        kind: Kind,
        act: impl FnOnce() -> T + Send + 'static,
        fail: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        if self.steps().is_open {
            return act();
        }

        let answer = Arc::new(Mutex::new(None));
        let (acted, failed) = (Arc::clone(&answer), Arc::clone(&answer));
        let act = move || {
            let result = act();
            let digest = result.digest();
            *acted.lock().unwrap() = Some(result);
            digest
        };

        let step = self.steps().add(kind, act, move || {
            *failed.lock().unwrap() = Some(fail());
        });

        Passing {
            gate: Arc::clone(self),
            step,
            answer,
        }
        .await
    }

    /// Lets a step happen.
    pub(crate) fn act(&self, step: (usize, usize)) {
        let Some(mut step) = self.remove(step) else {
            return;
        };

        let answer = (step.act.take().unwrap())();
        if !step.place.is_late {
            self.steps().note(&step.place, &answer);
        }
        step.waker.into_iter().for_each(Waker::wake);
    }

    /// Lets a step go wrong. A call may still happen later.
    pub(crate) fn fail(&self, step: (usize, usize)) {
        let Some(mut step) = self.remove(step) else {
            return;
        };

        (step.fail.take().unwrap())();
        self.steps().note(&step.place, "failed");
        step.waker.take().into_iter().for_each(Waker::wake);
        self.keep_late(step);
    }

    fn remove(&self, (process, number): (usize, usize)) -> Option<Step> {
        let mut steps = self.steps();
        let is_it = |step: &Step| (step.place.process, step.place.number) == (process, number);
        let index = steps.waiting.iter().position(is_it)?;

        Some(steps.waiting.remove(index))
    }

    /// The process does not wait any more. A call may still happen.
    fn keep_late(&self, mut step: Step) {
        if step.place.is_call {
            step.place.is_late = true;
            step.waker = None;
            self.steps().waiting.push(step);
        }
    }
}

impl Steps {
    fn add(
        &mut self,
        kind: Kind,
        act: impl FnOnce() -> String + Send + 'static,
        fail: impl FnOnce() + Send + 'static,
    ) -> (usize, usize) {
        let process = self.current;
        self.counts[process] += 1;
        let number = self.counts[process];
        let Kind {
            what,
            detail,
            is_call,
        } = kind;

        self.waiting.push(Step {
            place: Place {
                process,
                number,
                what,
                detail,
                began: Instant::now(),
                is_call,
                is_late: false,
            },
            act: Some(Box::new(act)),
            fail: Some(Box::new(fail)),
            waker: None,
        });

        (process, number)
    }

    fn note(&mut self, place: &Place, answer: &str) {
        let answer = format!("{} {} {answer}", place.what, place.number);
        self.answers[place.process].push((answer, Instant::now()));
    }
}

/// A step that a process waits for.
struct Passing<T> {
    gate: Arc<Gate>,
    step: (usize, usize),
    answer: Arc<Mutex<Option<T>>>,
}

impl<T> Future for Passing<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if let Some(answer) = self.answer.lock().unwrap().take() {
            return Poll::Ready(answer);
        }

        for step in &mut self.gate.steps().waiting {
            if (step.place.process, step.place.number) == self.step {
                step.waker = Some(context.waker().clone());
            }
        }

        Poll::Pending
    }
}

impl<T> Drop for Passing<T> {
    fn drop(&mut self) {
        if let Some(step) = self.gate.remove(self.step) {
            self.gate.keep_late(step);
        }
    }
}
