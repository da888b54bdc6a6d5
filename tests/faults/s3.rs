//! A server between the program and the bucket that passes requests on, counts them, and can make any of them fail: it
//! answers with an error, swallows an answer after the deed, cuts a body, takes its time, or ends the program.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::{Body, Bytes, to_bytes};
use futures::stream;
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::net::TcpListener;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    Pass,
    /// 503, nothing was done.
    Unavailable,
    /// It was done, and nobody hears of it.
    ResetAfter,
    /// The connection ends before anything was done.
    ResetBefore,
    /// Half of the body of the answer.
    Truncate,
    Slow(Duration),
    /// The program dies before the request is passed on.
    KillBefore,
    /// The program dies after the request was done, without an answer.
    KillAfter,
}

type Plan = Box<dyn Fn(&str, &str, usize) -> Trouble + Send + Sync>;

/// The server; it ends with the test's runtime.
pub struct Troubled {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    target: String,
    http: reqwest::Client,
    /// Method and path; the number counts requests that change something, while there is a plan.
    plan: Mutex<Option<Plan>>,
    count: AtomicUsize,
    troubles: AtomicUsize,
    process: AtomicU64,
}

impl Troubled {
    /// Stands before the server at `endpoint`.
    pub async fn before(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            target: endpoint.to_owned(),
            http: reqwest::Client::builder().no_proxy().build().expect("a client"),
            plan: Mutex::default(),
            count: AtomicUsize::new(0),
            troubles: AtomicUsize::new(0),
            process: AtomicU64::new(0),
        });
        let serving = shared.clone();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let shared = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(shared.clone(), request));
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, shared }
    }

    /// From now on requests are counted, from 1, and go as `plan` says by method, path and number.
    pub fn follow(&self, process: u32, plan: impl Fn(&str, &str, usize) -> Trouble + Send + Sync + 'static) {
        self.shared.process.store(process.into(), Ordering::SeqCst);
        self.shared.count.store(0, Ordering::SeqCst);
        *self.shared.plan.lock().expect("nothing panics while holding it") = Some(Box::new(plan));
    }

    /// Says which program dies, when that was not known before.
    pub fn name_process(&self, process: u32) {
        self.shared.process.store(process.into(), Ordering::SeqCst);
    }

    /// Everything passes again.
    pub fn pass(&self) {
        *self.shared.plan.lock().expect("nothing panics while holding it") = None;
    }

    /// How many requests that change something came since [`Troubled::follow`].
    pub fn count(&self) -> usize {
        self.shared.count.load(Ordering::SeqCst)
    }

    /// How many requests had trouble so far.
    pub fn troubles(&self) -> usize {
        self.shared.troubles.load(Ordering::SeqCst)
    }
}

/// An error ends the connection without an answer.
async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(Body::new(body), usize::MAX).await.map_err(std::io::Error::other)?;
    let method = parts.method.as_str().to_owned();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let changes = ["PUT", "DELETE", "POST"].contains(&method.as_str());
    let trouble = match &*shared.plan.lock().expect("nothing panics while holding it") {
        Some(plan) => {
            let number = if changes { shared.count.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
            plan(&method, &path, number)
        }
        None => Trouble::Pass,
    };
    if trouble != Trouble::Pass {
        shared.troubles.fetch_add(1, Ordering::SeqCst);
    }
    let cut = || std::io::Error::other("cut");
    match trouble {
        Trouble::Unavailable => return Ok(Response::builder().status(503).body(Body::empty()).expect("it is valid")),
        Trouble::ResetBefore => return Err(cut()),
        Trouble::KillBefore => {
            end(&shared).await;
            return Err(cut());
        }
        Trouble::Slow(time) => tokio::time::sleep(time).await,
        _ => {}
    }
    let mut passed = shared.http.request(parts.method, format!("{}{path}", shared.target));
    for (name, value) in &parts.headers {
        if !["connection", "transfer-encoding", "content-length"].contains(&name.as_str()) {
            passed = passed.header(name, value);
        }
    }
    let response = passed.body(body).send().await.map_err(std::io::Error::other)?;
    let mut made = Response::builder().status(response.status());
    for (name, value) in response.headers() {
        if !["connection", "transfer-encoding"].contains(&name.as_str()) {
            made = made.header(name, value);
        }
    }
    let bytes = response.bytes().await.map_err(std::io::Error::other)?;
    match trouble {
        Trouble::ResetAfter => return Err(cut()),
        Trouble::KillAfter => {
            end(&shared).await;
            return Err(cut());
        }
        Trouble::Truncate if !bytes.is_empty() => {
            let half = bytes.slice(..bytes.len() / 2);
            let parts = stream::iter([Ok::<Bytes, std::io::Error>(half), Err(cut())]);
            return Ok(made.body(Body::from_stream(parts)).expect("it was an answer"));
        }
        _ => {}
    }
    // The length of an answer to HEAD is that of a body that does not come.
    Ok(made.body(if method == "HEAD" { Body::empty() } else { Body::from(bytes) }).expect("it was an answer"))
}

async fn end(shared: &Shared) {
    let mut process = 0;
    while process == 0 {
        process = shared.process.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let _ = kill(Pid::from_raw(process as i32), Signal::SIGKILL);
}
