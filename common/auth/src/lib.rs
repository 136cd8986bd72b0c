//! Who am I: choosing, storing and renewing a sign-in; the state directory.
