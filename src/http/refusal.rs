//! How does a client hear that its upload was refused while it still sends? Ending the connection on it would take the answer
//! along with it; so what still comes is read and thrown away for a while.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use futures::{Stream, StreamExt};

/// How long a client that was refused may go on sending.
const PATIENCE: Duration = Duration::from_secs(30);

/// Lets the handler answer before the body has come to its end.
pub async fn let_finish(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let rest = Arc::new(Mutex::new(None));
    let body = Body::from_stream(Lent { body: Some(body.into_data_stream()), rest: rest.clone() });
    let response = next.run(Request::from_parts(parts, body)).await;
    let unread = rest.lock().expect("nothing panics while holding it").take();
    if let Some(mut unread) = unread {
        let all = async move { while let Some(Ok(_)) = unread.next().await {} };
        tokio::spawn(tokio::time::timeout(PATIENCE, all));
    }
    response
}

/// A body that comes back when the handler lets go of it before its end.
struct Lent {
    body: Option<BodyDataStream>,
    rest: Arc<Mutex<Option<BodyDataStream>>>,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let next = body.poll_next_unpin(context);
        if let Poll::Ready(None | Some(Err(_))) = next {
            self.body = None;
        }
        next
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            *self.rest.lock().expect("nothing panics while holding it") = Some(body);
        }
    }
}
