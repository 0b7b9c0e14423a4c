//! A queue of SQS on loopback, which notes every request that changes a message.
//!
//! From "Making Amazon SQS API requests using the AWS JSON protocol", Amazon SQS Developer Guide,
//! 2026.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// The queue. It gives each message out once, in order.
pub(crate) struct Sqs {
    address: SocketAddr,
    messages: Sender<String>,
    requests: Receiver<(String, Vec<String>)>,
}

impl Sqs {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (messages, waiting) = channel();
        let (noted, requests) = channel();
        let waiting = Arc::new(Mutex::new(waiting));

        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (noted, waiting) = (noted.clone(), Arc::clone(&waiting));
                // A process that ends closes its connections.
                std::thread::spawn(move || drop(serve(stream.unwrap(), &noted, &waiting)));
            }
        });

        Self {
            address,
            messages,
            requests,
        }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends a message with this body.
    pub(crate) fn send(&self, body: String) {
        self.messages.send(body).unwrap();
    }

    /// Waits for the next request that changes messages: its action, and their receipt handles.
    pub(crate) fn request(&self) -> (String, Vec<String>) {
        self.requests.recv_timeout(Duration::from_secs(20)).unwrap()
    }
}

/// Answers the requests of one connection.
fn serve(
    stream: TcpStream,
    noted: &Sender<(String, Vec<String>)>,
    waiting: &Mutex<Receiver<String>>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);

    while let Some((action, input)) = read(&mut reader)? {
        let (status, answer) = match &*action {
            _ if input["QueueUrl"]
                .as_str()
                .is_none_or(|url| !url.ends_with("/uploads")) =>
            {
                let code = "com.amazonaws.sqs#QueueDoesNotExist";
                let text = "The specified queue does not exist.";
                ("400 Bad Request", json!({"__type": code, "message": text}))
            }
            "ReceiveMessage" => ("200 OK", receive(&input, waiting)),
            "GetQueueAttributes" => {
                let arn = "arn:aws:sqs:eu-central-1:000000000000:uploads";
                ("200 OK", json!({"Attributes": {"QueueArn": arn}}))
            }
            _ => {
                let entries = input["Entries"].as_array().cloned().unwrap_or_default();
                let texts = |name: &str| {
                    let texts = entries.iter().filter_map(|entry| entry[name].as_str());
                    texts.map(str::to_owned).collect::<Vec<_>>()
                };
                if noted.send((action, texts("ReceiptHandle"))).is_err() {
                    break;
                }

                let done = texts("Id").into_iter().map(|id| json!({"Id": id}));
                let done: Vec<_> = done.collect();
                ("200 OK", json!({"Successful": done, "Failed": []}))
            }
        };

        let answer = answer.to_string();
        write!(
            writer,
            "HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\n\
             Content-Length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
    }

    Ok(())
}

/// Waits for one message.
fn receive(input: &Value, waiting: &Mutex<Receiver<String>>) -> Value {
    let wait = Duration::from_secs(input["WaitTimeSeconds"].as_u64().unwrap_or(0));
    let Ok(body) = waiting.lock().unwrap().recv_timeout(wait) else {
        return json!({});
    };

    json!({"Messages": [{
        "MessageId": "the message",
        "ReceiptHandle": "the handle",
        "Body": body,
        "Attributes": {"ApproximateReceiveCount": "1"}
    }]})
}

/// Reads a request: its action and its input. Returns nothing at the end of the connection.
fn read(reader: &mut impl BufRead) -> io::Result<Option<(String, Value)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }

    let (mut action, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };

        if name.eq_ignore_ascii_case("Content-Length") {
            length = value.parse().unwrap();
        } else if name.eq_ignore_ascii_case("X-Amz-Target") {
            action = value.trim_start_matches("AmazonSQS.").to_owned();
        }
    }

    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;

    Ok(Some((action, serde_json::from_slice(&body).unwrap())))
}
