//! What callers are answered, over a connection in memory; deadlines on a clock that runs by itself.

use model::Secret;
use tokio::io::{DuplexStream, duplex};
use tokio::join;

use super::*;
use crate::listen::body::MAX_BODY;
use crate::listen::commit::Committer;
use crate::listen::journal::Journal;

const HOOK: &str =
    "POST /0123456789abcdef/blessing?x=1 HTTP/1.1\r\nContent-Type: application/json\r\n";

/// Serves one connection of a receiver with a fresh journal; gives what `caller` gives, and the journal.
async fn with<C: Future>(
    caller: impl FnOnce(DuplexStream, watch::Sender<()>) -> C,
) -> (C::Output, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    let (journal, _) = Journal::open(&path, &|_| true).unwrap();
    let counts = Arc::default();
    let committer =
        Committer::start(journal, Default::default(), Arc::default(), Arc::clone(&counts));
    let receiver = Receiver::new(Secret::new("0123456789abcdef"), committer, counts, None);
    let (near, far) = duplex(64 << 10);
    let (closing, is_closing) = watch::channel(());
    let place = Connections::new(1).place().unwrap();
    let ((), output) = join!(serve(&receiver, far, place, is_closing), caller(near, closing));
    (output, std::fs::read_to_string(path).unwrap())
}

async fn read(stream: &mut DuplexStream) -> String {
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    answers
}

/// What is answered to pieces of text, after which the caller says no more; and the journal.
async fn answers(pieces: &[&[u8]]) -> (String, String) {
    with(async |mut stream, _closing| {
        for piece in pieces {
            stream.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        stream.shutdown().await.unwrap();
        read(&mut stream).await
    })
    .await
}

fn statuses(answers: &str) -> Vec<&str> {
    answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect()
}

#[tokio::test]
async fn calls_follow_each_other_however_they_are_cut() {
    let text = format!(
        "{HOOK}Content-Length: 2\r\n\r\n{{}}\
        POST /0123456789abcdef/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
        3\r\na=b\r\n1;x=y\r\nc\r\n0\r\nT: 1\r\n\r\n"
    );
    for size in [1, 2, 3, 7, 1000] {
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
        let (answers, journal) = answers(&pieces).await;
        assert_eq!(statuses(&answers), ["200", "200"], "{size}");
        assert_eq!(answers.matches("connection: close").count(), 1, "{answers}");
        let (first, second) = journal.split_once('\n').unwrap();
        assert!(first.contains(r#""hook":"blessing""#), "{first}");
        assert!(second.contains(r#""hook":"b","a":"bc""#), "{second}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let long = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", MAX_BODY + 1);
    let chunk = "x".repeat(MAX_BODY + 1);
    let chunks =
        format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n{chunk}");
    let head = format!("POST / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(MAX_HEAD));
    let many = format!("POST / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(101));
    for (text, status) in [(long, "413"), (chunks, "413"), (head, "431"), (many, "431")] {
        let (answers, _) = answers(&[text.as_bytes()]).await;
        assert_eq!(statuses(&answers), [status], "{}", text.chars().take(60).collect::<String>());
    }
}

#[tokio::test]
async fn what_is_malformed_or_ambiguous_is_refused() {
    for text in [
        &b"GARBAGE\r\n\r\n"[..],
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        b"POST / HT",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ] {
        let (answers, journal) = answers(&[text]).await;
        assert_eq!(statuses(&answers), ["400"], "{}", String::from_utf8_lossy(text));
        assert_eq!(journal, "");
    }
    assert_eq!(answers(&[]).await.0, "");
}

#[tokio::test]
async fn a_call_that_has_begun_is_answered_when_the_listener_ends() {
    let (last, journal) = with(async |mut stream, closing| {
        let head = format!("{HOOK}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).await.unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        closing.send(()).unwrap();
        stream.write_all(b"{}").await.unwrap();
        read(&mut stream).await
    })
    .await;
    assert!(last.starts_with("HTTP/1.1 200 ") && last.contains("connection: close"), "{last}");
    assert_eq!(journal.lines().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_is_ended_ten_seconds_after_it_began() {
    for (first, then, bytes) in [
        ("POST / HTTP/1.1\r\nX: ", "", 3),
        ("POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\n", "", 3),
        ("POST / HTTP/1.1\r\nContent-", "Length: 99\r\n\r\n", 1),
    ] {
        let ((answer, sent), _) = with(async |mut stream, _closing| {
            stream.write_all(first.as_bytes()).await.unwrap();
            if !then.is_empty() {
                deadline::pause(Duration::from_secs(5)).await;
                stream.write_all(then.as_bytes()).await.unwrap();
            }
            let (mut answers, mut calls) = tokio::io::split(stream);
            let mut sent = 0;
            let drip = async {
                loop {
                    deadline::pause(Duration::from_secs(3)).await;
                    calls.write_all(b"x").await.unwrap();
                    sent += 1;
                }
            };
            let mut answer = String::new();
            tokio::select! {
                biased;
                read = answers.read_to_string(&mut answer) => { read.unwrap(); }
                () = drip => {}
            }
            (answer, sent)
        })
        .await;
        assert_eq!((statuses(&answer), sent), (vec!["408"], bytes), "{first}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_half_a_minute() {
    let call = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
    let (answers, _) = with(async |mut stream, _closing| {
        for _ in 0..3 {
            deadline::pause(Duration::from_secs(29)).await;
            stream.write_all(call).await.unwrap();
        }
        read(&mut stream).await
    })
    .await;
    assert_eq!(statuses(&answers), ["404"; 3]);
}
