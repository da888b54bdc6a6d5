//! A library of fifty thousand records: its table goes in and comes out while others work.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::TestServer;

const ROWS: usize = 50_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes minutes"]
async fn fifty_thousand_rows_go_in_and_come_out_while_others_write() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    let library = ada.folder("文书档案", None).await;
    ada.post(&format!("/folders/{library}/properties/preset"), json!({ "set": "dossier" })).await.assert_status(200);
    let (ids, table) = fill(&server, &library, &ada.id).await;
    let elsewhere = bob.folder("别处", None).await;
    let page = bob.page("便条", &elsewhere).await;

    // Somebody else renames a page all the time.
    let done = Arc::new(AtomicBool::new(false));
    let other = tokio::spawn({
        let done = done.clone();
        async move {
            let mut waits = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let started = Instant::now();
                let name = format!("便条{}", waits.len());
                bob.patch(&format!("/documents/{page}"), json!({ "name": name })).await.assert_status(200);
                waits.push(started.elapsed());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            waits.sort();
            waits
        }
    });
    let mut took = Vec::new();
    for (query, key) in [("dry_run=1", "changed"), ("", "changed"), ("", "unchanged")] {
        let started = Instant::now();
        let report = ada.import(&library, query, table.clone()).await.assert_status(200).json();
        took.push(started.elapsed());
        assert_eq!((&report[key], &report["problems"]), (&json!(ROWS), &json!([])));
    }
    done.store(true, Ordering::Relaxed);
    let waits = other.await.unwrap();
    let (middle, longest) = (waits[waits.len() / 2], waits[waits.len() - 1]);
    println!(
        "import of {ROWS} rows × 12 fields: trial {:.1?}, real {:.1?}, again {:.1?}; {} writes of somebody else meanwhile: median {middle:.1?}, longest {longest:.1?}",
        took[0],
        took[1],
        took[2],
        waits.len()
    );
    assert!(longest < Duration::from_secs(2), "{longest:?}");

    let started = Instant::now();
    server.run_jobs().await;
    println!("indexing: {:.1?}", started.elapsed());
    for format in ["csv", "xlsx"] {
        let started = Instant::now();
        let answer =
            ada.get(&format!("/records/export?format={format}&in={library}&sort=name")).await.assert_status(200);
        println!("export as {format}: {:.1?}, {} KiB", started.elapsed(), answer.body.len() >> 10);
        let report = ada.import(&library, "dry_run=1&empty=clear", answer.body).await.assert_status(200).json();
        assert_eq!((&report["unchanged"], &report["problems"]), (&json!(ROWS), &json!([])));
    }
    assert_eq!(ids.len(), ROWS);
}

/// Puts documents straight into the database, and makes a table for them.
async fn fill(server: &TestServer, library: &str, user: &str) -> (Vec<String>, String) {
    let mut tx = server.app.db.begin().await.unwrap();
    let mut ids = Vec::with_capacity(ROWS);
    let mut table =
        String::from("id,档号,题名,责任者,文件编号,成文日期,全宗号,年度,保管期限,机构(问题),件号,页数,备注\r\n");
    for number in 0..ROWS {
        let id = wenshu::ids::DocumentId::new().to_string();
        let name = format!("扫描件{number:06}.pdf");
        sqlx::query(
            "insert into documents (id, folder_id, kind, name, name_key, head, level, scope_id, inherits, created_by,
                                    created_at, updated_by, updated_at)
             values ($1, $2, 'page', $3, $3, 0, 1, $2, 1, $4, 0, $4, 0)",
        )
        .bind(&id)
        .bind(library)
        .bind(&name)
        .bind(user)
        .execute(&mut *tx)
        .await
        .unwrap();
        let (year, month, day) = (2000 + number % 24, 1 + number % 12, 1 + number % 28);
        table.push_str(&format!(
            "{id},W{number:06}-{year},关于第{number}号事项的通知,办公室{},〔{year}〕{number}号,{year}-{month:02}-{day:02},X042,{year},{},综合科,{},{},备注{number}\r\n",
            number % 40, ["永久", "30年", "10年"][number % 3], number + 1, number % 90 + 1,
        ));
        ids.push(id);
    }
    let all: Vec<wenshu::ids::DocumentId> = ids.iter().map(|id| id.parse().unwrap()).collect();
    wenshu::db::changes::append_all(&mut tx, &all, 0);
    tx.commit().await.unwrap();
    (ids, table)
}
