//! What one signs in with: passwords, keys and one-time passwords, given or asked for.

use super::{home_file, login, read, stranger};

#[test]
fn secrets_come_from_files_stdin_and_the_terminal() {
    let (sim, dir) = stranger(&[]);
    dir.sh(&format!("{} --pwd-file - --auth-file a < pw", login(&sim))).quiet();
    let key = &sim.entry.login_key;
    let by_key = format!("imp-auth login --endpoint {} --lk-file", sim.entry.endpoint);
    let run = dir.sh(&format!("echo {key} | {by_key} - --auth-file b")).quiet();
    assert_eq!(run.record()["credential"], "login key");
    assert_eq!(read(&dir.path().join("b"))["loginKey"], *key);
    let asked = format!("imp-auth login --endpoint {}", sim.entry.endpoint);
    let answers = [("user name at", &*sim.entry.user), ("Password of", &*sim.entry.password)];
    let shown = dir.converse(&asked, &answers).ok().stdout();
    assert!(!shown.contains(&sim.entry.password), "what is typed is not shown: {shown}");
    for empty in ["--pwd-file /dev/null", "--pwd-file -", "--pwd-file missing"] {
        dir.sh(&format!("{} {empty} --auth-file c", login(&sim))).code(2).no_stdout();
    }
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let (sim, dir) = stranger(&[]);
    sim.reset();
    dir.sh(&login(&sim)).code(2).says("--pwd-file");
    dir.sh("imp-auth login").code(2).says("--lk-file");
    let mut dir = dir;
    dir.set("IMPT_USER", &sim.entry.user);
    dir.set("IMPT_ENDPOINT", &sim.entry.endpoint);
    dir.sh("imp-auth account list").code(3).says("IMPT_PASSWORD");
    assert_eq!(sim.counts().total, 0);
}

#[test]
fn ctrl_c_answers_every_question() {
    let (sim, dir) = stranger(&["--otp", "123456"]);
    let asks = format!("imp-auth login --endpoint {}", sim.entry.endpoint);
    let password = login(&sim);
    let code = format!("{password} --pwd {}", sim.entry.password);
    for (command, question) in
        [(&asks, "user name at"), (&password, "Password of"), (&code, "One-time password for")]
    {
        let script = format!("trap : INT; {command}; echo code $?; stty -a");
        let run = dir.converse(&script, &[(question, "\u{3}")]).ok();
        let shown = run.stdout();
        assert!(shown.contains("code 130") && !shown.contains("no terminal"), "{run}");
        assert!(shown.contains(" echo "), "the terminal shows again what is typed{run}");
        assert!(!home_file(&dir).exists());
    }
}

#[test]
fn a_wrong_password_is_refused_and_changes_nothing() {
    let (sim, dir) = stranger(&[]);
    dir.sh(&format!("{} --pwd nonsense", login(&sim))).code(3).says("Invalid Credentials");
    assert!(!home_file(&dir).exists());
    dir.sh(&format!("{} --pwd-file pw", login(&sim))).quiet();
    let before = read(&home_file(&dir));
    dir.sh(&format!("{} --pwd nonsense", login(&sim))).code(3).no_stdout();
    assert_eq!(read(&home_file(&dir)), before);
    let key = format!("imp-auth login -q --endpoint {} --lk 0123456789abcdef", sim.entry.endpoint);
    let run = dir.sh(&key).code(3).no_stdout();
    assert!(!run.stderr().contains("0123456789abcdef"), "{run}");
}

#[test]
fn one_time_passwords() {
    let (sim, dir) = stranger(&["--otp", "123456"]);
    let login = format!("{} --pwd-file pw", login(&sim));
    dir.sh(&login).code(3).says_all(&["one-time password", "--otp"]);
    dir.sh(&format!("{login} --otp 000000")).code(3).says("Invalid Credentials");
    dir.sh(&format!("{login} --otp 123456")).quiet();
    let shown = dir.converse(&login, &[("One-time password for", "123456")]).ok().stdout();
    assert!(!shown.contains("123456"), "{shown}");
    // Where they are wanted of login keys too, the login token in the refusal is used.
    let (sim, dir) = stranger(&["--otp", "123456", "--variant", "login-key-otp=needed"]);
    let endpoint = &sim.entry.endpoint;
    let key = format!("imp-auth login --endpoint {endpoint} --lk {}", sim.entry.login_key);
    dir.sh(&format!("{key} --otp 123456")).quiet();
    dir.sh(&key).code(3).says_all(&["one-time password", "--otp"]);
}

#[test]
fn a_one_time_password_that_nobody_can_be_asked_for_is_no_refusal() {
    let (sim, dir) = stranger(&["--otp", "123456", "--variant", "login-key-otp=needed"]);
    let key = format!("IMPT_LOGINKEY={}", sim.entry.login_key);
    let password = format!("IMPT_USER={} IMPT_PASSWORD={}", sim.entry.user, sim.entry.password);
    for credential in [key, password] {
        let endpoint = &sim.entry.endpoint;
        let script = format!("{credential} IMPT_ENDPOINT={endpoint} imp-device list");
        let run = dir.sh(&script).code(3).no_stdout().says_all(&["one-time password", "--otp"]);
        for wrong in ["the service says", "does not accept", "another login key", "correct"] {
            assert!(!run.stderr().contains(wrong), "{run}");
        }
    }
}
