//! No secret appears in any output, trace or message: many commands, succeeding and failing, with
//! everything shown that can be shown.

use tests::{Dir, Run, Server, Sim};

/// All that must never be seen.
fn secrets(sim: &Sim, dir: &Dir) -> Vec<(String, &'static str)> {
    let mut secrets = vec![
        (sim.entry.password.clone(), "the password"),
        (sim.entry.login_key.clone(), "the login key"),
        (sim.entry.unbond_key.clone(), "the unblessing key"),
        ("wrong-secret-password".into(), "a wrong password"),
        ("wrong-secret-key".into(), "a wrong key"),
        ("fedcba9876543210".into(), "a wrong login key"),
        ("proxy-secret".into(), "the proxy's password"),
    ];
    let find = "find .. -name '*.auth' -o -path '*/cache/*' -type f; true";
    for file in dir.sh(find).ok().lines() {
        let text = std::fs::read_to_string(dir.path().join(file)).unwrap_or_default();
        let kept: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        for name in ["accessToken", "refreshToken"] {
            secrets.extend(kept[name].as_str().map(|secret| (secret.to_owned(), name)));
        }
    }
    secrets
}

fn check(run: &Run, secrets: &[(String, &str)]) {
    let shown = format!("{}{}", run.stdout(), run.stderr());
    for (secret, name) in secrets {
        assert!(!shown.contains(secret.as_str()), "{name} is shown{run}");
    }
    assert!(!shown.contains("panicked"), "{run}");
}

/// Commands of all kinds, good ones and bad ones.
fn commands(sim: &Sim) -> Vec<String> {
    let user = &sim.entry.user;
    let login = format!("imp-auth login -l -q -e {} --user {user}", sim.entry.endpoint);
    vec![
        "imp-device list".to_owned(),
        "imp-device list -z debug".to_owned(),
        "imp-device list | imp-device assign --dg A".to_owned(),
        "imp-device info -d nobody".to_owned(),
        "imp-device unassign -q -d sensor-000001".to_owned(),
        "imp-dg unassign -q -g SimProduction".to_owned(),
        "imp-dg unassign -q -g SimProduction --unbond wrong-secret-key".to_owned(),
        "imp-dg unassign -q -g SimProduction --unbond-file key".to_owned(),
        "imp-dg list".to_owned(),
        "imp-product create -n x".to_owned(),
        "imp-product create -n x".to_owned(),
        "imp-auth info".to_owned(),
        "imp-auth account list".to_owned(),
        "imp-auth key list --fields description".to_owned(),
        "imp-auth key create --pwd wrong-secret-password".to_owned(),
        "imp-auth key create --pwd-file wrong".to_owned(),
        "imp-auth key delete -q -k fedcba9876543210 --pwd-file password".to_owned(),
        "imp-auth key update -k fedcba9876543210 -s x --pwd wrong-secret-password".to_owned(),
        "imp-change list".to_owned(),
        "imp-change show last".to_owned(),
        "imp-change undo last -q --unbond wrong-secret-key".to_owned(),
        format!("{login} --pwd-file password"),
        format!("{login} --pwd wrong-secret-password"),
        format!("{login} --pwd-file wrong"),
        format!("imp-auth login -l -q -e {} --lk fedcba9876543210", sim.entry.endpoint),
        "IMPT_LOGINKEY=fedcba9876543210 imp-device list --auth-file nowhere".to_owned(),
        "imp-device list".to_owned(),
        "imp-auth logout -l".to_owned(),
    ]
}

#[test]
fn nothing_secret_is_printed_said_or_traced() {
    let sim = Sim::start(&["--devices", "30", "--production", "8", "--token-life", "4m"]);
    sim.groups(["A"]);
    let mut dir = Dir::signed_in(&sim);
    dir.write("password", format!("{}\n", sim.entry.password));
    dir.write("wrong", "wrong-secret-password\n");
    dir.write("key", format!("{}\n", sim.entry.unbond_key));
    dir.set("IMP_UNBOND_KEY", "wrong-secret-key");
    let mut traces = 0;
    for command in commands(&sim) {
        // The files change with some of them: what was secret before stays it.
        let mut secrets_now = secrets(&sim, &dir);
        for options in ["", " --trace -v", " --plan", " -z debug --report report"] {
            let run = dir.sh(&format!("{command}{options}"));
            let is_traced = !options.is_empty() && run.stderr().contains("[hidden]");
            traces += usize::from(is_traced);
            secrets_now.extend(secrets(&sim, &dir));
            check(&run, &secrets_now);
            // Nor is it kept: in the journals of runs, in reports.
            let kept = "cat report ../home/state/imp-tools/changes/* 2> /dev/null; true";
            check(&dir.sh(kept), &secrets_now);
        }
    }
    let journals = dir.sh("ls ../home/state/imp-tools/changes").ok().lines().len();
    assert!(journals >= 10, "{journals} journals were looked at");
    assert!(traces >= 5, "secrets were on their way, and hidden: {traces}");
}

#[test]
fn nor_in_trouble() {
    let sim = Sim::start(&["--devices", "5"]);
    let dir = Dir::signed_in(&sim);
    let secrets = secrets(&sim, &dir);
    assert!(secrets.iter().any(|(_, name)| *name == "accessToken"));
    for fault in [
        "* /** 401",
        "* /** 500 body=html",
        "* /** cut=before",
        "POST /auth/token 404",
        "* /** 400 body=message",
    ] {
        sim.no_faults();
        sim.fault(fault);
        for command in [
            "imp-device list",
            "imp-dg info -g A",
            "imp-auth info",
            "imp-device unassign -d x --unbond wrong-secret-key",
        ] {
            check(&dir.sh(&format!("{command} --trace -v --patience 0s")), &secrets);
        }
    }
}

#[test]
fn nor_when_a_service_repeats_what_it_was_sent() {
    // Some servers show the request in their error pages.
    let server = Server::start(|first| {
        let body = format!(
            "{{\"errors\":[{{\"status\":\"400\",\"title\":\"{first}\",\"detail\":\"Bearer the-secret-access-token, key wrong-secret-key\"}}]}}"
        );
        format!(
            "HTTP/1.1 400 Bad Request\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    });
    let dir = Dir::new();
    dir.write(".impt.auth", format!("{{\"endpoint\":\"{}/v5\",\"accessToken\":\"the-secret-access-token\",\"expiresAt\":\"2999-01-01T00:00:00.000Z\",\"refreshToken\":\"the-secret-refresh-token\"}}", server.origin()));
    for command in [
        "imp-device list",
        "imp-device list --trace",
        "imp-device info -d 40000c2a69000000 --trace",
    ] {
        let run = dir.sh(&format!("{command} --patience 0s"));
        let shown = format!("{}{}", run.stdout(), run.stderr());
        assert!(!shown.contains("the-secret"), "{run}");
    }
    assert!(server.seen().iter().all(|head| head.contains("the-secret-access-token")));
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn nor_when_a_command_line_is_wrong() {
    let sim = Sim::start(&["--devices", "5"]);
    let dir = Dir::signed_in(&sim);
    for typed in [
        "imp-auth login --user x --pwdd=the-canary",
        "imp-auth login --user x --pwd=the-canary --nonsense",
        "imp-auth login --user x --pwd --the-canary --nonsense",
        "imp-auth login --user x -w -the-canary --nonsense",
        "imp-auth login --pwd the-canary --lk the-canary",
        "imp-auth login --lk the-canary --lk the-canary",
        "imp-auth login --otp the-canary --nonsense",
        "imp-auth key create --pwd --the-canary --nonsense",
        "imp-device unassign -d x --unbnod=the-canary",
        "imp-device unassign -d x --unbond --the-canary --nonsense",
        "imp-dg delete -g x --unbond the-canary --unbond-file nowhere",
    ] {
        let run = dir.sh(typed).code(2).no_stdout();
        assert!(!run.stderr().contains("the-canary"), "{run}");
    }
    // It is the password that begins so, and not an option that does not exist.
    let login = format!("imp-auth login -l -q -e {} -u nobody", sim.entry.endpoint);
    let run = dir.sh(&format!("{login} --pwd --the-canary --trace")).code(3);
    assert!(!run.stderr().contains("the-canary"), "{run}");
}

#[test]
fn nor_when_a_run_is_killed_and_resumed() {
    let sim = Sim::start(&["--devices", "5", "--production", "40"]);
    let dir = Dir::signed_in(&sim);
    let secrets = secrets(&sim, &dir);
    let shipped = "imp-device list --dg SimProduction -z minimal > shipped";
    dir.sh(shipped).quiet();
    sim.fault("DELETE /devicegroups/*/relationships/devices delay=1h after=1");
    let key = &sim.entry.unbond_key;
    let running = dir.spawn(&format!(
        "exec imp-device unassign -q --batch 5 --jobs 1 --unbond {key} --input shipped"
    ));
    running.wait_for("a request that is not answered", || sim.faults_applied() != [0]);
    check(&running.insist("KILL"), &secrets);
    sim.no_faults();
    dir.write("wrong", "wrong-secret-key\n");
    let everything = "grep -r '' ../home/state failed report 2> /dev/null; true";
    dir.write("right", key);
    for resume in [
        "imp-change resume last -- --unbond-file $PWD/wrong --trace -v --failed failed",
        "imp-change resume --failed-too last -- --unbond-file $PWD/right --trace -v --report report",
    ] {
        let run = dir.sh(resume);
        check(&run, &secrets);
        check(&dir.sh(everything), &secrets);
    }
    assert_eq!(sim.places().get("null"), Some(&45), "all were taken out");
}

#[test]
fn a_trace_shows_what_is_needed_to_understand_a_failure() {
    let sim = Sim::start(&["--devices", "5"]);
    let dir = Dir::signed_in(&sim);
    let run = dir.sh("imp-product create -n Ovens -s 'all of them' --trace").ok();
    run.clone().says_all(&["POST", "/products", "201", "Ovens", "all of them"]);
    assert_eq!(run.records().len(), 1, "stdout is not touched");
    dir.sh("imp-product create -n Ovens --trace").code(1).says("409");
}
