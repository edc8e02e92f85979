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
/// Their answers come in the order of the recording, not before what was begun before them, and one at a time: the plugin
/// has done with one what it does when the next one comes, so that everything that depends on it, such as the order of
/// random numbers, is the same. Calls into which nothing goes, such as a look at a clock, cannot differ: when there are
/// more of them, the last answer is given again.
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
    answer: Option<Answer>,
    taken: bool,
}

struct Answer {
    value: Value,
    /// Of those that took their time, which it was.
    turn: usize,
    /// How many calls had been made before it came.
    after: usize,
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
                    let after = events.len();
                    let event = events.iter_mut().find(|event| event.number == Some(number));
                    let answer = Answer { value, turn: turns, after };
                    event.ok_or_else(|| wrong(format!("there is no call {number}")))?.answer = Some(answer);
                    turns += 1;
                }
                Line::Now { name, with, value } => {
                    let answer = Answer { value, turn: 0, after: 0 };
                    events.push(Event { name, with, number: None, answer: Some(answer), taken: false });
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
                idle = if state.progress == seen { idle + 1 } else { 0 };
                seen = state.progress;
                if idle > QUIET
                    && let Some(answer) = index.and_then(|index| state.answer_in_turn(index))
                {
                    return Ok(answer);
                }
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
                let value = event.value();
                state.last.insert(name.to_owned(), value);
            }
            if let Some(value) = state.last.get(name) {
                return Ok(value.clone());
            }
        }
        match state.take(name, with, false).and_then(|index| state.events.get(index)) {
            Some(event) => Ok(event.value()),
            None if self.answer.is_none() && state.left().is_none() => Err(Ended.into()),
            None => Err(state.unexpected(name, with, false)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often everything else runs without anything happening, until the plugin is done with the answer before.
const QUIET: u32 = 20;

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
        let Answer { value, turn, after } = self.events.get(index)?.answer.as_ref()?;
        let begun = |event: &Event| event.taken || event.with.is_null();
        if *turn != self.turn || !self.events.iter().take(*after).all(begun) {
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
    fn value(&self) -> Value {
        self.answer.as_ref().map(|answer| answer.value.clone()).unwrap_or_default()
    }

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Two requests at the same time; the second is answered first, and only when the first has been made.
    const RECORDING: &str = r#"{"start":{"format":1,"host":"","plugin":"p","version":"1","digest":"","at":"","seed":"","request":{},"settings":{}}}
{"call":{"number":1,"name":"send","with":"a"}}
{"now":{"name":"clock","with":null,"value":7}}
{"call":{"number":2,"name":"send","with":"b"}}
{"return":{"number":2,"value":"B"}}
{"return":{"number":1,"value":"A"}}
{"answer":{"result":true}}
"#;

    #[tokio::test]
    async fn answers_come_in_the_recorded_order_whatever_was_asked_first() {
        let player = Player::parse(RECORDING).unwrap();
        let order = Mutex::new(Vec::new());
        let ask = async |with: &str| {
            let value = player.call("send", &json!(with)).await.unwrap();
            order.lock().unwrap().push(value);
        };
        // Asked in the recorded order, and answered in the other one.
        tokio::join!(ask("a"), ask("b"));
        assert_eq!(*order.lock().unwrap(), ["B", "A"]);
        assert_eq!(player.verdict(&Ok(json!(true))), Ok(true));
        let alone = Player::parse(RECORDING).unwrap();
        assert!(alone.call("send", &json!("b")).await.is_err(), "it was answered after the other was asked");
    }

    #[tokio::test]
    async fn what_differs_is_told() {
        let player = Player::parse(RECORDING).unwrap();
        assert!(player.call("send", &json!("c")).await.is_err());
        let difference = player.verdict(&Ok(json!(true))).unwrap_err();
        assert!(difference.expected.contains("\"a\"") && difference.came.contains("\"c\""), "{difference}");
        let player = Player::parse(RECORDING).unwrap();
        assert_eq!(player.now("clock", &Value::Null).unwrap(), 7);
        assert_eq!(player.now("clock", &Value::Null).unwrap(), 7, "a clock stands still when nothing is left to tell");
        assert!(player.verdict(&Ok(json!(true))).unwrap_err().expected.contains("\"a\""), "left out");
        assert!(Player::parse("{}\n").is_err_and(|error| error.line == 1));
    }
}
