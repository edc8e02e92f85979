use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use cpi_policy::{Again, Permit, Refusal, in_words};

use super::{Egress, Incoming, Problem, place};
use crate::Level;
use crate::network::answer::{Failed, Fault};
use crate::throttle::Scope;

/// What became of one request so far.
struct Course {
    begun: Instant,
    retried: u32,
    timed_out: bool,
    waited: Duration,
}

impl Egress {
    /// Sends a request until its answer is final, or the call has tried and waited as much as it may.
    pub(super) async fn send_until_final(&self, permit: &Permit, body: Bytes) -> Result<Incoming, Problem> {
        // A request that waits for its next try keeps its place: fewer are under way while the cloud is busy.
        let _open = self.budget.open().await?;
        let scope = self.scope(permit);
        let mut course = Course { begun: Instant::now(), retried: 0, timed_out: false, waited: Duration::ZERO };
        loop {
            course.waited += self.wait_for_turn(permit, scope.as_ref()).await;
            let (sent, start) = (SystemTime::now(), Instant::now());
            let attempt = self.exchange(permit, body.clone()).await;
            self.record(permit, start.elapsed(), &attempt);
            let again = self.again(permit, &attempt, &course);
            if let (Some(Again { throttled: true, pause, .. }), Some(scope)) = (&again, &scope) {
                self.leave_word(scope, sent, *pause).await;
            }
            let Some(again) = again.filter(|again| self.may_try(again, &course)) else {
                self.conclude(permit, &attempt, &course);
                return attempt.map_err(Failed::into);
            };
            course.retried += 1;
            course.timed_out |= attempt.is_err_and(|failed| failed.fault.timed_out());
            course.waited += again.pause;
            self.journal.write(
                Level::Warn,
                format_args!(
                    "{}: trying again in {:.1} s, {} of {} times",
                    again.reason,
                    again.pause.as_secs_f64(),
                    course.retried,
                    again.most
                ),
            );
            tokio::time::sleep(again.pause).await;
        }
    }

    /// The service that throttles this call's account.
    fn scope(&self, permit: &Permit) -> Option<Scope> {
        let service = permit.url().origin().ascii_serialization();
        self.throttle.as_ref().map(|throttle| throttle.scope(&service))
    }

    /// Waits as long as this call's own rate and the other calls ask for.
    async fn wait_for_turn(&self, permit: &Permit, scope: Option<&Scope>) -> Duration {
        let own = if permit.carries_image() { Duration::ZERO } else { self.budget.pace() };
        // Sleeping for no time at all takes a millisecond.
        if !own.is_zero() {
            tokio::time::sleep(own).await;
        }
        let Some(scope) = scope else { return own };
        match scope.turn(self.budget.patience()).await {
            Ok(Some(wait)) if !wait.is_zero() => {
                self.budget.waited(wait);
                self.journal.write(
                    Level::Info,
                    format_args!(
                        "{} gets too many requests from calls with these credentials: waiting {:.1} s for a turn",
                        permit.url().origin().ascii_serialization(),
                        wait.as_secs_f64()
                    ),
                );
                tokio::time::sleep(wait).await;
                own + wait
            }
            Ok(_) => own,
            Err(error) => {
                self.journal.write(Level::Warn, format_args!("this call cannot see how busy the cloud is: {error}"));
                own
            }
        }
    }

    /// Tells the other calls that a service is busy. Without them knowing, this call still waits.
    async fn leave_word(&self, scope: &Scope, sent: SystemTime, rest: Duration) {
        if let Err(error) = scope.slow_down(sent, rest).await {
            self.journal.write(
                Level::Warn,
                format_args!(
                    "other calls cannot be told how busy the cloud is: {error}; see `state` in the host configuration"
                ),
            );
        }
    }

    /// Why and when a request is sent again.
    fn again(&self, permit: &Permit, attempt: &Result<Incoming, Failed>, course: &Course) -> Option<Again> {
        let (retry, retried) = (self.grant.retry(), course.retried);
        let random = getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX));
        match attempt {
            Ok(Incoming { status, headers, body }) => {
                let refusal = Refusal { status: *status, headers, body, now: SystemTime::now() };
                retry.after(refusal, || retry.may_repeat(permit), retried, random)
            }
            Err(Failed { problem, fault }) => {
                let may_pass = match fault {
                    Fault::NotSent { .. } => true,
                    Fault::Lost { .. } => retry.may_repeat(permit),
                    Fault::Final => false,
                };
                let again = may_pass.then(|| retry.after_no_answer(problem.to_string(), retried, random)).flatten()?;
                if fault.timed_out() { self.once_more(permit, again, course) } else { Some(again) }
            }
        }
    }

    /// What took all its time is sent once more, on another connection: one that hangs, or a machine behind it, is the
    /// usual reason, and a call of an hour should not end for it. That holds at each point: before the connection, before
    /// the answer and within it. Whoever is silent twice is silent, and the call needs its time to say so: a second time
    /// has to fit into what it has left. A plugin that says how long an answer is worth waiting for waits no longer.
    fn once_more(&self, permit: &Permit, again: Again, course: &Course) -> Option<Again> {
        let is_usual = permit.request().timeout_ms.is_none();
        let fits = self.budget.has(again.pause.saturating_add(self.grant.limits().request_time));
        (!course.timed_out && is_usual && fits).then_some(Again { most: course.retried + 1, ..again })
    }

    /// Whether the call may still try and wait that much.
    fn may_try(&self, again: &Again, course: &Course) -> bool {
        let limits = self.grant.limits();
        let setting = if course.begun.elapsed() + again.pause > limits.deadline {
            format!("deadline, {}, is over", in_words(limits.deadline))
        } else if !self.budget.try_again(again.pause) {
            format!("tries, {}, or waiting, {}, are used up", limits.tries, in_words(limits.waiting))
        } else {
            return true;
        };
        self.journal.write(
            Level::Warn,
            format_args!("{}: not tried again, [limits] retries: this call's {setting}", again.reason),
        );
        false
    }

    /// One line for requests that needed patience.
    fn conclude(&self, permit: &Permit, attempt: &Result<Incoming, Failed>, course: &Course) {
        if course.retried == 0 {
            return;
        }
        let outcome = match attempt {
            Ok(answer) if answer.status < 400 => "succeeded",
            _ => "was given up",
        };
        self.journal.write(
            Level::Info,
            format_args!(
                "{} {} {outcome} after {} tries and {:.1} s, {:.1} s of them waiting",
                permit.request().method.name(),
                permit.action().map_or_else(|| place(permit), str::to_owned),
                course.retried + 1,
                course.begun.elapsed().as_secs_f64(),
                course.waited.as_secs_f64()
            ),
        );
    }
}
