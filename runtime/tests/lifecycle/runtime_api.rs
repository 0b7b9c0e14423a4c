//! A server of Lambda's Runtime API on loopback, which notes every request.
//!
//! From "Using the Lambda runtime API for custom runtimes", AWS Lambda Developer Guide, 2026.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};

use crate::process::Process;

const VERSION: &str = "/2018-06-01/runtime/";

/// The server. It gives the invocations out in order.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    invocations: Sender<(String, String)>,
    requests: Receiver<Request>,
    gates: Arc<Gates>,
}

/// What the program may go on with. It asks for each by `GET gate/<name>` and gets no answer before
/// that.
#[derive(Default)]
struct Gates {
    open: Mutex<Vec<String>>,
    opened: Condvar,
}

/// A request, as `POST invocation/<id>/response`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) what: String,
    pub(crate) error_type: Option<String>,
    pub(crate) trace_header: Option<String>,
    pub(crate) body: String,
}

type Invocations = Arc<Mutex<Receiver<(String, String)>>>;

impl RuntimeApi {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (invocations, waiting) = channel();
        let (noted, requests) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let gates = Arc::new(Gates::default());
        let served_gates = Arc::clone(&gates);

        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (noted, waiting) = (noted.clone(), Arc::clone(&waiting));
                let gates = Arc::clone(&served_gates);
                // A process that ends closes its connections.
                std::thread::spawn(move || drop(serve(stream.unwrap(), &noted, &waiting, &gates)));
            }
        });

        Self {
            address,
            invocations,
            requests,
            gates,
        }
    }

    /// Lets the program go on that asks for this gate.
    pub(crate) fn open_gate(&self, name: &str) {
        self.gates.open.lock().unwrap().push(name.to_owned());
        self.gates.opened.notify_all();
    }

    pub(crate) fn enqueue(&self, id: &str, payload: String) {
        self.invocations.send((id.to_owned(), payload)).unwrap();
    }

    /// Waits for the next request.
    pub(crate) fn request(&self) -> Request {
        self.requests.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    /// Waits for the next requests, and describes each in a line.
    #[track_caller]
    pub(crate) fn expect(&self, requests: &[&str]) {
        for expected in requests {
            let Request { what, body, .. } = self.request();
            assert_eq!(format!("{what} {body}").trim_end(), *expected);
        }
    }

    /// Waits for the next requests, which come in any order.
    #[track_caller]
    pub(crate) fn expect_in_any_order(&self, requests: &[&str]) {
        let mut came: Vec<_> = requests
            .iter()
            .map(|_| {
                let Request { what, body, .. } = self.request();
                format!("{what} {body}").trim_end().to_owned()
            })
            .collect();
        let mut expected = requests.to_vec();
        came.sort_unstable();
        expected.sort_unstable();
        assert_eq!(came, expected);
    }

    /// Checks that there are no further requests. The process has ended, so there will be none.
    #[track_caller]
    pub(crate) fn expect_end(&self) {
        assert_eq!(self.requests.try_iter().collect::<Vec<_>>(), []);
    }

    /// Starts a program with the environment of Lambda.
    pub(crate) fn run(&self, program: &str) -> Process {
        self.run_with(program, &[])
    }

    /// Starts a program with the environment of a Managed Instance, which runs this many
    /// invocations at once, or with that of Lambda.
    pub(crate) fn run_concurrently(&self, program: &str, invocations: Option<usize>) -> Process {
        let variable = invocations.map(|number| ("AWS_LAMBDA_MAX_CONCURRENCY", number.to_string()));
        self.run_with(program, variable.as_slice())
    }

    /// Starts a program with the environment of Lambda and these variables.
    pub(crate) fn run_with(&self, program: &str, variables: &[(&str, String)]) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .env_clear()
            .env("PROGRAM", program)
            .env("AWS_LAMBDA_RUNTIME_API", self.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "my-function")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());

        Process::start(&mut command)
    }
}

/// Answers the requests of one connection.
fn serve(
    stream: TcpStream,
    noted: &Sender<Request>,
    waiting: &Invocations,
    gates: &Gates,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);

    while let Some(request) = read(&mut reader)? {
        let is_next = request.what == "GET invocation/next";
        let gate = request.what.strip_prefix("GET gate/").map(str::to_owned);
        if noted.send(request).is_err() {
            break;
        }

        let answer = if is_next {
            let Ok((id, payload)) = waiting.lock().unwrap().recv() else {
                break;
            };
            let deadline = SystemTime::UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(30);
            format!(
                "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: {id}\r\n\
                 Lambda-Runtime-Trace-Id: Root={id}\r\n\
                 Lambda-Runtime-Deadline-Ms: {}\r\nLambda-Runtime-Invoked-Function-Arn: \
                 arn:aws:lambda:us-east-1:123456789012:function:my-function\r\n\
                 Content-Length: {}\r\n\r\n{payload}",
                deadline.as_millis(),
                payload.len()
            )
        } else {
            if let Some(gate) = gate {
                let open = gates.open.lock().unwrap();
                drop(gates.opened.wait_while(open, |open| !open.contains(&gate)));
            }

            String::from("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        };
        writer.write_all(answer.as_bytes())?;
    }

    Ok(())
}

/// Reads a request, or nothing at the end of the connection.
fn read(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }

    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default();
    let path = words.next().unwrap_or_default();
    let what = format!("{method} {}", path.strip_prefix(VERSION).unwrap_or(path));

    let (mut error_type, mut trace_header, mut length) = (None, None, 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };

        if name.eq_ignore_ascii_case("Content-Length") {
            length = value.parse().unwrap();
        } else if name.eq_ignore_ascii_case("Lambda-Runtime-Function-Error-Type") {
            error_type = Some(value.to_owned());
        } else if name.eq_ignore_ascii_case("X-Amzn-Trace-Id") {
            trace_header = Some(value.to_owned());
        }
    }

    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;

    Ok(Some(Request {
        what,
        error_type,
        trace_header,
        body: String::from_utf8(body).unwrap(),
    }))
}
