//! Text that is not quite UTF-8: surrogates (VA-014), shortening.

use super::{bad, Bad};

/// Checks that bytes are generalised UTF-8 with at least one surrogate (VA-027).
pub fn check_surrogates(bytes: &[u8]) -> Result<(), Bad> {
    let mut rest = bytes;
    let mut found = false;
    while let Err(error) = std::str::from_utf8(rest) {
        let tail = &rest[error.valid_up_to()..];
        match tail {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => rest = &tail[3..],
            _ => return bad("tag 58404 on what is not generalised UTF-8"),
        }
        found = true;
    }
    if found {
        Ok(())
    } else {
        bad("tag 58404 on text without surrogates")
    }
}

/// Shortens a text to at most `limit` bytes between characters, with a note that says so (CH-042).
pub fn shorten(text: &str, limit: usize) -> String {
    const NOTE: &str = "\n... (shortened)";
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub(NOTE.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{NOTE}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates_are_checked() {
        assert!(check_surrogates(b"a\xed\xb3\xbf").is_ok());
        assert!(check_surrogates(b"\xed\xa0\x80\xf0\x9f\x98\x80").is_ok());
        for refused in [&b""[..], b"a", b"\xed\xa0", b"\xed\xa0\x80\xff", b"\xed\xa0\x80\xc0\x80"] {
            assert!(check_surrogates(refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn a_text_is_shortened_between_characters() {
        let text = "\u{e9}".repeat(100);
        for limit in 20..60 {
            let short = shorten(&text, limit);
            assert!(short.len() <= limit && short.ends_with("(shortened)"));
        }
        assert_eq!(shorten("abc", 3), "abc");
    }
}
