//! The body of a call: read as it comes, and unpacked if it is gzip.
//!
//! Careful about size: the limit holds for what is sent and for what comes out of it, and is looked at before
//! memory is taken.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body, Incoming};

use super::deadline::Deadline;
use super::seen::Seen;

/// The longest body, in bytes; the known events have less than one thousandth of it.
pub const MAX_BODY: usize = 1 << 20;
/// How gzip begins. Neither JSON nor an urlencoded body can, so that a header that is missing, or was left by a
/// proxy that has unpacked the body, does no harm.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads the body of the call, and tells `seen` of each part of it.
///
/// # Errors
/// 413 when it is too large, 408 when it does not come in time, 400 when it ends too early.
pub async fn read(
    mut body: Incoming,
    deadline: &Deadline,
    seen: &Seen,
) -> Result<Vec<u8>, StatusCode> {
    // So much of it as is kept is read all the same.
    let is_announced_too_large = body.size_hint().lower() > MAX_BODY as u64;
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(match () {
                () if is_announced_too_large => StatusCode::PAYLOAD_TOO_LARGE,
                () if deadline.has_passed() => StatusCode::REQUEST_TIMEOUT,
                () => StatusCode::BAD_REQUEST,
            });
        };
        // What follows the body, the trailers, is of no interest.
        let Some(part) = frame.data_ref() else { continue };
        let is_kept = seen.add(part);
        if whole.len() + part.len() > MAX_BODY || (is_announced_too_large && !is_kept) {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        whole.extend_from_slice(part);
    }
    Ok(whole)
}

/// The body as its sender had it.
///
/// # Errors
/// 413 when it is too large, 400 when it cannot be unpacked.
pub fn unpacked(body: &[u8]) -> Result<Cow<'_, [u8]>, StatusCode> {
    if !body.starts_with(&GZIP) {
        return Ok(body.into());
    }
    let mut whole = Vec::new();
    let mut part = MultiGzDecoder::new(body).take(MAX_BODY as u64 + 1);
    part.read_to_end(&mut whole).map_err(|_| StatusCode::BAD_REQUEST)?;
    if whole.len() > MAX_BODY { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(whole.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_unpacked_within_the_limit() {
        assert_eq!(unpacked(b"{}").unwrap(), &b"{}"[..]);
        assert_eq!(unpacked(b"").unwrap(), &b""[..]);
        assert_eq!(unpacked(&gzip(b"{\"a\":1}")).unwrap(), &b"{\"a\":1}"[..]);
        let parts = [gzip(b"{\"a\":"), gzip(b"1}")].concat();
        assert_eq!(unpacked(&parts).unwrap(), &b"{\"a\":1}"[..]);
        let most = vec![b' '; MAX_BODY];
        assert_eq!(unpacked(&gzip(&most)).unwrap().len(), MAX_BODY);
        // A thousandth of its size on the way.
        let bomb = gzip(&vec![b' '; 64 * MAX_BODY]);
        assert!(bomb.len() < MAX_BODY);
        assert_eq!(unpacked(&bomb), Err(StatusCode::PAYLOAD_TOO_LARGE));
    }

    #[test]
    fn gzip_that_is_not_whole_is_refused() {
        let good = gzip(b"{\"a\":1}");
        for length in GZIP.len()..good.len() {
            assert_eq!(unpacked(&good[..length]), Err(StatusCode::BAD_REQUEST), "{length}");
        }
        let mut changed = good;
        let last = changed.len() - 5;
        changed[last] ^= 1;
        assert_eq!(unpacked(&changed), Err(StatusCode::BAD_REQUEST));
    }
}
