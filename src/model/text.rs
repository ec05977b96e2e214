//! Text as it stands in files: UTF-8, or what editors and shells of Windows make of it.

use std::borrow::Cow;

/// How a text was written, where that is not plain UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextForm {
    /// UTF-8 with a byte order mark.
    ByteOrderMark,
    /// UTF-16 of either order, with a byte order mark or without.
    Utf16,
}

/// The text of a file; what is no character becomes U+FFFD.
pub fn decode_text(bytes: &[u8]) -> (Cow<'_, str>, Option<TextForm>) {
    match bytes {
        [0xff, 0xfe, rest @ ..] => (decode_utf16(rest, u16::from_le_bytes), Some(TextForm::Utf16)),
        [0xfe, 0xff, rest @ ..] => (decode_utf16(rest, u16::from_be_bytes), Some(TextForm::Utf16)),
        [0x01..0x80, 0, ..] => (decode_utf16(bytes, u16::from_le_bytes), Some(TextForm::Utf16)),
        [0, 0x01..0x80, ..] => (decode_utf16(bytes, u16::from_be_bytes), Some(TextForm::Utf16)),
        [0xef, 0xbb, 0xbf, rest @ ..] => (String::from_utf8_lossy(rest), Some(TextForm::ByteOrderMark)),
        _ => (String::from_utf8_lossy(bytes), None),
    }
}

fn decode_utf16<'a>(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'a, str> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_gives_the_same_text() {
        let utf16 = |start: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("{start}{{\"a\": \"ü\"}}").encode_utf16().flat_map(unit).collect()
        };
        let plain = "{\"a\": \"ü\"}";
        for (bytes, form) in [
            (plain.as_bytes().to_vec(), None),
            (format!("\u{feff}{plain}").into_bytes(), Some(TextForm::ByteOrderMark)),
            (utf16("\u{feff}", u16::to_le_bytes), Some(TextForm::Utf16)),
            (utf16("\u{feff}", u16::to_be_bytes), Some(TextForm::Utf16)),
            (utf16("", u16::to_le_bytes), Some(TextForm::Utf16)),
            (utf16("", u16::to_be_bytes), Some(TextForm::Utf16)),
        ] {
            assert_eq!(decode_text(&bytes), (plain.into(), form));
        }
        assert_eq!(decode_text(&[0xff]).0, "\u{fffd}");
    }
}
