//! How does a storage server vanish and come back? It stands behind a door that a test closes and opens.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// Passes connections on while it is open; refuses and cuts them while it is closed.
pub struct Proxy {
    pub address: SocketAddr,
    target: SocketAddr,
    passing: Mutex<Option<AbortHandle>>,
}

impl Proxy {
    /// Opens a door to `target` on a free port.
    pub async fn open(target: SocketAddr) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let proxy = Arc::new(Self { address, target, passing: Mutex::default() });
        proxy.pass(listener);
        proxy
    }

    fn pass(&self, listener: TcpListener) {
        let target = self.target;
        let passing = tokio::spawn(async move {
            // Connections end with the task: aborting it drops the set.
            let mut connections = JoinSet::new();
            loop {
                let Ok((mut client, _)) = listener.accept().await else { continue };
                connections.spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(target).await {
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                });
                while connections.try_join_next().is_some() {}
            }
        });
        *self.passing.lock().expect("nothing panics while holding it") = Some(passing.abort_handle());
    }

    /// Nobody is behind the address any more.
    pub fn close(&self) {
        if let Some(passing) = self.passing.lock().expect("nothing panics while holding it").take() {
            passing.abort();
        }
    }

    /// The server is back.
    pub async fn reopen(&self) {
        let listener = super::library::until("the port is free", std::time::Duration::from_secs(10), async || {
            TcpListener::bind(self.address).await.ok()
        });
        self.pass(listener.await);
    }
}
