//! Reading HTTP/1.1 requests.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::tcp::Io;

/// What a client sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// As the request line has it.
    pub path: String,
    headers: Vec<(String, String)>,
    /// The body, where its length was sent.
    pub body: Vec<u8>,
}

/// Of a body that is kept, in bytes.
const MOST_KEPT: u64 = 16 << 20;

impl Request {
    /// `None` at the end of the connection, and for what is not HTTP.
    pub async fn read(io: &mut BufReader<impl Io>) -> Option<Self> {
        let mut lines = Vec::new();
        let mut head = (&mut *io).take(LONGEST_HEAD);
        loop {
            let mut line = String::new();
            head.read_line(&mut line).await.ok().filter(|&read| read > 0)?;
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let mut words = lines.first()?.split(' ').map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let header = |line: &String| {
            line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers = lines[1..].iter().filter_map(header).collect();
        let mut request = Self { method, path, headers, body: Vec::new() };
        let length: u64 = request.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
        io.take(length.min(MOST_KEPT)).read_to_end(&mut request.body).await.ok()?;
        Some(request)
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether the client wants the connection closed after the answer.
    pub fn is_last(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// Whether it asks for a WebSocket.
    pub fn is_upgrade(&self) -> bool {
        self.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
    }
}

/// Of a request, in bytes.
const LONGEST_HEAD: u64 = 65_536;
