//! Several writers in one transaction: what one takes back leaves the others' work there, and all learn how it ended.

use std::sync::Arc;

use futures::{StreamExt, stream::FuturesUnordered};
use serde_json::json;
use tokio::sync::Barrier;
use wenshu::{
    audit::{self, Event},
    db::{self, Tx, changes},
    ids::DocumentId,
};

use crate::support::TestServer;

async fn run(tx: &mut Tx, sql: String) -> sqlx::Result<()> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut **tx).await.map(drop)
}

async fn write(tx: &mut Tx, number: i64) -> sqlx::Result<()> {
    audit::record(tx, None, number, Event::new("user_added").details(json!({ "number": number })));
    changes::append(tx, &DocumentId::new(), number);
    run(tx, format!("insert into numbers (n) values ({number})")).await
}

async fn numbers(server: &TestServer) -> Vec<i64> {
    sqlx::query_scalar("select n from numbers order by n").fetch_all(server.app.db.read()).await.unwrap()
}

async fn counter(server: &TestServer, name: &str) -> i64 {
    sqlx::query_scalar("select value from counters where name = $1")
        .bind(name)
        .fetch_one(server.app.db.read())
        .await
        .unwrap()
}

async fn server_with(table: &str) -> Arc<TestServer> {
    let server = TestServer::start().await;
    let mut tx = server.app.db.begin().await.unwrap();
    run(&mut tx, format!("create table {table}")).await.unwrap();
    tx.commit().await.unwrap();
    Arc::new(server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_keeps_or_takes_back_its_own_work_alone() {
    const MEMBERS: i64 = 200;
    let server = server_with("numbers (n bigint primary key)").await;
    let before = [counter(&server, "tree").await, counter(&server, "audit").await, counter(&server, "changes").await];
    let all = Arc::new(Barrier::new(MEMBERS as usize));
    let mut members: FuturesUnordered<_> = (0..MEMBERS)
        .map(|number| {
            let (server, all) = (server.clone(), all.clone());
            tokio::spawn(async move {
                all.wait().await;
                if number % 5 == 4 {
                    // Somebody who does not wait to the end.
                    let waiting = tokio::spawn(async move { server.app.db.begin_shared().await.map(drop) });
                    tokio::task::yield_now().await;
                    waiting.abort();
                    return None;
                }
                let mut tx = server.app.db.begin_shared().await.unwrap();
                write(&mut tx, number).await.unwrap();
                match number % 5 {
                    // Takes it back; fails in the middle; keeps it.
                    0 => return None,
                    1 => assert!(write(&mut tx, number).await.is_err(), "there is one already"),
                    _ => {
                        tx.commit().await.unwrap();
                        // Durable when it says so: another connection sees it.
                        assert!(numbers(&server).await.contains(&number));
                        return Some(number);
                    }
                }
                None
            })
        })
        .collect();
    let mut kept = Vec::new();
    while let Some(outcome) = members.next().await {
        kept.extend(outcome.unwrap());
    }
    kept.sort_unstable();
    assert_eq!(kept.len() as i64, MEMBERS / 5 * 2);
    assert_eq!(numbers(&server).await, kept);
    let [tree, audit, changes] = before;
    assert_eq!(counter(&server, "audit").await - audit, kept.len() as i64);
    assert_eq!(counter(&server, "changes").await - changes, kept.len() as i64);
    let verdict = audit::verify::verify(server.app.db.read()).await.unwrap();
    assert!(matches!(verdict, audit::verify::Verdict::Intact { .. }), "{verdict:?}");
    let transactions = counter(&server, "tree").await - tree;
    assert!(transactions < MEMBERS / 8, "{transactions} transactions");
    // The connection is as good as new.
    let mut tx = server.app.db.begin().await.unwrap();
    write(&mut tx, MEMBERS).await.unwrap();
    drop(tx);
    let mut tx = server.app.db.begin_shared().await.unwrap();
    write(&mut tx, MEMBERS).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(numbers(&server).await.last(), Some(&MEMBERS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_that_fails_fails_for_everybody_in_it() {
    let server = server_with(
        "numbers (n bigint primary key, other bigint references numbers (n) deferrable initially deferred)",
    )
    .await;
    let audit = counter(&server, "audit").await;
    let mut first = server.app.db.begin_shared().await.unwrap();
    // Both wait until the first is done, so all three are in one transaction.
    let others: Vec<_> = [2, 3]
        .map(|number| {
            let server = server.clone();
            tokio::spawn(async move {
                let mut tx = server.app.db.begin_shared().await.unwrap();
                write(&mut tx, number).await.unwrap();
                tx.commit().await
            })
        })
        .into();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    run(&mut first, "insert into numbers (n, other) values (1, 99)".into()).await.unwrap();
    assert!(first.commit().await.is_err());
    for other in others {
        assert_eq!(other.await.unwrap().unwrap_err().code(), "internal");
    }
    assert!(numbers(&server).await.is_empty());
    assert_eq!(counter(&server, "audit").await, audit);
    let mut tx = server.app.db.begin_shared().await.unwrap();
    write(&mut tx, 4).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(numbers(&server).await, [4]);
    db::ping(&server.app.db).await.unwrap();
}
