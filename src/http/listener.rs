//! How do connections come in and end? One task each; a client that sends its request head too slowly is let go.

use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, extract::ConnectInfo, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::{Service, service_fn};

use crate::app::App;

/// How long a request head may take, and how long a connection may stay without a request.
const HEAD_TIME: Duration = Duration::from_secs(60);
/// What a connection reads at a time once much comes in, and keeps; a hundred uploads have as many of these, twice.
const BUFFER: usize = 256 * 1024;
/// Connections that may wait to be accepted. With the usual 128, those of a crowd that comes back at once are not heard and try
/// again after one second, then two.
const BACKLOG: u32 = 4096;
/// Pause after a connection could not be accepted: usually all file descriptors are in use.
const PAUSE: Duration = Duration::from_millis(100);

/// Begins to listen on `address`.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restarted server must not wait for the old one's connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers everything that comes in on `listener` until `app.shutdown`; then running requests have `finish` to end.
pub async fn answer_all(app: &App, listener: TcpListener, router: Router, finish: Duration) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = app.shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(answer(stream, peer, router.clone(), app.shutdown.clone()));
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection cannot be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(finish, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "some requests did not finish in time");
    }
}

async fn answer(stream: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request)
    });
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(BUFFER);
    let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // The client went away or spoke something else than HTTP; nothing to be done about here.
        tracing::debug!(error = %error, "a connection ended early");
    }
}
