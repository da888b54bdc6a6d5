//! How do requests to S3 over plain HTTP stay fast?
//!
//! Garage sends the head and the body of an answer in two packets without TCP_NODELAY, so its second packet waits until
//! the first is acknowledged, and the kernel of a client that keeps its connections delays that by 40 ms: 25 small objects a
//! second. This client, unlike the default one (reqwest), asks the kernel to acknowledge at once. Encrypted endpoints
//! keep the default client.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::Uri;
use http_body::Frame;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector as TcpConnector};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioIo};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody,
    HttpService,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tower_service::Service;

/// Connections kept open without use for this long; Garage and other servers keep them longer.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// Makes clients for plain HTTP with these time limits.
#[derive(Debug)]
pub(crate) struct PlainHttp {
    pub connect: Duration,
    /// From sending a request to the last byte of the answer.
    pub request: Duration,
}

#[derive(Debug)]
struct Requests {
    client: Client<PromptConnector, HttpRequestBody>,
    limit: Duration,
}

impl HttpConnector for PlainHttp {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut connector = TcpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(self.connect));
        let client =
            Client::builder(TokioExecutor::new()).pool_idle_timeout(POOL_IDLE).build(PromptConnector(connector));
        Ok(HttpClient::new(Requests { client, limit: self.request }))
    }
}

#[async_trait]
impl HttpService for Requests {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let deadline = Instant::now() + self.limit;
        let answer = tokio::time::timeout_at(deadline, self.client.request(request)).await;
        let answer = answer.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?.map_err(request_error)?;
        let (head, body) = answer.into_parts();
        let body = LimitedBody { body, deadline: Box::pin(sleep_until(deadline)) };
        Ok(HttpResponse::from_parts(head, HttpResponseBody::new(body)))
    }
}

/// Tells object_store what may be tried again.
fn request_error(error: ClientError) -> HttpError {
    let kind = if error.is_connect() {
        HttpErrorKind::Connect
    } else {
        // Everything else is a connection that broke: every request of a store may be sent twice.
        HttpErrorKind::Request
    };
    HttpError::new(kind, error)
}

/// The body of an answer, until the deadline.
struct LimitedBody {
    body: Incoming,
    deadline: Pin<Box<Sleep>>,
}

impl http_body::Body for LimitedBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(|e| HttpError::new(HttpErrorKind::Interrupted, e))));
        }
        self.deadline.as_mut().poll(context).map(|()| {
            let late = io::Error::new(io::ErrorKind::TimedOut, "the answer took too long");
            Some(Err(HttpError::new(HttpErrorKind::Timeout, late)))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// Opens connections that acknowledge at once.
#[derive(Clone, Debug)]
struct PromptConnector(TcpConnector);

/// A connection that acknowledges at once.
struct Prompt(TokioIo<TcpStream>);

impl Service<Uri> for PromptConnector {
    type Response = Prompt;
    type Error = <TcpConnector as Service<Uri>>::Error;
    type Future = BoxFuture<'static, Result<Prompt, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move { connecting.await.map(Prompt) })
    }
}

impl Connection for Prompt {
    fn connected(&self) -> Connected {
        self.0.connected()
    }
}

impl Read for Prompt {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // The kernel falls back to delaying by itself, so it is asked again at every read. It is only about speed.
        #[cfg(target_os = "linux")]
        let _ = self.0.inner().set_quickack(true);
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for Prompt {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, parts)
    }
}
