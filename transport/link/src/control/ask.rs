//! [`Ask`]: a call that waits for its answer.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actors_protocol::Fault;
use serde::de::DeserializeOwned;

use super::calls::Shared;

/// The answer to come. Dropped, the call is forgotten, and the peer is told so; it may have been carried out all the same.
#[must_use = "dropping it forgets the call"]
pub struct Ask<R> {
    state: State,
    reply: PhantomData<fn() -> R>,
}

enum State {
    Waiting { shared: Arc<Shared>, id: u32 },
    Failed(Fault),
    Done,
}

impl<R> Ask<R> {
    pub(super) fn new(shared: &Arc<Shared>, started: Result<u32, Fault>) -> Ask<R> {
        let state = match started {
            Ok(id) => State::Waiting { shared: shared.clone(), id },
            Err(fault) => State::Failed(fault),
        };
        Ask { state, reply: PhantomData }
    }
}

impl<R: DeserializeOwned> Future for Ask<R> {
    type Output = Result<R, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, Fault>> {
        let answer = match &self.state {
            State::Waiting { shared, id } => match shared.poll_answer(*id, cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(answer) => answer,
            },
            State::Failed(fault) => Err(fault.clone()),
            State::Done => panic!("an Ask was polled after it had its answer"),
        };
        self.state = State::Done;
        Poll::Ready(answer.and_then(|payload| transport_wire::decode(&payload).map_err(Fault::from)))
    }
}

impl<R> Drop for Ask<R> {
    fn drop(&mut self) {
        if let State::Waiting { shared, id } = &self.state {
            shared.forget(*id);
        }
    }
}
