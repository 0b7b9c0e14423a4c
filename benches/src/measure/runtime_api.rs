//! A server of the Lambda Runtime API on loopback.
//!
//! From "Using the Lambda runtime API for custom runtimes", AWS Lambda Developer Guide, 2026. It
//! supports only the part of HTTP that its clients need.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

/// The server. It hands out an invocation when it is told to.
pub struct RuntimeApi {
    address: SocketAddr,
    asked: Receiver<Asked>,
    payloads: Sender<Arc<[u8]>>,
}

/// A request for the next invocation, with the answer to the previous one.
struct Asked {
    answer: Option<Answer>,
}

/// The answer of a function to an invocation.
#[derive(Debug, Clone)]
pub struct Answer {
    /// `response` or `error`, the last part of the path.
    pub kind: String,
    /// The body.
    pub body: Vec<u8>,
}

struct Shared {
    asked: Sender<Asked>,
    payloads: Mutex<Receiver<Arc<[u8]>>>,
    answer: Mutex<Option<Answer>>,
}

struct Request {
    path: String,
    body: Vec<u8>,
}

impl RuntimeApi {
    /// Listens on a free port.
    ///
    /// # Errors
    ///
    /// If no port is free.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (ask, asked) = mpsc::channel();
        let (payloads, waiting) = mpsc::channel();

        let shared = Arc::new(Shared {
            asked: ask,
            payloads: Mutex::new(waiting),
            answer: Mutex::default(),
        });

        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A function that ends closes its connections.
                thread::spawn(move || drop(serve(&stream, &shared)));
            }
        });

        Ok(Self {
            address,
            asked,
            payloads,
        })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`: a host and a port.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until the function asks for an invocation, and returns its answer to the previous one,
    /// if there was one.
    ///
    /// # Errors
    ///
    /// If the function does not ask within the time limit.
    pub fn is_asked(&self) -> Result<Option<Answer>, RecvTimeoutError> {
        self.asked
            .recv_timeout(Duration::from_secs(60))
            .map(|asked| asked.answer)
    }

    /// Sends an invocation to the waiting function.
    pub fn invoke(&self, payload: &Arc<[u8]>) {
        // The server runs as long as this value lives.
        drop(self.payloads.send(Arc::clone(payload)));
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);

    while let Some(request) = read_request(&mut reader)? {
        let response = if request.path.ends_with("/invocation/next") {
            let answer = lock(&shared.answer).take();
            if shared.asked.send(Asked { answer }).is_err() {
                break;
            }

            let Ok(payload) = lock(&shared.payloads).recv() else {
                break;
            };

            invocation(&payload)
        } else {
            let kind = request
                .path
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();

            *lock(&shared.answer) = Some(Answer {
                kind,
                body: request.body,
            });
            let body = r#"{"status":"OK"}"#;
            let head = format!(
                "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: {}",
                body.len()
            );

            format!("{head}\r\n\r\n{body}").into_bytes()
        };

        (&*stream).write_all(&response)?;
    }

    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no thread panicked")
}

fn invocation(payload: &[u8]) -> Vec<u8> {
    let deadline = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + Duration::from_secs(60);
    let head = format!(
        "HTTP/1.1 200 OK\r\n\
         Content-Type: application/json\r\n\
         Lambda-Runtime-Aws-Request-Id: 156cb537-e2d4-11e8-9b34-d36013741fb9\r\n\
         Lambda-Runtime-Deadline-Ms: {}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: \
         arn:aws:lambda:us-east-1:123456789012:function:uploads\r\n\
         Lambda-Runtime-Trace-Id: \
         Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\r\n\
         Content-Length: {}\r\n\r\n",
        deadline.as_millis(),
        payload.len(),
    );

    [head.as_bytes(), payload].concat()
}

/// `None` if the client has closed the connection.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let Some(path) = read_line(reader)?.split(' ').nth(1).map(str::to_owned) else {
        return Ok(None);
    };

    let (mut length, mut is_chunked) = (0, false);

    loop {
        let line = read_line(reader)?.to_ascii_lowercase();
        match line.split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().unwrap_or(0),
            Some(("transfer-encoding", value)) => is_chunked = value.trim() == "chunked",
            Some(_) => {}
            None => break,
        }
    }

    let mut body = Vec::new();
    while is_chunked {
        let size = usize::from_str_radix(&read_line(reader)?, 16).unwrap_or(0);
        reader.by_ref().take(size as u64).read_to_end(&mut body)?;
        read_line(reader)?;
        is_chunked = size > 0;
    }

    reader.take(length).read_to_end(&mut body)?;
    Ok(Some(Request { path, body }))
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
