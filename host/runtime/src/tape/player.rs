use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cpi_protocol::CpiError;
use serde_json::Value;

use super::line::{FORMAT, Line, Start};
use super::recorder::answer;

/// Answers for the world out of a recording.
///
/// Calls are found by name and by what goes in, because calls that were made at the same time may come in another order.
/// Their answers come in the order of the recording, so that everything that depends on it is the same. Calls into which
/// nothing goes, such as a look at a clock, cannot differ: when there are more of them, the last answer is given again.
pub struct Player {
    start: Start,
    /// What the call came to; none when the recording ends before.
    answer: Option<Value>,
    state: Mutex<State>,
}

struct State {
    events: Vec<Event>,
    /// Answers given so far, of those that took their time.
    turn: usize,
    /// Last answers of calls into which nothing goes.
    last: HashMap<String, Value>,
    /// Grows with everything that happens.
    progress: u64,
    difference: Option<Difference>,
}

struct Event {
    name: String,
    with: Value,
    number: Option<u64>,
    /// The answer, and for one that took its time, which of them it was.
    answer: Option<(Value, usize)>,
    taken: bool,
}

/// Where a replay leaves its recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What the recording has.
    pub expected: String,
    /// What the plugin did instead.
    pub came: String,
}

/// Why a recording cannot be replayed: whoever made or changed the file is at fault.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct RecordingError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// The recording ends while the plugin waits for an answer: its call was killed there.
#[derive(Debug, thiserror::Error)]
#[error("the recording ends here")]
struct Ended;

impl std::error::Error for Difference {}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, came {}", self.expected, self.came)
    }
}

impl Player {
    /// Reads a recording.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        let (mut start, mut end) = (None, None);
        let mut events: Vec<Event> = Vec::new();
        let mut turns = 0;
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for (index, line) in whole.lines().enumerate() {
            let wrong = |problem: String| RecordingError { line: index + 1, problem };
            match serde_json::from_str(line).map_err(|error| wrong(error.to_string()))? {
                Line::Start(found) if found.format == FORMAT => start = Some(found),
                Line::Start(found) => {
                    return Err(wrong(format!("it has format {}, this program reads {FORMAT}", found.format)));
                }
                Line::Call { number, name, with } => {
                    events.push(Event { name, with, number: Some(number), answer: None, taken: false });
                }
                Line::Return { number, value } => {
                    let event = events.iter_mut().find(|event| event.number == Some(number));
                    event.ok_or_else(|| wrong(format!("there is no call {number}")))?.answer = Some((value, turns));
                    turns += 1;
                }
                Line::Now { name, with, value } => {
                    events.push(Event { name, with, number: None, answer: Some((value, 0)), taken: false });
                }
                Line::Log { .. } => {}
                Line::Answer(answer) => end = Some(answer),
            }
        }
        let start = start.ok_or(RecordingError { line: 1, problem: "it does not begin with \"start\"".to_owned() })?;
        let state = State { events, turn: 0, last: HashMap::new(), progress: 0, difference: None };
        Ok(Self { start, answer: end, state: Mutex::new(state) })
    }

    /// What the plugin was asked.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// The first difference, once the plugin has answered: one that the plugin met, something that it left out, or
    /// another answer. `Ok(false)`: there is none, but the recording ends before the answer.
    pub fn verdict(&self, outcome: &Result<Value, CpiError>) -> Result<bool, Difference> {
        let mut state = self.state();
        if let Some(difference) = state.difference.take() {
            return Err(difference);
        }
        let Some(expected) = &self.answer else { return Ok(false) };
        let came = answer(outcome);
        if let Some(left_out) = state.left() {
            return Err(Difference { expected: left_out.to_string(), came: format!("the answer {came}") });
        }
        if *expected != came {
            return Err(Difference { expected: format!("the answer {expected}"), came: came.to_string() });
        }
        Ok(true)
    }

    /// The answer of a capability that took its time, when it is its turn.
    pub(super) async fn call(&self, name: &str, with: &Value) -> wasmtime::Result<Value> {
        let (index, mut seen) = {
            let mut state = self.state();
            let index = match state.take(name, with, true) {
                Some(index) => Some(index),
                // The call was killed, and what came after is not recorded.
                None if self.answer.is_none() => None,
                None => return Err(state.unexpected(name, with, true)),
            };
            (index, state.progress)
        };
        let mut idle = 0;
        loop {
            {
                let mut state = self.state();
                if let Some(answer) = index.and_then(|index| state.answer_in_turn(index)) {
                    return Ok(answer);
                }
                idle = if state.progress == seen { idle + 1 } else { 0 };
                seen = state.progress;
                if idle > PATIENCE {
                    return Err(state.stuck(name, with));
                }
            }
            tokio::task::yield_now().await;
        }
    }

    /// The answer of a capability that answered at once.
    pub(super) fn now(&self, name: &str, with: &Value) -> wasmtime::Result<Value> {
        let mut state = self.state();
        if with.is_null() {
            let next = state.events.iter_mut().find(|event| !event.taken && event.name == name && event.with.is_null());
            if let Some(event) = next {
                event.taken = true;
                let value = event.answer.as_ref().map(|(value, _)| value.clone()).unwrap_or_default();
                state.last.insert(name.to_owned(), value);
            }
            if let Some(value) = state.last.get(name) {
                return Ok(value.clone());
            }
        }
        match state.take(name, with, false).and_then(|index| state.events.get(index)) {
            Some(event) => Ok(event.answer.as_ref().map(|(value, _)| value.clone()).unwrap_or_default()),
            None if self.answer.is_none() && state.left().is_none() => Err(Ended.into()),
            None => Err(state.unexpected(name, with, false)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often everything else may run without anything happening, until it is certain that nothing will.
const PATIENCE: u32 = 1000;

impl State {
    fn take(&mut self, name: &str, with: &Value, waits: bool) -> Option<usize> {
        let index = self.events.iter().position(|event| event.fits(name, waits) && event.with == *with)?;
        self.events.get_mut(index)?.taken = true;
        self.progress += 1;
        Some(index)
    }

    /// Something that the plugin has not done yet, clocks left out.
    fn left(&self) -> Option<&Event> {
        self.events.iter().find(|event| !event.taken && !event.with.is_null())
    }

    /// Whatever has the same name is most likely what it should have been.
    fn unexpected(&mut self, name: &str, with: &Value, waits: bool) -> wasmtime::Error {
        let next = self.events.iter().find(|event| event.fits(name, waits)).or_else(|| self.left());
        let expected = next.map_or_else(|| "nothing more".to_owned(), ToString::to_string);
        self.differ(Difference { expected, came: format!("{name} with {with}") })
    }

    fn answer_in_turn(&mut self, index: usize) -> Option<Value> {
        let (value, turn) = self.events.get(index)?.answer.as_ref()?;
        if *turn != self.turn {
            return None;
        }
        let value = value.clone();
        self.turn += 1;
        self.progress += 1;
        Some(value)
    }

    /// Nothing happens any more while this waits for its answer: either something else has to be done first, or the
    /// recording ends here.
    fn stuck(&mut self, name: &str, with: &Value) -> wasmtime::Error {
        match self.left() {
            Some(first) => {
                let expected = first.to_string();
                self.differ(Difference { expected, came: format!("{name} with {with}, and nothing else") })
            }
            None => Ended.into(),
        }
    }

    /// The first one counts: the plugin may go on for a while.
    fn differ(&mut self, difference: Difference) -> wasmtime::Error {
        self.difference.get_or_insert_with(|| difference.clone());
        difference.into()
    }
}

impl Event {
    fn fits(&self, name: &str, waits: bool) -> bool {
        !self.taken && self.number.is_some() == waits && self.name == name
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "{} with {} (call {number})", self.name, self.with),
            None => write!(f, "{} with {}", self.name, self.with),
        }
    }
}
