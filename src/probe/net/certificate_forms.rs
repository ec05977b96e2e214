//! The forms in which people get certificates: what is converted, and the commands that convert the rest.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{PemObject as _, SectionKind};

use crate::model::evidence::CertificateFileFlaw;
use crate::model::text::{TextForm, decode_text};

/// The certificates of a file, and what had to be changed for that.
#[derive(Debug)]
pub(super) struct DecodedFile {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) flaws: Vec<CertificateFileFlaw>,
}

/// Reads a file; `name` is how a shell calls it. A private key among the certificates is passed over and never looked at.
pub(super) fn decode(bytes: &[u8], name: &str) -> Result<DecodedFile, String> {
    if let Some(problem) = recognize_other_form(bytes, name) {
        return Err(problem);
    }
    if der_content(bytes).is_some() {
        let certificates = vec![CertificateDer::from(bytes.to_vec())];
        return Ok(DecodedFile { certificates, flaws: vec![CertificateFileFlaw::Der] });
    }
    let (text, mut flaws) = to_plain_text(bytes);
    let certificates = parse_blocks(&text)?;
    if certificates.is_empty() {
        return Err(describe_other_block(&text, name));
    }
    flaws.extend(text.contains("PRIVATE KEY-----").then_some(CertificateFileFlaw::PrivateKey));
    Ok(DecodedFile { certificates, flaws })
}

fn parse_blocks(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut certificates = Vec::new();
    for (index, block) in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()).enumerate() {
        let number = index + 1;
        let (kind, der) = block.map_err(|e| format!("block {number} cannot be read ({e})"))?;
        if kind == SectionKind::Certificate {
            certificates.push(CertificateDer::from(der));
        }
    }
    Ok(certificates)
}

/// What is neither PEM nor a certificate in DER.
fn recognize_other_form(bytes: &[u8], name: &str) -> Option<String> {
    let content = der_content(bytes).unwrap_or_default();
    Some(match bytes.trim_ascii() {
        [] => "it is empty".to_owned(),
        [0xfe, 0xed, 0xfe, 0xed, ..] => {
            format!("it is a Java key store; convert it with: keytool -list -rfc -keystore {name} > CA.pem")
        }
        [b'<', ..] => {
            "it is a page of HTML or XML, such as a log-on page that was downloaded instead".to_owned()
        }
        _ if content.starts_with(PKCS12_VERSION) => {
            format!("it is PKCS #12; convert it with: openssl pkcs12 -in {name} -nokeys -out CA.pem")
        }
        _ if content.starts_with(SIGNED_DATA) => format!(
            "it is PKCS #7; convert it with: openssl pkcs7 -inform der -in {name} -print_certs -out CA.pem"
        ),
        text if text.starts_with(b"MII") && text.iter().all(|b| is_base64(*b)) => format!(
            "its BEGIN and END lines are missing; convert it with: base64 -d {name} | openssl x509 -inform der -out CA.pem"
        ),
        _ => return None,
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=".contains(&byte)
}

/// What is inside of a SEQUENCE of more than 127 bytes (X.690 8.1.3), as certificates and what holds them are.
fn der_content(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [0x30, 0x80, content @ ..]
        | [0x30, 0x81, _, content @ ..]
        | [0x30, 0x82, _, _, content @ ..]
        | [0x30, 0x83, _, _, _, content @ ..] => Some(content),
        _ => None,
    }
}

/// No certificate was found; the first block may say what the file is instead.
fn describe_other_block(text: &str, name: &str) -> String {
    let label = text.split_once("-----BEGIN ").and_then(|(_, rest)| rest.split_once("-----"));
    let what = match label.map(|(label, _)| label).unwrap_or_default() {
        "PKCS7" | "PKCS #7 SIGNED DATA" => {
            format!(" but PKCS #7; convert it with: openssl pkcs7 -in {name} -print_certs -out CA.pem")
        }
        "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => {
            format!(" but OpenSSL's own form; convert it with: openssl x509 -in {name} -out CA.pem")
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => " but a request for one".to_owned(),
        key if key.ends_with("PRIVATE KEY") => " but a private key, which nobody else may get".to_owned(),
        _ => String::new(),
    };
    format!("no certificate found{what}")
}

/// Text as other programs expect it.
fn to_plain_text(bytes: &[u8]) -> (String, Vec<CertificateFileFlaw>) {
    let (text, form) = decode_text(bytes);
    let flaw = form.map(|form| match form {
        TextForm::ByteOrderMark => CertificateFileFlaw::ByteOrderMark,
        TextForm::Utf16 => CertificateFileFlaw::Utf16,
    });
    let mut flaws: Vec<_> = flaw.into_iter().collect();
    let is_indented = |line: &str| line.trim_start() != line && line.trim_start().starts_with("-----BEGIN ");
    let text = if text.lines().any(is_indented) {
        flaws.push(CertificateFileFlaw::Indented);
        text.lines().flat_map(|line| [line.trim_start(), "\n"]).collect()
    } else {
        text.into_owned()
    };
    if !text.contains(JOINED) {
        return (text, flaws);
    }
    flaws.push(CertificateFileFlaw::JoinedBlocks);
    (text.replace(JOINED, "-----\n-----BEGIN "), flaws)
}

const JOINED: &str = "----------BEGIN ";

/// The object identifier that PKCS #7 begins with (RFC 2315, 14).
const SIGNED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";

/// The integer 3 (RFC 7292, 4).
const PKCS12_VERSION: &[u8] = b"\x02\x01\x03";

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(label: &str) -> String {
        format!("-----BEGIN {label}-----\nMAMCAQE=\n-----END {label}-----\n")
    }

    #[test]
    fn forms_that_az_passes_on_unread_are_converted_and_named() {
        use CertificateFileFlaw::{ByteOrderMark, Der, Indented, JoinedBlocks, PrivateKey, Utf16};
        let one = pem("CERTIFICATE");
        let utf16 = |unit: fn(u16) -> [u8; 2], start: &str| -> Vec<u8> {
            format!("{start}{one}").encode_utf16().flat_map(unit).collect()
        };
        let der = [&[0x30, 0x81, 0x80][..], &[5; 128]].concat();
        let dos = format!("Subject: x\r\n{}", one.replace('\n', "\r\n"));
        let yaml =
            one.replace("-----B", "  -----B").replace("\nM", "\n  M").replace("\n-----E", "\n  -----E");
        let table: [(&str, Vec<u8>, usize, &[CertificateFileFlaw]); 12] = [
            ("PEM", one.clone().into(), 1, &[]),
            ("with other line ends and text", dos.into(), 1, &[]),
            ("a bundle", one.repeat(3).into(), 3, &[]),
            ("DER", der, 1, &[Der]),
            ("a byte order mark", format!("\u{feff}{one}").into(), 1, &[ByteOrderMark]),
            ("UTF-16 LE", utf16(u16::to_le_bytes, "\u{feff}"), 1, &[Utf16]),
            ("UTF-16 BE", utf16(u16::to_be_bytes, "\u{feff}"), 1, &[Utf16]),
            ("UTF-16 LE without a mark", utf16(u16::to_le_bytes, ""), 1, &[Utf16]),
            ("out of YAML", yaml.into(), 1, &[Indented]),
            ("joined files", one.trim_end().repeat(2).into(), 2, &[JoinedBlocks]),
            ("with its key", format!("{}{one}", pem("PRIVATE KEY")).into(), 1, &[PrivateKey]),
            ("with a locked key", format!("{one}{}", pem("ENCRYPTED PRIVATE KEY")).into(), 1, &[PrivateKey]),
        ];
        for (form, bytes, count, flaws) in table {
            let decoded = decode(&bytes, "ca.pem").unwrap_or_else(|e| panic!("{form}: {e}"));
            assert_eq!((decoded.certificates.len(), &decoded.flaws[..]), (count, flaws), "{form}");
        }
    }

    #[test]
    fn other_forms_are_refused_with_what_converts_them() {
        let der = |start: &[u8]| [&[0x30, 0x82, 1, 0][..], start, &[0; 256]].concat();
        let table: [(Vec<u8>, &str); 12] = [
            (Vec::new(), "it is empty"),
            (b" \r\n".to_vec(), "it is empty"),
            (der(SIGNED_DATA), "openssl pkcs7 -inform der -in 'my ca' -print_certs"),
            (pem("PKCS7").into(), "openssl pkcs7 -in 'my ca' -print_certs"),
            (der(PKCS12_VERSION), "openssl pkcs12 -in 'my ca' -nokeys"),
            (vec![0xfe, 0xed, 0xfe, 0xed, 0], "keytool -list -rfc -keystore 'my ca'"),
            (pem("TRUSTED CERTIFICATE").into(), "openssl x509 -in 'my ca' -out CA.pem"),
            (pem("CERTIFICATE REQUEST").into(), "but a request for one"),
            (pem("EC PRIVATE KEY").into(), "but a private key"),
            (b"MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkq\nhkiG9w0BAQUFADBa\n".to_vec(), "base64 -d 'my ca'"),
            (b"<!DOCTYPE html><title>Sign in</title>".to_vec(), "a page of HTML"),
            (b"words".to_vec(), "no certificate found"),
        ];
        for (bytes, expected) in table {
            let problem = decode(&bytes, "'my ca'").unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
