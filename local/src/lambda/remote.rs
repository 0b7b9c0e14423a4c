//! A function that runs elsewhere, and is invoked over HTTP.

use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::error_report::{ErrorReport, error_text};
use super::event::MAX_PAYLOAD_BYTES;
use super::function::{Function, FunctionError, FunctionErrorKind, Invocation, require_real_clock};
use crate::topology::InvokeUrl;

/// A function that is invoked with Lambda's `Invoke` operation: by `cargo lambda watch`, by AWS's
/// Runtime Interface Emulator, or by a debugger behind one of them.
///
/// It is not started, restarted or killed. An invocation that exceeds the timeout is given up, and
/// what runs elsewhere goes on. It needs the real clock, so a pipeline with such a function does
/// not start while Tokio's clock is paused.
///
/// # Examples
///
/// ```no_run
/// use s3_dispatch_local::{InvokeUrl, LocalPipeline, Remote};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), s3_dispatch_local::Error> {
/// let watch = InvokeUrl::parse("http://127.0.0.1:9000")?;
/// let pipeline = LocalPipeline::builder()
///     .with_function("put-processor", Remote::new("put-processor", watch.clone()))
///     .with_function("copy-processor", Remote::new("copy-processor", watch))
///     .start()
///     .await?;
/// # pipeline.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Remote {
    function: String,
    url: InvokeUrl,
}

impl Remote {
    /// The function with this name at this address. Nothing is sent before the first invocation.
    pub fn new(function: impl Into<String>, url: InvokeUrl) -> Self {
        Self {
            function: function.into(),
            url,
        }
    }

    async fn post(&self, invocation: &Invocation) -> Result<Bytes, FunctionError> {
        let stream = TcpStream::connect(self.url.address())
            .await
            .map_err(|error| self.unreachable(&error))?;
        // If this fails, the connection is only slower.
        drop(stream.set_nodelay(true));

        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| self.closed("before it answered"))?;
        let request = self.request(invocation)?;

        let exchange = async {
            let response = sender.send_request(request).await;
            let response = response.map_err(|_| self.closed("before it answered"))?;
            self.read(response).await
        };
        let mut exchange = std::pin::pin!(exchange);

        tokio::select! {
            answer = exchange.as_mut() => answer,
            // The answer may have arrived together with the end of the connection.
            _ = connection => exchange.await,
        }
    }

    fn request(&self, invocation: &Invocation) -> Result<Request<Full<Bytes>>, FunctionError> {
        let request = Request::post(self.url.path(&self.function))
            .header(header::HOST, self.url.authority())
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-Amz-Invocation-Type", "RequestResponse")
            .header("X-Amzn-Trace-Id", &invocation.trace_header)
            .body(Full::new(invocation.payload.clone()));

        request.map_err(|error| {
            let text = format!("the request cannot be written: {error}");
            FunctionError::new(FunctionErrorKind::Unhandled, text)
        })
    }

    async fn read(&self, response: Response<Incoming>) -> Result<Bytes, FunctionError> {
        let status = response.status();
        let is_error = response.headers().contains_key("X-Amz-Function-Error");

        let body = Limited::new(response.into_body(), MAX_PAYLOAD_BYTES).collect();
        let body = body.await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let text = "Function.ResponseSizeTooLarge: the answer is longer than 6 MB";
                FunctionError::new(FunctionErrorKind::Unhandled, text)
            } else {
                self.closed("in the middle of its answer")
            }
        })?;

        self.answer(status, is_error, body.to_bytes())
    }

    /// Tells an answer from an error.
    ///
    /// Lambda marks the error of a function with a header. `cargo lambda watch` answers it with the
    /// status 500, and the Runtime Interface Emulator with 200, so that only its form shows it.
    fn answer(
        &self,
        status: StatusCode,
        is_error: bool,
        body: Bytes,
    ) -> Result<Bytes, FunctionError> {
        let unhandled = |text| Err(FunctionError::new(FunctionErrorKind::Unhandled, text));
        let report = ErrorReport::parse(&body);

        if is_error || report.is_complete() {
            return unhandled(error_text(&body));
        }

        if status.is_success() {
            return Ok(body);
        }

        let text = error_text(&body);
        let url = &self.url;
        let text = match text.trim() {
            "" => format!("`{url}` answered {status}"),
            text => format!("`{url}` answered {status}: {text}"),
        };

        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(FunctionError::new(FunctionErrorKind::Throttled, text));
        }

        unhandled(text)
    }

    fn unreachable(&self, error: &io::Error) -> FunctionError {
        let url = &self.url;
        let text = match error.kind() {
            io::ErrorKind::ConnectionRefused => format!("no program listens at `{url}`"),
            _ => format!("`{url}` cannot be reached: {error}"),
        };

        FunctionError::new(FunctionErrorKind::InitFailed, text)
    }

    fn closed(&self, when: &str) -> FunctionError {
        let text = format!("`{}` closed the connection {when}", self.url);
        FunctionError::new(FunctionErrorKind::Crashed, text)
    }
}

#[async_trait]
impl Function for Remote {
    async fn prepare(&self) -> Result<(), FunctionError> {
        require_real_clock()
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let (after, kind) = invocation.cut();
        let answer = tokio::time::timeout(after, self.post(&invocation)).await;

        answer.unwrap_or_else(|_| {
            let text = format!(
                "`{}` did not answer and was given up after {after:?}",
                self.url
            );
            Err(FunctionError::new(kind, text))
        })
    }
}
