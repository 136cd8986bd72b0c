//! What has come of the call that a connection is at, so that it can be kept if the call is refused.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::body::Bytes;
use hyper::http::request::Parts;

/// So much of a body is kept; the known events have less than a hundredth of it.
const MAX_KEPT: usize = 64 << 10;

/// The present call of a connection.
#[derive(Default)]
pub struct Seen(Mutex<Call>);

/// What has come of a call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The request line and the headers, a line each.
    pub head: Vec<u8>,
    /// The body as it was sent, or its beginning.
    pub body: Vec<u8>,
    /// There was more of the body.
    pub is_cut: bool,
}

impl Seen {
    /// A call has begun, with this head.
    pub fn begin(&self, head: &Parts) {
        *self.call() = Call { head: text_of(head), ..Call::default() };
    }

    /// Some more of its body has come; false when that is more than is kept.
    pub fn add(&self, part: &Bytes) -> bool {
        let mut call = self.call();
        let room = MAX_KEPT - call.body.len();
        call.body.extend_from_slice(&part[..part.len().min(room)]);
        call.is_cut |= part.len() > room;
        !call.is_cut
    }

    /// What has come, which is forgotten here: the next call begins.
    pub fn take(&self) -> Call {
        mem::take(&mut self.call())
    }

    fn call(&self) -> MutexGuard<'_, Call> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A head as it was sent, but for the case of the names and blanks around the values.
fn text_of(head: &Parts) -> Vec<u8> {
    let mut text = format!("{} {} {:?}\r\n", head.method, head.uri, head.version).into_bytes();
    for (name, value) in &head.headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            text.extend_from_slice(part);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    #[test]
    fn a_call_is_kept_up_to_a_limit() {
        let seen = Seen::default();
        let request = Request::post("/a/b?c").header("X-Name", "value").body(()).unwrap();
        let (head, ()) = request.into_parts();
        seen.begin(&head);
        let part = Bytes::from(vec![b'x'; MAX_KEPT - 1]);
        assert!(seen.add(&part) && seen.add(&Bytes::from("y")));
        let head = b"POST /a/b?c HTTP/1.1\r\nx-name: value\r\n".to_vec();
        let call = seen.take();
        assert_eq!((call.head, call.body.len(), call.is_cut), (head, MAX_KEPT, false));
        assert!(seen.add(&part) && !seen.add(&part));
        let call = seen.take();
        assert_eq!((call.head, call.body.len(), call.is_cut), (Vec::new(), MAX_KEPT, true));
        assert_eq!(seen.take(), Call::default());
    }
}
