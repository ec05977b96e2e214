//! The first words of git and SSH.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::tcp;

/// A listener that says its first words.
pub(super) fn start<F>(words: fn(TcpStream) -> F) -> io::Result<u16>
where
    F: Future<Output = ()> + Send + 'static,
{
    tcp::serve_each(tcp::listen(128)?, words)
}

pub(super) async fn greet_as_ssh(mut stream: TcpStream) {
    let _ = stream.write_all(b"SSH-2.0-lab_1.0\r\n").await;
    tcp::silence(stream).await;
}

pub(super) async fn list_branches(mut stream: TcpStream) {
    if read_packet(&mut stream).await.is_some() {
        let _ = stream.write_all(format_branches().as_bytes()).await;
        tcp::silence(stream).await;
    }
}

/// Four hexadecimal digits that count themselves, then text.
pub async fn read_packet(stream: &mut TcpStream) -> Option<String> {
    let mut digits = [0; 4];
    stream.read_exact(&mut digits).await.ok()?;
    let length = usize::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
    let mut text = vec![0; length.checked_sub(4)?];
    stream.read_exact(&mut text).await.ok()?;
    String::from_utf8(text).ok()
}

/// A packet of git.
pub fn format_packet(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// The list of references of a repository with one branch, and the packet that ends it.
pub fn format_branches() -> String {
    let id = "1".repeat(40);
    format_packet(&format!("{id} refs/heads/main\0agent=git/lab\n")) + "0000"
}
