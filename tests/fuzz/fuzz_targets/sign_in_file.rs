//! Sign-in files: what is read is written the same, and no error shows a secret.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const SECRETS: [&str; 3] = ["accessToken", "refreshToken", "loginKey"];

fuzz_target!(|bytes: &[u8]| {
    match auth::written_again(bytes) {
        Ok(written) => {
            assert_eq!(auth::written_again(&written).as_ref(), Ok(&written));
            let [before, after] = [bytes, &written].map(serde_json::from_slice::<Value>);
            assert_eq!(before.expect("JSON"), after.expect("JSON"));
        }
        Err(why) => {
            // What is said is the same whatever the secrets are.
            // Of keys that are the JSON library's own, another text is made.
            if bytes.windows(12).any(|part| part == b"$serde_json:") {
                return;
            }
            let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else { return };
            for name in SECRETS {
                if let Some(secret) = value.get_mut(name).filter(|secret| secret.is_string()) {
                    *secret = if *secret == "" { "" } else { "another" }.into();
                }
            }
            let other = auth::written_again(value.to_string().as_bytes());
            assert_eq!(other, Err(why));
        }
    }
});
