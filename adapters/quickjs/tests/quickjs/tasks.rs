//! The task: progress, abort, listeners, promises.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use quintet_quickjs::{Api, Stop};
use quintet_receiver::Settings;

use crate::support::World;

/// A receiver that must be felt: big.bin is not taken at once.
fn slow() -> World {
    World::with(Settings {
        rate: Some(64 << 20),
        receive_buffer_bytes: Some(64 << 10),
        ..Settings::default()
    })
}

#[test]
fn progress_rises_to_the_whole_and_comes_before_the_outcome() {
    let script = r#"
        let last = { totalBytesSent: 0 };
        const task = tt.uploadFile({ url, filePath: "big.bin", name: "file", success: () => console.log("success", last.progress) });
        task.onProgressUpdate((res) => {
            if (res.totalBytesSent <= last.totalBytesSent) console.log("fell");
            if (res.progress !== Math.floor(100 * res.totalBytesSent / res.totalBytesExpectedToSend)) console.log("not floored");
            if (Object.keys(res).join() !== "progress,totalBytesSent,totalBytesExpectedToSend") console.log(res);
            last = res;
        });
    "#;
    assert_eq!(slow().run(script).clean(), ["success 100"]);
}

#[test]
fn an_abort_from_inside_a_progress_callback_is_the_end() {
    let script = r#"
        let after = 0, aborted = false;
        const task = tt.uploadFile({
            url, filePath: "big.bin", name: "file",
            success: () => console.log("success"),
            fail: (res) => console.log(res.errMsg, res.errno, res.errString),
            complete: () => { task.abort(); console.log("complete", after); },
        });
        task.onProgressUpdate(() => {
            if (aborted) after++;
            aborted = true;
            task.abort();
            task.abort();
        });
    "#;
    assert_eq!(
        slow().run(script).clean(),
        [
            "uploadFile:fail abort 301 Network request cancelled",
            "complete 0"
        ]
    );
}

#[test]
fn a_queued_upload_is_aborted_before_a_byte_is_sent() {
    let world = World::new();
    let script = r#"
        const tasks = [];
        for (let at = 0; at < 7; at++) {
            tasks.push(tt.uploadFile({ url, filePath, name: "file", complete: (res) => console.log(at, res.errMsg) }));
        }
        tasks[6].abort();
        tasks[6].abort();
    "#;
    let mut out = world.run(script).clean();
    out.sort();
    assert_eq!(out[6], "6 uploadFile:fail abort");
    assert_eq!(out.len(), 7);
    assert_eq!(world.receiver.stats().complete, 6);
}

#[test]
fn listeners_are_kept_in_order_once_each_and_one_that_throws_stops_no_other() {
    let script = r#"
        const heard = [];
        const a = () => heard.push("a"), b = () => { heard.push("b"); throw new Error("from b"); };
        const c = () => heard.push("c"), gone = () => heard.push("gone");
        const task = tt.uploadFile({
            url, filePath, name: "file",
            success() { heard.push("success"); throw new TypeError("from success"); },
            complete() { heard.push("complete"); console.log(heard.join()); },
        });
        for (const listener of [a, b, gone, a, c, 5, undefined]) task.onProgressUpdate(listener);
        task.offProgressUpdate(gone);
        task.onHeadersReceived((res) => heard.push(`headers ${res.statusCode}`));
        task.onHeadersReceived(gone);
        task.offHeadersReceived(gone);
    "#;
    let ran = World::new().run(script);
    assert_eq!(ran.out, ["a,b,c,headers 200,success,complete"]);
    assert_eq!(ran.ended.uncaught, 2);
    assert!(ran.err[0].starts_with("Uncaught Error: from b"), "{ran:?}");
    assert!(
        ran.err[1].starts_with("Uncaught TypeError: from success"),
        "{ran:?}"
    );
}

#[test]
fn off_without_a_listener_takes_all_away() {
    let script = r#"
        const task = tt.uploadFile({ url, filePath, name: "file", success: () => console.log("success") });
        task.onProgressUpdate(() => console.log("progress"));
        task.onHeadersReceived(() => console.log("headers"));
        task.offProgressUpdate();
        task.offHeadersReceived();
    "#;
    assert_eq!(World::new().run(script).clean(), ["success"]);
}

#[test]
fn a_callback_may_begin_the_next_upload() {
    let world = World::new();
    let script = r#"
        const next = (left) => tt.uploadFile({
            url, filePath, name: "file",
            complete(res) { if (left > 1) next(left - 1); else console.log("last", res.errMsg); },
        });
        next(20);
    "#;
    assert_eq!(world.run(script).clean(), ["last uploadFile:ok"]);
    assert_eq!(world.receiver.stats().complete, 20);
}

#[test]
fn twelve_at_once_are_five_at_a_time_first_in_first_out() {
    let world = slow();
    let script = r#"
        let ended = 0, most = 0;
        const begun = new Set();
        for (let at = 0; at < 12; at++) {
            const task = tt.uploadFile({
                url, filePath: "big.bin", name: "file",
                complete(res) {
                    begun.delete(at);
                    if (res.errMsg !== "uploadFile:ok") console.log(res.errMsg);
                    if (++ended === 12) console.log("all ended", most <= 5);
                },
            });
            task.onProgressUpdate((res) => { begun.add(at); most = Math.max(most, begun.size); });
        }
        console.log("all called");
    "#;
    assert_eq!(world.run(script).clean(), ["all called", "all ended true"]);
    let stats = world.receiver.stats();
    assert_eq!(stats.complete, 12);
    assert!(stats.active_most <= 5, "{stats:?}");
}

#[test]
fn a_task_can_be_awaited_and_late_too() {
    let script = r#"
        const task = tt.uploadFile({ url, filePath, name: "file", complete: () => console.log("complete") });
        const first = await task;
        console.log("awaited", first.statusCode, (await task) === first);
        try {
            await tt.uploadFile({ url: "" });
        } catch (res) {
            console.log(res.errMsg);
        }
        const all = await Promise.all([1, 2, 3].map(() => tt.uploadFile({ url, filePath, name: "file" })));
        console.log(all.map((res) => res.statusCode).join());
    "#;
    assert_eq!(
        World::new().run(script).clean(),
        [
            "complete",
            "awaited 200 true",
            "uploadFile:fail invalid parameter: url is missing or empty",
            "200,200,200",
        ]
    );
}

#[test]
fn a_task_has_catch_and_finally() {
    let script = r#"
        const missing = tt.uploadFile({ url, filePath: "missing", name: "file" });
        console.log(await missing.catch((res) => res.errMsg));
        const found = tt.uploadFile({ url, filePath, name: "file" });
        console.log((await found.finally(() => console.log("settled"))).errMsg);
        console.log((await found.catch(() => 1)).errMsg);
    "#;
    assert_eq!(
        World::new().run(script).clean(),
        [
            "uploadFile:fail file not found",
            "settled",
            "uploadFile:ok",
            "uploadFile:ok"
        ]
    );
}

#[test]
fn a_paused_upload_waits_until_it_goes_on() {
    let world = World::new();
    let script = r#"
        const order = [];
        const note = (what) => () => { order.push(what); if (order.length === 2) console.log(order.join()); };
        const paused = tt.uploadFile({ url, filePath, name: "file", success: note("paused") });
        paused.pause();
        paused.pause();
        tt.uploadFile({ url, filePath, name: "file", success() { note("other")(); paused.resume(); } });
        console.log("begun");
        const ended = tt.uploadFile({ url: 1, fail() { ended.pause(); ended.resume(); } });
    "#;
    assert_eq!(parked(&world, script, None), ["begun", "other,paused"]);
    assert_eq!(world.receiver.stats().complete, 2);

    let script = "tt.uploadFile({ url, filePath, name: 'file', fail: (res) => console.log(res.errno) }).pause();\
                  console.log('begun');";
    let timeout = Some(Duration::from_millis(200));
    assert_eq!(parked(&world, script, timeout), ["begun", "301"]);
}

/// Runs a script over an engine that begins no upload before the script has printed something: what it printed.
fn parked(world: &World, script: &str, timeout: Option<Duration>) -> Vec<String> {
    let mut settings = quintet::Settings::default();
    settings.active_max = 0;
    let engine = world.engine_with(settings);
    let printed = Rc::new(RefCell::new(Vec::new()));
    let lines = printed.clone();
    let api = Api::tt(engine.clone());
    let ran = world.run_with(script, api, |settings| {
        settings.print = Box::new(move |_, text| {
            lines.borrow_mut().push(text.to_owned());
            engine.set_active_max(5);
        });
        settings.timeout = timeout.or(settings.timeout);
    });
    assert_eq!(ran.ended.stopped, timeout.map(|_| Stop::Timeout));
    printed.take()
}

#[test]
fn a_failure_that_nobody_awaits_is_no_rejection_and_one_that_is_awaited_is() {
    assert_eq!(
        World::new().run("tt.uploadFile({ url: 1 })").clean(),
        [""; 0]
    );
    let ran = World::new().run("tt.uploadFile({ url: 1 }).then(() => {})");
    assert_eq!(ran.ended.uncaught, 1);
    assert!(ran.err[0].contains("url must be a string"), "{ran:?}");
}
