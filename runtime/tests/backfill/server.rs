//! S3 and SQS on loopback: a bucket that can be listed, and a queue that notes what it is sent.
//!
//! From "ListObjectsV2", "ListObjectVersions", "HeadObject" and "HeadBucket", Amazon S3 API
//! Reference, 2026, and "SendMessageBatch", Amazon SQS API Reference, 2026.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// A version of an object, or a delete marker.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) size: u64,
    pub(crate) e_tag: String,
    /// In UTC.
    pub(crate) modified: String,
    pub(crate) is_marker: bool,
}

/// What the servers hold, and what they were asked.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// In the order of keys, and the newest of each key first.
    pub(crate) versions: Vec<Version>,
    /// Other objects, such as a manifest, by their path.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) page: usize,
    /// A listing behind this key fails.
    pub(crate) breaks_behind: Option<String>,
    pub(crate) sent: Vec<String>,
    /// The queue refuses messages that contain this.
    pub(crate) refuses: Option<String>,
    pub(crate) requests: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    pub(crate) world: Arc<Mutex<World>>,
}

impl Version {
    /// The only version of an object, in a bucket without versioning.
    pub(crate) fn only(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            id: "null".to_owned(),
            size: key.len() as u64,
            e_tag: "0f3ca2b1".to_owned(),
            modified: "2026-04-07T14:30:00.000Z".to_owned(),
            is_marker: false,
        }
    }
}

impl Server {
    pub(crate) fn start(versions: Vec<Version>, page: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let world = World {
            versions,
            page,
            ..World::default()
        };
        let server = Self {
            address,
            world: Arc::new(Mutex::new(world)),
        };

        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let world = Arc::clone(&serving.world);
                // A process that ends closes its connections.
                std::thread::spawn(move || drop(serve(stream.unwrap(), &world)));
            }
        });

        server
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    target: String,
    body: Vec<u8>,
}

struct Answer {
    status: &'static str,
    headers: String,
    body: Vec<u8>,
}

impl Answer {
    fn new(status: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: String::new(),
            body: body.into(),
        }
    }
}

fn serve(stream: TcpStream, world: &Mutex<World>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);

    while let Some(request) = read(&mut reader)? {
        let answer = answer(&request, &mut world.lock().unwrap());
        let is_head = request.method == "HEAD";
        let length = match is_head && answer.headers.contains("Content-Length") {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", answer.body.len()),
        };
        let mut bytes = format!(
            "HTTP/1.1 {}\r\n{}{length}\r\n",
            answer.status, answer.headers
        )
        .into_bytes();
        if !is_head {
            bytes.extend(answer.body);
        }
        writer.write_all(&bytes)?;
    }

    Ok(())
}

fn read(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }

    let mut parts = line.split(' ');
    let (method, target) = (parts.next().unwrap(), parts.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), decode(value))
        });
    let mut request = Request {
        method: method.to_owned(),
        path: decode(path),
        query: query.collect(),
        target: String::new(),
        body: Vec::new(),
    };

    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        if name.eq_ignore_ascii_case("Content-Length") {
            length = value.parse().unwrap();
        } else if name.eq_ignore_ascii_case("X-Amz-Target") {
            request.target = value.trim_start_matches("AmazonSQS.").to_owned();
        }
    }
    request.body = vec![0; length];
    reader.read_exact(&mut request.body)?;

    Ok(Some(request))
}

fn answer(request: &Request, world: &mut World) -> Answer {
    if !request.target.is_empty() {
        return queue(request, world);
    }

    let query = request.query.keys().cloned().collect::<Vec<_>>().join("&");
    world
        .requests
        .push(format!("{} {}?{query}", request.method, request.path));
    let key = request
        .path
        .trim_start_matches('/')
        .split_once('/')
        .map(|(_, key)| key);

    match (&*request.method, key) {
        ("HEAD", None | Some("")) => Answer {
            headers: "x-amz-bucket-region: eu-central-1\r\n".to_owned(),
            ..Answer::new("200 OK", "")
        },
        ("HEAD", Some(key)) => head(key, world),
        ("GET", _) if request.query.contains_key("list-type") => list(request, world),
        ("GET", _) if request.query.contains_key("versions") => list_versions(request, world),
        ("GET", Some(_)) => match world.files.get(&request.path) {
            Some(bytes) => Answer::new("200 OK", bytes.clone()),
            None => Answer::new("404 Not Found", error("NoSuchKey")),
        },
        _ => Answer::new("400 Bad Request", error("InvalidRequest")),
    }
}

fn queue(request: &Request, world: &mut World) -> Answer {
    let input: Value = serde_json::from_slice(&request.body).unwrap();
    if request.target != "SendMessageBatch" {
        return Answer::new("200 OK", "{}");
    }

    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in input["Entries"].as_array().unwrap() {
        let body = entry["MessageBody"].as_str().unwrap();
        if world
            .refuses
            .as_deref()
            .is_some_and(|part| body.contains(part))
        {
            failed.push(json!({
                "Id": entry["Id"], "SenderFault": true, "Code": "InvalidMessageContents",
            }));
            continue;
        }
        world.sent.push(body.to_owned());
        let digest = "00000000000000000000000000000000";
        successful.push(json!({
            "Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": digest,
        }));
    }

    let answer = json!({"Successful": successful, "Failed": failed});
    Answer::new("200 OK", answer.to_string())
}

fn head(key: &str, world: &World) -> Answer {
    let found = world.versions.iter().find(|version| version.key == key);
    let Some(version) = found.filter(|version| !version.is_marker) else {
        return Answer::new("404 Not Found", "");
    };

    let headers = format!(
        "Content-Length: {}\r\nETag: \"{}\"\r\nLast-Modified: Tue, 07 Apr 2026 14:30:00 GMT\r\n",
        version.size, version.e_tag
    );
    Answer {
        headers,
        ..Answer::new("200 OK", "")
    }
}

fn list(request: &Request, world: &World) -> Answer {
    let parameter = |name: &str| request.query.get(name).map_or("", String::as_str);
    let after = match parameter("continuation-token") {
        "" => parameter("start-after").to_owned(),
        token => decode(token),
    };
    let after = after.as_str();
    if world
        .breaks_behind
        .as_deref()
        .is_some_and(|key| after >= key)
    {
        return Answer::new("500 Internal Server Error", error("InternalError"));
    }

    let mut current: BTreeMap<&str, &Version> = BTreeMap::new();
    for version in &world.versions {
        current.entry(&version.key).or_insert(version);
    }
    let is_listed = |(key, version): &(&&str, &&Version)| {
        **key > after && key.starts_with(parameter("prefix")) && !version.is_marker
    };
    let rest: Vec<_> = current.iter().filter(is_listed).collect();
    let page = &rest[..rest.len().min(world.page)];

    let contents = page.iter().map(|(key, version)| {
        format!(
            "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag>\
             <Size>{}</Size></Contents>",
            encode(key),
            version.modified,
            version.e_tag,
            version.size
        )
    });
    let contents: String = contents.collect();
    let next = match page.last() {
        Some((key, _)) if page.len() < rest.len() => {
            let token: String = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
            format!("<NextContinuationToken>{token}</NextContinuationToken>")
        }
        _ => String::new(),
    };
    let body = format!(
        "<?xml version=\"1.0\"?><ListBucketResult><EncodingType>url</EncodingType>\
         <IsTruncated>{}</IsTruncated>{next}{contents}</ListBucketResult>",
        page.len() < rest.len()
    );
    Answer::new("200 OK", body)
}

fn list_versions(request: &Request, world: &World) -> Answer {
    let parameter = |name: &str| request.query.get(name).map_or("", String::as_str);
    let (key, id) = (parameter("key-marker"), parameter("version-id-marker"));
    let behind = match id {
        "" => world
            .versions
            .iter()
            .position(|version| *version.key > *key),
        id => {
            let marker = world
                .versions
                .iter()
                .position(|it| it.key == key && it.id == id);
            marker.map(|index| index + 1)
        }
    };
    let rest: Vec<_> = world.versions[behind.unwrap_or(world.versions.len())..]
        .iter()
        .filter(|version| version.key.starts_with(parameter("prefix")))
        .collect();
    let page = &rest[..rest.len().min(world.page)];

    let entries = page.iter().map(|version| {
        let first = world
            .versions
            .iter()
            .find(|other| other.key == version.key)
            .unwrap();
        let (element, more) = match version.is_marker {
            true => ("DeleteMarker", String::new()),
            false => (
                "Version",
                format!(
                    "<ETag>\"{}\"</ETag><Size>{}</Size>",
                    version.e_tag, version.size
                ),
            ),
        };
        format!(
            "<{element}><Key>{}</Key><VersionId>{}</VersionId><IsLatest>{}</IsLatest>\
             <LastModified>{}</LastModified>{more}</{element}>",
            encode(&version.key),
            version.id,
            first.id == version.id,
            version.modified
        )
    });
    let entries: String = entries.collect();
    let next = match page.last() {
        Some(last) if page.len() < rest.len() => format!(
            "<NextKeyMarker>{}</NextKeyMarker><NextVersionIdMarker>{}</NextVersionIdMarker>",
            encode(&last.key),
            last.id
        ),
        _ => String::new(),
    };
    let body = format!(
        "<?xml version=\"1.0\"?><ListVersionsResult><EncodingType>url</EncodingType>\
         <IsTruncated>{}</IsTruncated>{next}{entries}</ListVersionsResult>",
        page.len() < rest.len()
    );
    Answer::new("200 OK", body)
}

fn error(code: &str) -> String {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>it is so</Message></Error>")
}

/// As S3 encodes keys in listings.
fn encode(key: &str) -> String {
    let encoded = key.bytes().map(|byte| match byte {
        b' ' => "+".to_owned(),
        _ if byte.is_ascii_alphanumeric() || b"-_./*".contains(&byte) => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// Decodes a part of a URL.
fn decode(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first == b'%' {
            let digits = std::str::from_utf8(&rest[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }

    String::from_utf8(bytes).unwrap()
}
