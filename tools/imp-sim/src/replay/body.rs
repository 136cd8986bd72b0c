//! Bodies of answers: whole, cut after so many bytes, or a stream whose pieces come when they came.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};
use tokio::sync::mpsc::{Receiver, channel};

use crate::server::CutOff;

/// The body of an answer.
pub struct Body {
    pieces: Receiver<Result<Bytes, CutOff>>,
    /// None: until the end of the connection.
    length: Option<u64>,
    left: u64,
}

/// Where the pieces of a body come from.
pub type Pieces = tokio::sync::mpsc::Sender<Result<Bytes, CutOff>>;

impl Body {
    /// A body of this length, or one without an end that is known, and where its pieces go.
    pub fn new(length: Option<u64>) -> (Self, Pieces) {
        let (sender, pieces) = channel(8);
        (Self { pieces, length, left: length.unwrap_or(u64::MAX) }, sender)
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let next = self.pieces.poll_recv(context);
        if let Poll::Ready(Some(Ok(piece))) = &next {
            self.left = self.left.saturating_sub(piece.len() as u64);
        }
        next.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}
