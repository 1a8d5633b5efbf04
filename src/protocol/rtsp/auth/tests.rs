use super::*;
use proptest::prelude::*;

fn authenticator(user: &str, password: &str) -> Authenticator {
    let (user, password) = (user.to_owned(), password.to_owned());
    Authenticator::new(Credentials { user, password })
}

fn answer(challenges: &[&str], cnonce: &str) -> Option<String> {
    let mut authenticator = authenticator("Mufasa", "Circle of Life");
    let retry = authenticator.challenge(challenges);
    assert_eq!(retry, !authenticator.challenge.is_empty());
    authenticator.authorize("GET", "/dir/index.html", cnonce)
}

fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let challenge = challenges(answer).remove(0);
    challenge.parameter(name)
}

const MD5: &str = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, \
    nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
const SHA256: &str = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
    nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

/// The examples of RFC 7616 §3.9.1.
#[test]
fn the_rfc_examples_strongest_first() {
    let md5 = answer(&[MD5], CNONCE).unwrap();
    assert_eq!(
        field(&md5, "response"),
        Some("8ca523f5e9506fed4657c9700eebdbec")
    );
    let sha256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
    for offered in [&[MD5, "Basic realm=\"x\"", SHA256][..], &[SHA256, MD5]] {
        let answer = answer(offered, CNONCE).unwrap();
        assert_eq!(field(&answer, "response"), Some(sha256));
        assert_eq!(field(&answer, "algorithm"), Some("SHA-256"));
        assert_eq!(field(&answer, "nc"), Some("00000001"));
        let opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS";
        assert_eq!(field(&answer, "opaque"), Some(opaque));
    }
    let both = [MD5, ", ", "Basic realm=\"x\"", ", ", SHA256].concat();
    assert_eq!(
        field(&answer(&[&both], CNONCE).unwrap(), "response"),
        Some(sha256)
    );
}

/// RFC 2617 §3.5 without qop is RFC 2069; the value is from its erratum.
#[test]
fn digest_without_protection() {
    let mut authenticator = authenticator("Mufasa", "CircleOfLife");
    let challenge = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
        opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    assert!(authenticator.challenge(&[challenge]));
    let answer = authenticator
        .authorize("GET", "/dir/index.html", "x")
        .unwrap();
    assert_eq!(
        field(&answer, "response"),
        Some("1949323746fe6a43ef61f9606e7febea")
    );
    for absent in ["qop", "nc", "cnonce", "algorithm"] {
        assert_eq!(field(&answer, absent), None);
    }
}

#[test]
fn basic_is_utf8() {
    let mut authenticator = authenticator("test", "123\u{a3}");
    assert_eq!(authenticator.authorize("OPTIONS", "*", "x"), None);
    assert!(authenticator.challenge(&["Basic realm=\"foo\", charset=\"UTF-8\""]));
    let answer = authenticator.authorize("OPTIONS", "*", "x").unwrap();
    assert_eq!(answer, "Basic dGVzdDoxMjPCow==");
}

#[test]
fn a_refused_answer_is_not_repeated_but_a_stale_one_is() {
    let mut it = authenticator("a", "b");
    let fresh = ["Digest realm=\"r\", nonce=\"1\""];
    let stale = ["Digest realm=\"r\", nonce=\"2\", stale=TRUE"];
    assert!(it.challenge(&fresh));
    assert!(!it.challenge(&fresh));
    let mut it = authenticator("a", "b");
    assert!(it.challenge(&fresh));
    assert!(it.challenge(&stale));
    assert!(field(&it.authorize("M", "u", "c").unwrap(), "nonce") == Some("2"));
    assert!(it.challenge(&stale));
    assert!(!it.challenge(&stale), "not for ever");
    // The nonce has expired, but the camera does not say `stale`.
    it.accepted();
    assert!(it.challenge(&fresh));
    assert!(!it.challenge(&fresh));
}

#[test]
fn counts_and_sessions() {
    let mut it = authenticator("a", "b");
    let challenge = ["digest Realm=r, nonce=n, qop=auth, algorithm=\"md5-sess\""];
    assert!(it.challenge(&challenge));
    let first = it.authorize("M", "u", "one").unwrap();
    let second = it.authorize("M", "u", "two").unwrap();
    assert_eq!(field(&second, "nc"), Some("00000002"));
    assert_eq!(field(&second, "cnonce"), field(&first, "cnonce"));
    assert_ne!(field(&second, "response"), field(&first, "response"));
    assert_eq!(field(&first, "algorithm"), Some("md5-sess"));
}

#[test]
fn a_nonce_that_is_named_again_is_counted_on() {
    let mut it = authenticator("a", "b");
    let challenge = |nonce: &str| format!("Digest nonce={nonce}, qop=auth, algorithm=MD5-sess");
    let asked = |it: &mut Authenticator, nonce: &str| {
        assert!(it.challenge(&[&challenge(nonce)]));
        let answer = it.authorize("M", "u", nonce).unwrap();
        it.accepted();
        let part = |name| field(&answer, name).unwrap().to_owned();
        (part("nc"), part("cnonce"))
    };
    for (nonce, count) in [("x", 1), ("x", 2), ("x", 3), ("y", 1), ("y", 2)] {
        let expected = (format!("{count:08x}"), nonce.to_owned());
        assert_eq!(asked(&mut it, nonce), expected);
    }
}

/// Other clients answer an unknown qop without any (RFC 2069), too.
#[test]
fn a_quality_that_is_not_known_is_answered_as_if_there_was_none() {
    for qop in ["auth-int", "\"auth-int\"", "\"\"", "token"] {
        let challenge = format!("Digest realm=r, qop={qop}, nonce=n");
        let answer = answer(&[&challenge], "c").unwrap();
        assert_eq!((field(&answer, "qop"), field(&answer, "nc")), (None, None));
    }
    for qop in ["auth,auth-int", "auth-int,auth", "\"auth-int, auth\""] {
        let challenge = format!("Digest qop={qop},realm=r,nonce=n");
        let answer = answer(&[&challenge], "c").unwrap();
        assert_eq!(field(&answer, "nonce"), Some("n"), "{qop}");
    }
}

#[test]
fn what_nobody_can_answer() {
    for challenge in [
        "",
        "Negotiate",
        "Digest realm=\"r\"",
        "Digest nonce=\"n\", algorithm=SHA-512-256",
    ] {
        assert_eq!(answer(&[challenge], "c"), None, "{challenge}");
    }
    let other = "Digest nonce=\"n\", algorithm=SHA-512-256, Basic realm=\"r\"";
    assert!(answer(&[other], "c").unwrap().starts_with("Basic "));
}

#[test]
fn quotes_and_escapes_come_back_as_they_were() {
    let mut it = authenticator("a\"b\\", "p");
    let challenge = ["Digest realm=\"a \\\"b\\\", c\",nonce=\"n\"opaque=\"\""];
    assert!(it.challenge(&challenge));
    let answer = it.authorize("M", "u", "c").unwrap();
    assert_eq!(field(&answer, "username"), Some("a\\\"b\\\\"));
    assert_eq!(field(&answer, "realm"), Some("a \\\"b\\\", c"));
    assert_eq!(field(&answer, "opaque"), Some(""));
}

#[test]
fn no_secret_in_debug() {
    let it = authenticator("somebody", "secret");
    let shown = format!("{it:?} {:?}", it.credentials);
    assert!(!shown.contains("secret") && !shown.contains("somebody"));
}

proptest! {
    #[test]
    fn any_challenge(values in prop::collection::vec(
        "(Digest|Basic)?( ?(realm|nonce|qop|algorithm|stale)= ?\"?[a-z0-9,\u{e9}\\\\-]{0,8}\"?,?){0,6}", 0..3)
    ) {
        let mut it = authenticator("a", "b");
        it.challenge(&values.iter().map(String::as_str).collect::<Vec<_>>());
        let _ = it.authorize("M", "u", "c");
    }

    #[test]
    fn any_text(value in "(?s).{0,100}") {
        prop_assert!(challenges(&value).len() <= 8);
    }
}
