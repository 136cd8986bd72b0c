//! The way to the service that real users take: https with a private authority, through a proxy.

use tests::{Dir, Port, Proxy, Server, Sim};

/// A service with https, and somebody who knows its authority.
fn secure() -> (Sim, Dir, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("a fresh directory");
    let tls = directory.path().to_str().expect("UTF-8");
    let sim = Sim::start(&["--devices", "250", "--tls", tls]);
    let mut dir = Dir::with_login_key(&sim);
    let ca_file = sim.entry.ca_file.as_ref().expect("with --tls there is one");
    dir.set("SSL_CERT_FILE", ca_file.to_str().expect("UTF-8"));
    (sim, dir, directory)
}

/// A name that the certificate is for, and that nobody can resolve but a proxy.
fn named(sim: &Sim) -> String {
    format!("https://imp-sim.test:{}/v5", sim.port())
}

#[test]
fn https_with_an_authority_of_ones_own() {
    let (sim, dir, _keep) = secure();
    assert!(sim.entry.endpoint.starts_with("https://"));
    let run = dir.sh("imp-device list | imp-device info | wc -l").quiet();
    assert_eq!(run.stdout().trim(), "250");
    let localhost = format!("IMPT_ENDPOINT=https://localhost:{}/v5", sim.port());
    let run = dir.sh(&format!("{localhost} imp-device list --limit 5")).quiet();
    assert_eq!(run.records().len(), 5);
}

#[test]
fn an_unknown_authority_is_refused_with_a_message_that_helps() {
    let (sim, mut dir, _keep) = secure();
    dir.set("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt");
    for script in ["imp-device list", "imp-device info -d x", "imp-dg list", "imp-auth info"] {
        // Waiting does not help, and is not tried: an hour is longer than a test may take.
        let run = dir.sh(&format!("{script} --patience 1h"));
        let run = run.says_all(&["certificate", "SSL_CERT_FILE"]);
        if script != "imp-auth info" {
            assert_eq!(run.exit_code(), Some(2), "{run}");
        }
    }
    assert_eq!(sim.counts().total, 0, "nothing was sent");
    // Nor is a certificate for another name.
    let (sim, mut dir, _keep) = secure();
    let proxy = Proxy::to(sim.port());
    dir.set("IMPT_ENDPOINT", "https://another.test/v5");
    dir.set("HTTPS_PROXY", &proxy.url());
    dir.sh("imp-device list").code(2).says("certificate");
    assert_eq!(sim.counts().total, 0);
}

#[test]
fn through_a_proxy_with_connect() {
    for variable in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        let (sim, mut dir, _keep) = secure();
        let proxy = Proxy::to(sim.port());
        dir.set("IMPT_ENDPOINT", &named(&sim));
        dir.set(variable, &proxy.url());
        let run = dir.sh("imp-device list").quiet();
        assert_eq!(run.records().len(), 250, "{variable}");
        let seen = proxy.seen();
        let connect = format!("CONNECT imp-sim.test:{} HTTP/1.1", sim.port());
        assert!(seen.iter().all(|line| *line == connect) && !seen.is_empty(), "{seen:?}");
    }
}

#[test]
fn through_a_socks_proxy() {
    for (scheme, version) in [("socks4a", "SOCKS4"), ("socks5h", "SOCKS5"), ("SOCKS5H", "SOCKS5")] {
        let (sim, mut dir, _keep) = secure();
        let proxy = Proxy::to(sim.port());
        dir.set("IMPT_ENDPOINT", &named(&sim));
        dir.set("ALL_PROXY", &proxy.url_with(scheme));
        let run = dir.sh("imp-device list").quiet();
        assert_eq!(run.records().len(), 250, "{scheme}");
        let (seen, asked) = (proxy.seen(), format!("{version} imp-sim.test:{}", sim.port()));
        assert!(seen.iter().all(|one| *one == asked) && !seen.is_empty(), "{seen:?}");
        // Where the proxy is no SOCKS proxy, nothing has been sent.
        let none = Server::hanging_up();
        dir.set("ALL_PROXY", &none.origin().replace("http", scheme));
        dir.sh("imp-device list --patience 0s").code(4).no_stdout();
    }
}

#[test]
fn a_bulk_move_through_a_proxy() {
    let (sim, mut dir, _keep) = secure();
    let proxy = Proxy::to(sim.port());
    dir.set("IMPT_ENDPOINT", &named(&sim));
    dir.set("https_proxy", &proxy.url());
    dir.sh("imp-product create -n Ovens && imp-dg create -n A -p Ovens").quiet();
    let run = dir.sh("imp-device list | imp-device assign --dg A | wc -l").quiet();
    assert_eq!((run.stdout().trim(), sim.restarts()), ("250", 250));
    assert!(proxy.seen().len() > 2);
}

#[test]
fn lower_case_wins() {
    let (sim, mut dir, _keep) = secure();
    let (wanted, other) = (Proxy::to(sim.port()), Proxy::to(sim.port()));
    dir.set("IMPT_ENDPOINT", &named(&sim));
    dir.set("HTTPS_PROXY", &other.url());
    dir.set("https_proxy", &wanted.url());
    dir.sh("imp-device list --limit 1").quiet();
    assert!(!wanted.seen().is_empty() && other.seen().is_empty());
    for nonsense in ["nonsense://", "ftp://127.0.0.1:21", ":::"] {
        dir.set("https_proxy", nonsense);
        let run = dir.sh("imp-device list --limit 1 --patience 0s").code(2).no_stdout();
        run.says_all(&["https_proxy", "socks5h"]);
    }
}

#[test]
fn an_empty_variable_is_not_set() {
    for variable in ["HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        let (sim, mut dir, _keep) = secure();
        let proxy = Proxy::to(sim.port());
        dir.set("IMPT_ENDPOINT", &named(&sim));
        for empty in ["https_proxy", "HTTPS_PROXY", "all_proxy", "no_proxy"] {
            dir.set(empty, "");
        }
        dir.set(variable, &proxy.url());
        dir.sh("imp-device list --limit 1").quiet();
        let before = proxy.seen().len();
        assert!(before > 0, "{variable}");
        dir.set("NO_PROXY", "imp-sim.test");
        dir.sh("imp-device list --limit 1 --patience 0s").code(4);
        assert_eq!(proxy.seen().len(), before, "{variable}");
    }
}

#[test]
fn no_proxy_takes_hosts_suffixes_and_blanks() {
    let (sim, mut dir, _keep) = secure();
    let proxy = Proxy::to(sim.port());
    dir.set("IMPT_ENDPOINT", &named(&sim));
    dir.set("https_proxy", &proxy.url());
    for list in ["imp-sim.test", ".test", "test", "a.org, imp-sim.test", "a.org imp-sim.test", "*"]
    {
        dir.set("no_proxy", list);
        // Without the proxy nobody knows the name.
        dir.sh("imp-device list --patience 0s").code(4);
        assert!(proxy.seen().is_empty(), "no_proxy={list}");
    }
    for list in ["", "sim.test", "imp-sim", "other.test", "imp-sim.test.org"] {
        dir.set("no_proxy", list);
        let before = proxy.seen().len();
        dir.sh("imp-device list --limit 1").quiet();
        assert!(proxy.seen().len() > before, "no_proxy={list}");
    }
    dir.set("no_proxy", "other.test");
    dir.set("NO_PROXY", "imp-sim.test");
    dir.sh("imp-device list --limit 1").quiet();
}

#[test]
fn this_machine_is_never_reached_through_a_proxy() {
    let sim = Sim::start(&["--devices", "5"]);
    let mut dir = Dir::signed_in(&sim);
    let proxy = Server::start(|_| "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n".into());
    for variable in
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    {
        dir.set(variable, &proxy.origin());
    }
    dir.sh("imp-device list").quiet();
    assert_eq!(proxy.seen(), Vec::<String>::new());
}

#[test]
fn a_proxy_that_says_no_is_a_service_out_of_reach() {
    let (sim, mut dir, _keep) = secure();
    let proxy = Server::start(|_| {
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            .into()
    });
    dir.set("IMPT_ENDPOINT", &named(&sim));
    dir.set("https_proxy", &proxy.origin());
    let run = dir.sh("imp-device list --patience 0s").code(4).no_stdout();
    assert!(run.stderr().to_lowercase().contains("proxy"), "{run}");
    assert_eq!(sim.counts().total, 0);
}

#[test]
fn the_password_of_a_proxy_is_sent_and_never_shown() {
    let (sim, mut dir, _keep) = secure();
    let proxy = Server::start(|_| {
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            .into()
    });
    dir.set("IMPT_ENDPOINT", &named(&sim));
    let url = proxy.origin().replace("http://", "http://me:proxy-secret@");
    let socks = url.replace("http:", "socks5h:");
    let nobody = Port::reserve();
    let silent = format!("http://me:proxy-secret@{}", nobody.address());
    for (value, code) in [(&*url, 4), (&*socks, 4), (&*silent, 4), ("me:proxy-secret@:::", 2)] {
        dir.set("https_proxy", value);
        let run = dir.sh("imp-device list --trace -v --patience 0s").code(code).no_stdout();
        assert!(!run.stderr().contains("proxy-secret"), "{run}");
    }
    let heads = proxy.seen().join("\n").to_lowercase();
    assert!(heads.contains("proxy-authorization: basic"), "{heads}");
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let mut dir = Dir::new();
    dir.set("IMPT_LOGINKEY", "0123456789abcdef");
    for endpoint in
        ["http://api.example.com/v5", "http://10.0.0.1/v5", "http://localhost.example.com/v5"]
    {
        dir.set("IMPT_ENDPOINT", endpoint);
        dir.sh("imp-device list --patience 1h").code(2).no_stdout().says("https");
    }
}

#[test]
fn a_request_that_never_left_is_no_unknown_outcome() {
    let closing = Server::hanging_up();
    let closed = format!("{}/v5", closing.origin().replace("http:", "https:"));
    for endpoint in ["https://no-such-host.invalid/v5", &closed] {
        let dir = Dir::signed_in_at(endpoint);
        for command in ["imp-product create -n X", "imp-device restart -d 234776801163a9ee"] {
            let script = format!("{command} --patience 1s --failed failed");
            let run = dir.sh(&script).code(4).no_stdout().says("try again later");
            let kinds: Vec<String> =
                dir.failed("failed").into_iter().map(|row| row.error.kind).collect();
            assert_eq!(kinds, ["unreachable"], "{run}");
        }
    }
    assert!(closing.seen().len() > 3, "it is tried again: {:?}", closing.seen());
}
