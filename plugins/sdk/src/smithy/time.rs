use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use send_wrapper::SendWrapper;

use crate::clock;

/// The host's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock;

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(SendWrapper::new(clock::sleep(duration)))
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        clock::now()
    }
}
