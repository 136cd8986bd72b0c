//! Bodies of answers: whole, or ending in the middle.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};

use super::CutOff;
use super::log_stream::LogStream;

/// The body of an answer.
pub struct Body {
    rest: Option<Bytes>,
    length: u64,
    end: End,
}

enum End {
    Good,
    /// Not yet: events come as they happen.
    LogStream(Box<LogStream>),
    /// Give the first half time to leave, then end the connection.
    Flush,
    Broken,
}

impl Body {
    /// All of it.
    pub fn whole(body: Vec<u8>) -> Self {
        let length = body.len() as u64;
        Self { rest: (length > 0).then(|| body.into()), length, end: End::Good }
    }

    /// Events without an end that is known.
    pub fn live(live: LogStream) -> Self {
        Self { rest: None, length: 0, end: End::LogStream(Box::new(live)) }
    }

    /// Half of it under the length of all, then the end of the connection.
    pub fn broken(mut body: Vec<u8>) -> Self {
        let length = body.len() as u64;
        body.truncate(body.len() / 2);
        Self { rest: Some(body.into()), length, end: End::Flush }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if let Some(data) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match &mut self.end {
            End::Good => Poll::Ready(None),
            End::LogStream(live) => live.poll(context),
            End::Flush => {
                self.end = End::Broken;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            End::Broken => Poll::Ready(Some(Err(CutOff))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && matches!(self.end, End::Good)
    }

    fn size_hint(&self) -> SizeHint {
        match self.end {
            End::Good => {
                SizeHint::with_exact(self.rest.as_ref().map_or(0, |rest| rest.len() as u64))
            }
            End::LogStream(_) => SizeHint::new(),
            End::Flush | End::Broken => SizeHint::with_exact(self.length),
        }
    }
}
